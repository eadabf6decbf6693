"""Messages and payloads: accepted with the last write, never changed after it (store/messages.py)."""

from dataclasses import replace

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from smsgateway.ids import SubmissionKey, root_path
from smsgateway.model import Message, Payload, Personal, TemplateCode
from smsgateway.store import messages, submissions
from smsgateway.store.table import ConditionFailed, Table
from tests.unit.store.given import KEY, MESSAGE, NOW, TTL, queued

MANY = replace(MESSAGE, recipients=3, segments=3)
FULL = replace(
    MANY,
    signature="",
    templates={"ic-main": TemplateCode("675", ("code", "minutes")), "x": TemplateCode("1")},
    extension="12",
    send_at=NOW + 60_000,
    resend_unconfirmed=True,
    body_hash="ab" * 32,
    content=Personal("验证码{code}", {"code": "1234", "minutes": "5"}),
)
PAYLOAD = Payload(("13800138000", "13800138001", "13800138002"))
PERSONAL = Payload(PAYLOAD.numbers, tuple(Personal(f"您好{n}", {"n": n}) for n in "abc"))
UNTIL = NOW + 60_000
OWNER = f"owner-{NOW}"


def claim(now: int, until: int) -> messages.Claim:
    return messages.Claim(f"owner-{now}", now, until)


@pytest.mark.parametrize("message", [MANY, FULL, replace(MANY, content=None, reference="", signature=None)])
def test_a_message_is_read_as_it_was_accepted(message: Message, table: Table) -> None:
    messages.begin_acceptance(table, message, claim(NOW, UNTIL), TTL)
    assert messages.load_message(table, message.id) == (message, False)
    messages.finish_acceptance(table, message.id, OWNER)
    assert messages.load_message(table, message.id) == (message, True)


def test_there_is_no_message_of_an_unknown_id(table: Table) -> None:
    assert messages.load_message(table, "msg_" + "0" * 26) is None
    with pytest.raises(ConditionFailed):
        messages.finish_acceptance(table, "msg_" + "0" * 26, OWNER)


def test_an_id_is_claimed_once(table: Table) -> None:
    messages.begin_acceptance(table, MANY, claim(NOW, UNTIL), TTL)
    with pytest.raises(ConditionFailed):
        messages.begin_acceptance(table, replace(MANY, client="other"), claim(UNTIL, UNTIL + 60_000), TTL)
    messages.finish_acceptance(table, MANY.id, OWNER)
    with pytest.raises(ConditionFailed) as failed:
        messages.begin_acceptance(table, replace(MANY, client="other"), claim(UNTIL + 1, UNTIL + 60_000), TTL)
    assert messages.read_message(failed.value.item or {}) == MANY


def test_an_acceptance_that_died_can_be_begun_again(table: Table) -> None:
    messages.begin_acceptance(table, MANY, claim(NOW, UNTIL), TTL)
    messages.begin_acceptance(table, replace(MANY, created_at=UNTIL + 1), claim(UNTIL + 1, UNTIL + 60_001), TTL)
    loaded = messages.load_message(table, MANY.id)
    assert loaded == (replace(MANY, created_at=UNTIL + 1), False)


def test_an_acceptance_that_was_taken_over_is_not_finished(table: Table) -> None:
    """Its submissions were cleared away: whoever finishes the claim says that they are all there."""
    messages.begin_acceptance(table, MANY, claim(NOW, UNTIL), TTL)
    messages.begin_acceptance(table, MANY, claim(UNTIL + 1, UNTIL + 60_001), TTL)
    with pytest.raises(ConditionFailed):
        messages.finish_acceptance(table, MANY.id, OWNER)
    assert messages.load_message(table, MANY.id) == (MANY, False)


def test_an_id_is_free_again_once_its_message_has_expired(table: Table) -> None:
    messages.begin_acceptance(table, MANY, claim(NOW, UNTIL), TTL)
    messages.finish_acceptance(table, MANY.id, OWNER)
    with pytest.raises(ConditionFailed):
        messages.begin_acceptance(table, FULL, claim(TTL * 1000, UNTIL), TTL)
    messages.begin_acceptance(table, FULL, claim((TTL + 1) * 1000, (TTL + 60) * 1000), TTL * 2)
    assert messages.load_message(table, MANY.id) == (FULL, False)


def test_a_single_message_is_claimed_and_expires_likewise(table: Table) -> None:
    first = queued(table)
    assert first.own_message == MESSAGE
    assert first.payload() == Payload(("13800138000",))
    with pytest.raises(ConditionFailed) as failed:
        queued(table, replace(MESSAGE, client="other"))
    assert submissions.read_submission(failed.value.item or {}).own_message == MESSAGE
    late = (TTL + 1) * 1000
    assert first.item
    submissions.put_single(table, FULL, first.item | {"ttl": TTL * 2}, "13900139000", late)
    again = submissions.load_submission(table, KEY)
    assert again
    assert again.own_message == FULL


@pytest.mark.parametrize("payload", [PAYLOAD, PERSONAL])
def test_a_payload_is_read_as_it_was_put(payload: Payload, table: Table) -> None:
    messages.put_payload(table, KEY, payload, TTL)
    assert messages.load_payload(table, KEY) == payload
    with pytest.raises(LookupError, match="no payload"):
        messages.load_payload(table, SubmissionKey(KEY.message_id, root_path(1)))


def test_a_large_payload_lies_in_chunks(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "CHUNK_BYTES", 10)
    items = messages.payload_items(KEY, PERSONAL, TTL)
    assert len(items) > 5
    assert all(len(item["bytes"]) <= 10 and item["ttl"] == TTL for item in items)
    table.put_many(items)
    assert messages.load_payload(table, KEY) == PERSONAL


def test_a_payload_in_several_chunks_is_not_whole_in_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = Payload(("13800138000", "13900139000"))
    (alone,) = messages.payload_items(KEY, payload, TTL)
    assert messages.whole_payload(alone) == payload
    monkeypatch.setattr(messages, "CHUNK_BYTES", 10)
    first, *_ = messages.payload_items(KEY, payload, TTL)
    assert (first["pk"], first["sk"]) == messages.payload_key(KEY)
    assert messages.whole_payload(first) is None
    assert messages.whole_payload(None) is None


def test_the_largest_payload_fits_its_items() -> None:
    """50000 numbers; or 500 texts of a thousand characters that compress badly."""
    numbers = tuple(f"{13_800_000_000 + index * 7919}" for index in range(50_000))
    texts = tuple(
        Personal("".join(chr(0x4E00 + (i * 7919 + j * 104729) % 20_000) for j in range(999))) for i in range(500)
    )
    for payload in (Payload(numbers), Payload(numbers[:500], texts)):
        items = messages.payload_items(KEY, payload, TTL)
        assert all(len(item["bytes"]) <= 300_000 for item in items)
        assert len(items) <= 25


def test_a_payload_can_be_divided() -> None:
    assert PERSONAL.part(1, 3) == Payload(PERSONAL.numbers[1:], PERSONAL.contents[1:])


def test_neither_texts_nor_numbers_show() -> None:
    assert "1234" not in repr(MESSAGE)
    assert "您好" not in repr(PERSONAL)


@property_of(st.text(st.characters(exclude_categories=()), max_size=50))
def test_any_text_survives_being_stored(text: str) -> None:
    message = replace(MANY, content=Personal(text, {"a": text}))
    item = {"pk": message.id, "client": message.client, "message": messages.message_fields(message)}
    assert messages.read_message(item) == message
