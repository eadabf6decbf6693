"""Accepting what a client posted: everything is checked before anything is stored, and what was answered 202 is stored.

A message to one number is one item, written once. A larger one claims its id first, is filed in parts, and counts only
from the last write on; until then nothing of it is sent, so that a client may repeat what got no answer.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import batched
from random import Random
from typing import Any

from smsgateway import queues, routing
from smsgateway.accepting import capacity, daily_limit
from smsgateway.accepting.dry_run import plan
from smsgateway.accepting.idempotency import (
    StandingMessage,
    answer_to,
    first_answer,
    in_progress,
    standing,
    standing_keys,
)
from smsgateway.accepting.post import (
    Post,
    Recipients,
    Refusal,
    contents_of,
    kept_place,
    recipients_of,
    without,
    without_landlines,
)
from smsgateway.accepting.template_slips import slips
from smsgateway.calling.carriage import Carriage
from smsgateway.config.settings import Settings
from smsgateway.core import WakingCore
from smsgateway.errors import EncodeError
from smsgateway.ids import BLOCK_ROOTS, SubmissionKey, blocks_of, in_turn, keyed_message_id, message_id, root_path
from smsgateway.model import Client, Message, Payload, Personal, Reason, Template
from smsgateway.store import breakers, messages, submissions, suppressions, templates
from smsgateway.store.keys import breaker_key, suppression_key
from smsgateway.store.table import ConditionFailed, Item, Key, Table

DEFAULT_VALIDITY = {"otp": 300, "notice": 259_200, "marketing": 259_200}  # seconds
ACCEPTANCE_TIME = 60_000  # milliseconds that accepting may take, where nobody says when its worker is stopped
DEAD_AFTER = 1_000  # milliseconds after its worker's end at which an unfinished acceptance counts as dead
CLOCKS_APART = 60_000  # milliseconds that a client's clock may be behind ours
WOKEN_AT_ONCE = 500  # submissions between two looks at the clock
TIME_TO_WAKE = 2_000  # milliseconds that so many take at most, and the answer
CLEAR_FOR = 500  # milliseconds that an account whose calls go well is taken to go on so
SHOWN_PROBLEMS = 100  # of a kind, in one answer
EXAMINED = 1000  # texts that a dry run encodes for each account
PLACES = {  # the field that a reason is about, where it is not the content
    Reason.EXTENSION_REFUSED: "extension",
    Reason.SIGNATURE_REFUSED: "signature",
    Reason.INVALID_NUMBER: "to",
    Reason.LANDLINE: "to",
}


@dataclass(frozen=True, slots=True)
class Acceptor(WakingCore):
    """What accepting works with. Times are epoch milliseconds."""

    random: Random
    until: int = 0  # when this worker is stopped; 0: nobody says
    block: int = BLOCK_ROOTS  # submissions under one partition key
    warn: Callable[[str, str], None] = lambda _problem, _id: None  # of a message that is accepted all the same


def accept(acceptor: Acceptor, client: Client, post: Post) -> tuple[int, dict[str, Any]]:
    """Accept a post, or say what would happen (`dry_run`). The status and body of the answer; raises Refusal."""
    _may(client, post)
    recipients = recipients_of(post)
    identity, settings = _identity(acceptor, client, post), acceptor.settings()
    route = _route(acceptor, post, settings)
    known = _read(acceptor, post, identity, tuple(recipients.numbers), route)
    found = standing(known.items, identity)
    if not post.dry_run and (first := first_answer(found, post, recipients)):
        return 202, first
    if post.send_at is not None and post.send_at < acceptor.now() - CLOCKS_APART:
        raise Refusal(422, "Too late", "send_at is in the past", [("send_at", "is in the past")])
    candidates = _candidates(client, post, settings, route)
    suppressed, recipients = _not_suppressed(acceptor, known, recipients, post)
    accounts = [settings.accounts[name] for name in candidates]
    recipients, mobiles_only = without_landlines(recipients, accounts, post)
    template = _template(acceptor.table, post)
    payload, common = contents_of(post, template, recipients)
    message = replace(
        _message(acceptor, client, post, template, payload, common),
        id=identity,
        suppressed=tuple(suppressed),
        mobiles_only=mobiles_only,
    )
    end = capacity.latest(acceptor.until, acceptor.now())
    carriages = [Carriage(account, message, payload) for account in accounts]
    capacity.check(acceptor.now, end, carriages, stored=not post.dry_run)
    examined = capacity.sample_of(payload, EXAMINED) if post.dry_run and payload.contents else payload
    able, problems = _able(post, carriages, examined)
    carriage = able[0]
    message = replace(
        message,
        route=tuple(each.account.name for each in able),
        segments=carriage.segments_of(payload),
        blocks=blocks_of(len(carriage.parts), acceptor.block),
    )
    if post.dry_run:
        planned = plan(message, able, problems) | {
            "warnings": slips(template.text) if template else [],
            "examined": len(examined.contents) or 1,
        }
        return 200, answer_to(message, recipients) | {"id": None, "dry_run": True, "plan": planned}
    try:
        message = daily_limit.pay(acceptor.table, client, message)
    except Refusal:
        if post.idempotency_key and (found := _standing_now(acceptor, identity)):
            return 202, _answer_instead(acceptor, found, post)
        raise
    try:
        keys = _store(acceptor, message, carriage, end)
    except TimeoutError:
        daily_limit.give_back(acceptor.table, client, message, None)
        raise _not_in_time(acceptor) from None
    except ConditionFailed:
        found = _standing_now(acceptor, identity)
        daily_limit.give_back(acceptor.table, client, message, found.message if found else None)
        first = _answer_instead(acceptor, found, post)
        # Whoever put what stands there may not have woken it up: a wake-up too many does no harm.
        _wake_up(acceptor, message, [SubmissionKey(identity, root_path(0))])
        return 202, first
    _wake_up(acceptor, message, keys, known)
    return 202, answer_to(message, recipients)


def _not_in_time(acceptor: Acceptor) -> Refusal:
    """The refusal of a message that could not be stored: its claim lasts until its worker is certainly gone."""
    seconds = max(0, (acceptor.until or acceptor.now() + ACCEPTANCE_TIME) + DEAD_AFTER - acceptor.now()) // 1000 + 1
    detail = "the message could not be stored in the time that a request has, and nothing of it is sent: repeat it"
    return Refusal(503, "Not stored in time", detail, retry_after=seconds)


def _standing_now(acceptor: Acceptor, identity: str) -> StandingMessage | None:
    return standing(acceptor.table.get_many(standing_keys(identity)), identity)


def _answer_instead(acceptor: Acceptor, found: StandingMessage | None, post: Post) -> dict[str, Any]:
    """The answer to a post whose key another request has taken meanwhile. Raises Refusal while that is under way."""
    first = first_answer(found, post, recipients_of(post))
    if first is None:
        raise in_progress(found, acceptor.now())
    return first


@dataclass(frozen=True, slots=True)
class Known:
    """What is read before anything is stored, of a message to one number all at once. `at`: when (epoch ms)."""

    items: Mapping[Key, Item]
    well: Collection[str]  # accounts whose calls nothing speaks against
    at: int


def _read(acceptor: Acceptor, post: Post, identity: str, numbers: Sequence[str], route: Sequence[str]) -> Known:
    """Of a message to several numbers only whether it was posted before: they are too many to be read for nothing."""
    at, keys = acceptor.now(), standing_keys(identity) if post.idempotency_key else []
    alone, accounts = (numbers, route) if len(numbers) == 1 else ((), ())
    keys += [*map(suppression_key, alone), *map(breaker_key, accounts)]
    items = acceptor.table.get_many(keys)
    return Known(items, {name for name in accounts if breakers.read_breaker(items.get(breaker_key(name))).well}, at)


def _not_suppressed(
    acceptor: Acceptor, known: Known, recipients: Recipients, post: Post
) -> tuple[Sequence[str], Recipients]:
    """The numbers that are suppressed, and the recipients without them. Raises Refusal when nobody is left."""
    numbers = recipients.numbers
    suppressed = (
        suppressions.suppressed_in(known.items, numbers)
        if len(numbers) == 1
        else suppressions.suppressed(acceptor.table, numbers)
    )
    left = without(recipients, suppressed, Reason.SUPPRESSED, post)
    if not left.numbers:
        errors = left.errors[:SHOWN_PROBLEMS]
        raise Refusal(422, "No recipient", "none of the numbers can be sent to", errors)
    return suppressed, left


def _wake_up(acceptor: Acceptor, message: Message, keys: Sequence[SubmissionKey], known: Known | None = None) -> None:
    now, account = acceptor.now(), message.route[0]
    delay, urgent = ((message.send_at or now) - now) / 1000, queues.urgent(message)
    if delay > queues.longest_delay(urgent):
        return
    try:
        clear_until = known.at + CLEAR_FOR if known and account in known.well and not delay else 0
        for some in batched(keys, WOKEN_AT_ONCE, strict=False):
            if acceptor.until and acceptor.now() > acceptor.until - TIME_TO_WAKE:
                break  # sweep wakes the others up
            acceptor.wake_ups.put(urgent, account, some, delay, clear_until=clear_until)
    except Exception:
        # The message is accepted, and sweep will wake it up. An error now would have the client post it once more.
        acceptor.warn("wake-ups could not be sent", message.id)


def _may(client: Client, post: Post) -> None:
    if post.account and client.accounts and post.account not in client.accounts:
        raise Refusal(403, "Not your account", f"this client may not use the account {post.account}")
    if client.purposes and post.purpose not in client.purposes:
        raise Refusal(403, "Not your purpose", f"this client may not send messages of purpose {post.purpose}")


def _identity(acceptor: Acceptor, client: Client, post: Post) -> str:
    if post.idempotency_key:
        return keyed_message_id(client.name, post.idempotency_key)
    return message_id(acceptor.now(), acceptor.random.getrandbits(80))


def _template(table: Table, post: Post) -> Template | None:
    if post.template is None:
        return None
    template = templates.load_template(table, post.template)
    if template is None:
        raise Refusal(
            422,
            "Unknown template",
            f"there is no template {post.template}",
            [("template", "no template has this name")],
        )
    return template


def _able(post: Post, carriages: Sequence[Carriage], examined: Payload) -> tuple[list[Carriage], list[tuple[str, str]]]:
    """The carriages that are possible, and why those by other accounts are not. Raises Refusal when none is.

    `examined`: the part of the payload that is looked at for that; of a dry run not all of it.
    """
    able: list[Carriage] = []
    problems: list[tuple[str, str]] = []
    errors: list[tuple[str, str]] = []
    for carriage in carriages:
        looked_at = carriage if examined is carriage.payload else replace(carriage, payload=examined)
        name = carriage.account.name
        if error := looked_at.problem:
            problems.append((name, error.problem))
            errors.append((_place_of(error, post, carriage), f"{name}: {error.problem}"))
        else:
            able.append(carriage)
    if not able:
        raise Refusal(422, "No account can carry this", "no account of the route can carry the content", errors)
    return able, problems


def _place_of(error: EncodeError, post: Post, carriage: Carriage) -> str:
    """The field of the post that an account cannot carry."""
    if place := PLACES.get(error.reason):
        return place
    payload = carriage.payload
    for index in range(len(payload.contents)):
        if replace(carriage, payload=payload.part(index, index + 1)).problem:
            return f"messages[{index}]"
    return "template" if post.template else "messages[0]" if post.personal else "text"


def _route(acceptor: Acceptor, post: Post, settings: Settings) -> tuple[str, ...]:
    """The accounts that may be asked, in their order, whoever it is that posts."""
    return (post.account,) if post.account else routing.route_for(settings.routes, post.purpose, acceptor.random.random)


def _candidates(client: Client, post: Post, settings: Settings, route: Sequence[str]) -> tuple[str, ...]:
    """Those of the route that this client may use. Raises Refusal when there are none."""
    if post.account:
        if post.account not in settings.accounts:
            raise Refusal(
                422,
                "Unknown account",
                f"there is no account {post.account}",
                [("account", "there is no account of this name")],
            )
        return (post.account,)
    if not route:
        problem = f"no route of the accounts document serves the purpose {post.purpose}"
        raise Refusal(422, "No route", problem, [("purpose", "no route serves it: add one to the accounts document")])
    allowed = tuple(name for name in route if not client.accounts or name in client.accounts)
    if not allowed:
        raise Refusal(403, "Not your account", f"this client may use no account of the route for {post.purpose}")
    return allowed


def _message(
    acceptor: Acceptor,
    client: Client,
    post: Post,
    template: Template | None,
    payload: Payload,
    common: Personal | None,
) -> Message:
    """The message, before its route is known."""
    now = acceptor.now()
    validity = DEFAULT_VALIDITY[post.purpose] if post.valid_for is None else post.valid_for
    return Message(
        id="",
        client=client.name,
        purpose=post.purpose,
        created_at=now,
        valid_until=max(now, post.send_at or now) + validity * 1000,
        route=(),
        recipients=len(payload.numbers),
        segments=0,
        content=common,
        signature=post.signature,
        signature_place=kept_place(template, (common,) if common else payload.contents),
        templates=template.vendor_templates if template else {},
        extension=post.extension,
        reference=post.reference,
        send_at=post.send_at,
        resend_unconfirmed=post.resend_unconfirmed,
        resend_undelivered=post.resend_undelivered,
        body_hash=post.body_hash,
    )


def _store(acceptor: Acceptor, message: Message, carriage: Carriage, end: int) -> list[SubmissionKey]:
    """File the message and its submissions, whose keys these are in the order in which they should be woken up.

    Raises ConditionFailed when its id is taken (Idempotency-Key), and TimeoutError when that lasts longer than until
    `end` (epoch ms): then nothing of it is accepted.
    """
    now, account, parts = acceptor.now(), carriage.account, carriage.parts
    ttl = (message.send_at or now) // 1000 + acceptor.retention
    items = []
    keys = []
    for index, part in enumerate(parts):
        key = SubmissionKey(message.id, root_path(index, acceptor.block))
        keys.append(key)
        items.append(
            submissions.new_submission(
                key,
                message,
                account=account.name,
                vendor=account.vendor,
                count=len(part.numbers),
                segments=carriage.segments_of(part),
                ttl=ttl,
                now=now,
            )
        )
    owner = f"{acceptor.random.getrandbits(64):016x}"
    claim = messages.Claim(owner, now, (acceptor.until or now + ACCEPTANCE_TIME) + DEAD_AFTER)
    if message.recipients == 1:
        _store_single(acceptor, message, items[0], parts[0].numbers[0], claim)
        return keys
    messages.begin_acceptance(acceptor.table, message, claim, ttl)
    submissions.put_first(acceptor.table, items[0], now)
    payloads = [item for key, part in zip(keys, parts, strict=True) for item in messages.payload_items(key, part, ttl)]
    acceptor.table.put_many([*in_turn(items, acceptor.block)[1:], *payloads], end, paced=not queues.urgent(message))
    messages.finish_acceptance(acceptor.table, message.id, owner)
    return in_turn(keys, acceptor.block)


def _store_single(acceptor: Acceptor, message: Message, item: Item, number: str, claim: messages.Claim) -> None:
    """File a message to one number, also where an acceptance of one to several has died under the same key."""
    try:
        submissions.put_single(acceptor.table, message, item, number, claim.now)
    except ConditionFailed as failed:
        if failed.item is None or "message" in failed.item:
            raise
        messages.begin_acceptance(acceptor.table, message, claim, item["ttl"])  # raises while it is alive
        submissions.put_single(acceptor.table, message, item, number, claim.now)
        messages.withdraw(acceptor.table, message.id, claim)
