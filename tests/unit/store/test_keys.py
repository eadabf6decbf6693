"""Keys are made and taken apart in one place (store/keys.py), and the map shows all of them."""

import re
from pathlib import Path

import pytest

from smsgateway.ids import SubmissionKey, root_path
from smsgateway.store import keys
from smsgateway.store.keys import Kind, kind_of
from smsgateway.store.table import Key

PAGE = Path(keys.__file__).parents[1] / "README.md"
MESSAGE = "msg_01m7z5skbrbwqgw4bmx01vye39"
FIRST = SubmissionKey(MESSAGE, "00000")
PARTS = keys.reply_parts_pk("ly-main", "13800138000", "1069", "7", 3)
PLACEHOLDERS = SubmissionKey("msg_…", "<path>")

# As the map writes them.
ON_THE_MAP: list[Key] = [
    keys.message_key("msg_…"),
    keys.submission_key(PLACEHOLDERS),
    ("msg_…#B#<block>", keys.submission_sk("<path>")),
    ("msg_…#S#<path>", keys.submission_sk("<path>")),
    (keys.payload_pk(PLACEHOLDERS), "<chunk>"),
    (keys.rows_pk("msg_…", "<root>", "<bucket>"), "<number>"),  # type: ignore[arg-type]
    keys.vendor_key("<account>", "<vendor id>"),
    ("vid#<account>#<vendor id but its last two characters>", keys.block_key("<account>", "")[1]),
    (keys.vendor_pk("<account>", "<vendor id>"), keys.early_sk("…")),
    (keys.page_pk("<account>#<kind>"), "<chunk>"),
    (keys.page_pk("<name>"), "<chunk>"),
    keys.reply_key(keys.reply_id("…")),
    (keys.reply_parts_pk("<account>", "<number>", "<access number>", "<id>", "<total>"), "P#<number>#<digest>"),
    (keys.reply_parts_pk("<account>", "<number>", "<access number>", "<id>", "<total>"), keys.CLAIM_SK),
    keys.poll_key("<name>", "<kind>"),
    keys.pace_key("<name>", "<operation>"),
    keys.pace_key("<name>", "<operation>", "<turn>"),  # type: ignore[arg-type]
    keys.breaker_key("<name>"),
    keys.push_key("<name>", "<kind>"),
    keys.silence_key("<name>"),
    keys.balance_key("<name>"),
    keys.day_key("<name>", "<day>"),
    keys.alert_key("<name>", "<alert>", "<occasion>"),
    keys.client_key("<key hash>"),
    keys.client_name_key("<name>"),
    keys.template_key("<name>"),
    keys.suppression_key("<number>"),
    keys.stops_key("<client>"),
    keys.spent_key("<client>", "<day>"),
    (keys.set_apart_pk("msg_…", "<digest>"), "<chunk>"),
    keys.signature_key("<name>", "<carrier>", "<signature>"),
    keys.verification_key("<digest>"),
    keys.counted_key("<digest>"),
    keys.conversions_key("<client>", "<hour>"),
]


def test_the_map_has_every_key_and_no_other() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## The items of the table")[2].partition("| index |")[0]
    rows = [row.split("|")[1:3] for row in section.splitlines() if row.startswith("| `")]
    cells = [(re.findall(r"`([^`]+)`", pks), re.findall(r"`([^`]+)`", sks)) for pks, sks in rows]
    shown = {(pk, sk) for pks, sks in cells for pk in pks for sk in sks}
    assert shown == set(ON_THE_MAP)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (keys.message_key(MESSAGE), Kind.OTHER),
        (keys.submission_key(FIRST), Kind.SUBMISSION),
        (keys.submission_key(SubmissionKey(MESSAGE, root_path(500))), Kind.SUBMISSION),
        (keys.submission_key(FIRST.reroute("owner", "13800138000")), Kind.SUBMISSION),
        ((keys.payload_pk(FIRST), keys.chunk_sk(0)), Kind.OTHER),
        ((keys.rows_pk(MESSAGE, "00000", 0), "13800138000"), Kind.RECIPIENT),
        (keys.vendor_key("ly#R#", "1"), Kind.OTHER),
        ((keys.vendor_pk("ly", "1"), keys.early_sk("x")), Kind.OTHER),
        (keys.reply_key(keys.reply_id("0")), Kind.REPLY),
        ((PARTS, keys.part_sk(1, "d")), Kind.REPLY_PART),
        ((PARTS, keys.CLAIM_SK), Kind.REPLY_PART),
        (keys.alert_key("ly", "push_silent", "1"), Kind.ALERT),
        (keys.balance_key("ly"), Kind.OTHER),
        (keys.client_key("hash"), Kind.OTHER),
    ],
)
def test_a_key_says_what_stands_there(key: Key, kind: Kind) -> None:
    assert kind_of(key) == kind


@pytest.mark.parametrize("path", ["00003", "00003001", root_path(501), "00003r0123456789ab"])
def test_a_submission_is_found_in_its_key(path: str) -> None:
    key = SubmissionKey(MESSAGE, path)
    assert keys.submission_at(keys.submission_key(key)) == key
    assert keys.message_at(keys.submission_key(key)) == MESSAGE


def test_a_row_names_the_submission_it_was_cut_for() -> None:
    row = keys.rows_pk(MESSAGE, "00003", 7), "13800138000"
    assert keys.root_at(row) == SubmissionKey(MESSAGE, "00003")
    assert keys.message_at(row) == MESSAGE


def test_the_parts_of_a_reply_name_their_account_number_and_total() -> None:
    assert (keys.account_of_parts(PARTS), keys.number_of_parts(PARTS), keys.total_of_parts(PARTS)) == (
        "ly-main",
        "13800138000",
        3,
    )
    assert keys.is_part(keys.part_sk(1, "d"))
    assert not keys.is_part(keys.CLAIM_SK)
