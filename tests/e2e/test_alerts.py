"""What nobody would notice otherwise: a vendor that sends no reports any more, and reports that were lost."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.e2e.conftest import PATIENCE, POLLED, SILENT, Gateway

HOUR = 3_600_000  # milliseconds
REPORT_WINDOW = 72 * HOUR
BEIJING = timezone(timedelta(hours=8))


def unreported(gateway: Gateway, account: str, count: int) -> str:
    """A submitted message to numbers that are never reported."""
    numbers = [gateway.number("9100") for _ in range(count)]
    message_id = gateway.send(to=numbers, text="没有回执", account=account)
    gateway.event("Message Submitted", message_id)
    return message_id


def make_older(gateway: Gateway, message_id: str, mark: int) -> None:
    """As if the message had been marked at that moment (epoch ms), and sweep had looked at it since."""
    table = gateway.world.stack.client("dynamodb")
    table.update_item(
        TableName=gateway.world.stack.table,
        Key={"pk": {"S": message_id}, "sk": {"S": "S#00000"}},
        UpdateExpression="SET submitted_at = :mark, due_at = :due",
        ConditionExpression="attribute_exists(due_shard)",
        ExpressionAttributeValues={":mark": {"N": str(mark)}, ":due": {"S": f"{mark + REPORT_WINDOW:013d}"}},
    )


def alert(gateway: Gateway, name: str, account: str, again: Callable[[], object]) -> str:
    """The alert's detail, doing something again until it comes."""
    deadline = time.monotonic() + PATIENCE
    while True:
        again()
        gateway.tap.receive()
        for event in gateway.tap.events:
            detail = event["detail"]
            if (detail.get("alert"), detail["account"]) == (name, account):
                return str(detail["detail"])
        assert time.monotonic() < deadline


def test_a_vendor_that_falls_silent_is_told(gateway: Gateway) -> None:
    message_id = unreported(gateway, SILENT, 3)
    mark = int(time.time() * 1000) - HOUR * 3 // 2
    make_older(gateway, message_id, mark)
    table = gateway.world.stack.client("dynamodb")

    def sweep() -> None:
        # An earlier look may have noted that it is not to be repeated for ten minutes.
        note = {"pk": {"S": f"account#{SILENT}"}, "sk": {"S": "silence"}}
        table.delete_item(TableName=gateway.world.stack.table, Key=note)
        gateway.sweep()

    assert alert(gateway, "push_silent", SILENT, sweep).startswith("3 messages or more, submitted from ")
    shown = gateway.api.get(f"/accounts/{SILENT}").body
    assert [each["alert"] for each in shown["alerts"]] == ["push_silent"]


def test_lost_reports_are_told_by_the_vendors_figures(gateway: Gateway) -> None:
    # GIVEN eight recipients of yesterday without a report
    message_id = unreported(gateway, POLLED, 8)
    yesterday = datetime.now(BEIJING).replace(hour=12) - timedelta(days=1)
    make_older(gateway, message_id, int(yesterday.timestamp() * 1000))

    # WHEN the vendor says that it has reported all of them
    row = {"sendDate": f"{yesterday:%Y-%m-%d}", "totalCount": 8, "successCount": 8, "failCount": 0, "noReceiptCount": 0}
    body = json.dumps({"code": 200, "data": [row]})
    gateway.vendors.script("body", vendor="infocloud", operation="statistics", account=POLLED, body=body, times=9)
    asked: list[dict[str, Any]] = []
    said = alert(gateway, "figures_differ", POLLED, lambda: asked.append(gateway.poll(POLLED, "statistics")))

    # THEN the alert has both figures, and so has the account
    assert {"days": 1, "compared": 1} in asked
    assert said.startswith(f"{row['sendDate']}: 8 messages wait for a report here, and 0 of 8 at the vendor")
    (figures,) = [
        each for each in gateway.api.get(f"/accounts/{POLLED}").body["figures"] if each["day"] == row["sendDate"]
    ]
    assert (figures["accepted"], figures["open"], figures["open_here"], figures["differs"]) == (8, 0, 8, True)
