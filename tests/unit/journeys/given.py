"""How journeys begin, and what is asked of their worlds: one message, one wake-up, one account's requests."""

from smsgateway.ids import SubmissionKey
from smsgateway.queues import parse_wake_up
from tests.doubles.receipts import report_of
from tests.doubles.world import World, numbers, post


def begun(document: str, count: int, *script: str, **fields: object) -> tuple[World, SubmissionKey]:
    """A world that has accepted one message of one submission, whose wake-up has been received."""
    world = World(document, script or ("accepted",))
    world.accept(post(*numbers(count), **fields))
    (wake_up,) = world.queues.waiting
    world.queues.waiting.clear()
    return world, parse_wake_up(wake_up.body).key


def sizes(world: World, account: str) -> list[int]:
    return [len(seen.numbers) for seen in world.vendors.seen if seen.account == account]


def report_all(world: World, account: str) -> None:
    """The account delivers to everybody it was sent."""
    vendor = world.settings().accounts[account].vendor
    submissions = [item for item in world.items("msg_") if item["sk"].startswith("S#") and item["account"] == account]
    ours = [SubmissionKey(item["pk"], item["sk"][2:]).reference for item in submissions if item["state"] != "MOVED"]
    for place, seen in enumerate([one for one in world.vendors.seen if one.account == account]):
        for index, number in enumerate(seen.numbers):
            vendor_id = sorted(ours)[place] if vendor == "hbsmservice" else seen.ids[index % len(seen.ids)]
            world.ingest(report_of(world, account, vendor_id, number))
