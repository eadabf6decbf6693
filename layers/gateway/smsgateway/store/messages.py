"""Messages and their payloads: what was accepted, immutable once it is."""

import json
import zlib
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from smsgateway.clock import Millis, epoch_seconds
from smsgateway.ids import SubmissionKey, partitions, root_path
from smsgateway.model import Finding, Message, Payload, Personal, TemplateCode
from smsgateway.store.change import Change
from smsgateway.store.keys import chunk_sk, message_key, payload_pk, submission_key, submission_sk
from smsgateway.store.table import EXPIRED, KEPT, UNUSED, ConditionFailed, Item, Key, Query, Table

FLEETING = "fleeting"  # the attribute that holds the content of a message which is fleeting, beside it
CHUNK_BYTES = 300_000  # of a payload, below DynamoDB's 400 KB an item

_DEFAULTS = {field.name: field.default for field in fields(Message) if field.default is not MISSING}


def message_fields(message: Message) -> Item:
    """A message as a map inside an item: without what stands beside it there, and without defaults."""
    values = asdict(message)
    del values["id"], values["client"], values["canceled_at"], values["blocks"]
    if message.fleeting:
        del values["content"]
    # An empty signature is none at all, and not its default, which is the account's.
    return {name: value for name, value in values.items() if value != _DEFAULTS.get(name, {})}


def read_message(item: Item) -> Message:
    """The message inside an item written with `message_fields`."""
    values: dict[str, Any] = dict(item["message"])
    if content := values.pop("content", item.get(FLEETING)):
        values["content"] = Personal(**content)
    templates = {
        account: TemplateCode(template["code"], tuple(template["params"]))
        for account, template in values.pop("templates", {}).items()
    }
    route = tuple(values.pop("route"))
    suppressed = tuple(values.pop("suppressed", ()))
    too_frequent = tuple((number, until) for number, until in values.pop("too_frequent", ()))
    findings = tuple(Finding(*finding) for finding in values.pop("findings", ()))
    return Message(
        id=item["pk"],
        client=item["client"],
        route=route,
        templates=templates,
        suppressed=suppressed,
        too_frequent=too_frequent,
        findings=findings,
        canceled_at=item.get("canceled_at"),
        blocks=item.get("blocks", 1),
        **values,
    )


def fleeting_content(message: Message) -> Item:
    """What stands beside a message in its item as long as its sending has not ended: its content, if it is fleeting."""
    return {FLEETING: asdict(message.content)} if message.fleeting and message.content else {}


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to accept a message under an id. `owner` is different each time; times are epoch milliseconds."""

    owner: str
    now: Millis
    until: Millis  # when it counts as dead, unless it is finished


def begin_acceptance(table: Table, message: Message, claim: Claim, ttl: int) -> None:
    """Claim a message id; nothing of the message is sent before `finish_acceptance`.

    What an acceptance has left that died is cleared away. Raises ConditionFailed with the message that stands there,
    unless its acceptance is dead.
    """
    pk, sk = message_key(message.id)
    item = {
        "pk": pk,
        "sk": sk,
        "client": message.client,
        "message": message_fields(message),
        "accepting_until": claim.until,
        "owner": claim.owner,
        "blocks": message.blocks if message.blocks > 1 else None,
        "ttl": ttl,
    }
    try:
        _claim(table, item, "attribute_not_exists(pk)", {})
    except ConditionFailed as failed:
        values = {"now": claim.now, "seconds": epoch_seconds(claim.now)}
        left = _blocks_left(failed.item)
        # Whoever comes after this worker, should it die over the clearing, must find as many.
        item["blocks_left"] = left if left > message.blocks else None
        _claim(table, item, f"{UNUSED} OR accepting_until < :now", values)
        _clear(table, message.id, left, claim.now)


def _claim(table: Table, item: Item, condition: str, values: Item) -> None:
    """Put a claim, unless another's stands there. It may be our own, which the SDK's first try has put."""
    try:
        table.put(item, condition, values)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("owner") == item["owner"]):
            raise


def _blocks_left(claim: Item | None) -> int:
    """The blocks that there may be submissions in of an acceptance that died, or of one before that."""
    return max(claim.get("blocks", 1), claim.get("blocks_left", 1)) if claim else 1


def _clear(table: Table, message_id: str, blocks: int, now: Millis) -> None:
    """Delete what an acceptance that died has left: its submissions must not come to life with the message's next."""
    first = submission_key(SubmissionKey(message_id, root_path(0)))
    for pk in partitions(message_id, blocks):
        values = {"pk": pk, "prefix": submission_sk("")}
        left = table.query_all(Query("pk = :pk AND begins_with(sk, :prefix)", values, project="pk, sk, #ttl"))
        table.delete_many([key for item in left if (key := (item["pk"], item["sk"])) != first])
    with suppress(ConditionFailed):  # a message to one number, accepted meanwhile
        table.delete(first, f"attribute_not_exists(message) OR {EXPIRED}", {"seconds": epoch_seconds(now)})


def withdraw(table: Table, message_id: str, claim: Claim) -> None:
    """Give up the claim of a message's id, because nothing will be accepted under it."""
    with suppress(ConditionFailed):  # it has been taken over, or that was our own first try
        table.delete(message_key(message_id), "#owner = :owner", {"owner": claim.owner})


def finish_acceptance(table: Table, message_id: str, owner: str, fewer: Message | None = None) -> None:
    """Write that the message is accepted, from here on. `fewer`: it, if it has fewer recipients than its claim says.

    Raises ConditionFailed when another acceptance has taken its place.
    """
    change = Change(message_key(message_id)).remove("accepting_until").when("#owner = :owner", owner=owner)
    table.update(change.set(message=message_fields(fewer)) if fewer else change)


def cancel(table: Table, message_id: str, now: Millis) -> None:
    """Cancel all of a message to several numbers that is not marked: by one write, however many submissions it has.

    It is each side's own fact, written before the other's is read. A worker claims a submission (claims.claim),
    then asks here, and only then marks it. So what is found unclaimed after this write is never marked again, and what
    is found claimed is for whoever cancels to settle. Doing it again changes nothing. Raises ConditionFailed when there
    is no such message.
    """
    change = Change(message_key(message_id)).set_if_missing(canceled_at=now).when(KEPT, seconds=table.seconds)
    table.update(change.when("attribute_not_exists(accepting_until)"))


def is_canceled(table: Table, message_id: str) -> bool:
    """True if a message to several numbers was canceled. The read is a consistent one."""
    return "canceled_at" in (table.get(message_key(message_id)) or {})


def accepted_message(item: Item) -> Message | None:
    """The message to several numbers in an item, unless its acceptance is not complete."""
    return None if "accepting_until" in item else read_message(item)


def load_message(table: Table, message_id: str) -> tuple[Message, bool] | None:
    """A message to several numbers, and whether its acceptance is complete."""
    item = table.get(message_key(message_id))
    return (read_message(item), "accepting_until" not in item) if item else None


def put_payload(table: Table, key: SubmissionKey, payload: Payload, ttl: int) -> None:
    """Store a submission's payload until `ttl` (epoch seconds). Storing the same payload again changes nothing."""
    table.put_many(payload_items(key, payload, ttl))


def payload_items(key: SubmissionKey, payload: Payload, ttl: int) -> list[Item]:
    """The payload, compressed, in chunks that fit an item."""
    document = {
        "numbers": payload.numbers,
        "contents": [[content.text, content.params] for content in payload.contents],
    }
    packed = zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    chunks = [packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES)]
    pk, more = payload_pk(key), len(chunks) > 1 or None
    return [
        {"pk": pk, "sk": chunk_sk(index), "bytes": chunk, "more": more, "ttl": ttl}
        for index, chunk in enumerate(chunks)
    ]


def load_payload(table: Table, key: SubmissionKey) -> Payload:
    """Raises LookupError when a submission has no payload, which only a bug can bring about."""
    chunks = [item["bytes"] for item in table.query_all(Query("pk = :pk", {"pk": payload_pk(key)}))]
    if not chunks:
        raise LookupError(f"submission {key.reference} has no payload")
    return _unpacked(b"".join(chunks))


def payload_key(key: SubmissionKey) -> Key:
    """Where a payload begins; most end there, too."""
    return payload_pk(key), chunk_sk(0)


def whole_payload(item: Item | None) -> Payload | None:
    """The payload in the item at `payload_key`, if all of it is there."""
    return None if item is None or item.get("more") else _unpacked(item["bytes"])


def _unpacked(packed: bytes) -> Payload:
    document = json.loads(zlib.decompress(packed))
    contents = tuple(Personal(text, params) for text, params in document["contents"])
    return Payload(tuple(document["numbers"]), contents)
