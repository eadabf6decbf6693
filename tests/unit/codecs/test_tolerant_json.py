"""JSON as vendors write it: what can be told of a list that is damaged, and that none of its bytes is lost."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs.tolerant_json import BROKEN, Entry, bytes_of, entries, json_text, load, text_of
from smsgateway.errors import DecodeError

RECORDS = st.dictionaries(
    st.sampled_from(["tel", "content"]), st.text(st.characters(exclude_categories=["Cs"])), min_size=1
)
PIECES = st.sampled_from(['{"a":"b"}', '{"a":"', '"}', "},{", "]", "[", ",", " ", "1", "null", '"x"', "\\", "退", "{}"])


def whole(records: list[dict[str, str]], between: str) -> str:
    return "[" + between.join(json.dumps(record, ensure_ascii=False) for record in records)


@given(st.lists(RECORDS), st.sampled_from([",", ", ", " ,\n"]), st.sampled_from(["]", " ]", "],", '],"x":[{}]}']))
def test_the_entries_of_a_list_are_what_it_holds(records: list[dict[str, str]], between: str, end: str) -> None:
    text = whole(records, between) + end
    found = entries(text, 1)
    assert [entry.value for entry in found] == records
    assert [json.loads(entry.text) for entry in found] == records


@given(st.lists(RECORDS, min_size=1), st.data())
def test_a_broken_entry_costs_none_before_it(records: list[dict[str, str]], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(records)))
    texts = [json.dumps(record) for record in records]
    texts.insert(at, '{"content":"say "TD""}')
    found = entries("[" + ",".join(texts) + "]", 1)
    assert [entry.value for entry in found[:at]] == records[:at]
    assert found[at] == Entry('{"content":"say "TD""}', BROKEN) or at == len(records)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_nothing_of_a_list_is_lost(text: str) -> None:
    at, found = 1, entries(f"[{text}", 1)
    left = f"[{text}"
    for entry in found:
        start = left.index(entry.text, at)
        assert re.fullmatch(r"[\[\], ]*", left[at:start])
        at = start + len(entry.text)
    broken = any(entry.value is BROKEN for entry in found)
    # What follows a list that is whole is not its own.
    assert re.match(r"[ ,]*\]", left[at:]) or (broken and not left[at:].strip(" ,]"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[", [Entry("", BROKEN)]),
        ("[]", []),
        ("[{}", [Entry("{}", {}), Entry("", BROKEN)]),
        ("[{},", [Entry("{}", {}), Entry("", BROKEN)]),
        ("[1", [Entry("1", BROKEN)]),  # it may have been 12
        ('[{"a":"b"},{"a":"c', [Entry('{"a":"b"}', {"a": "b"}), Entry('{"a":"c', BROKEN)]),
        ('[{"a":"b"}{"a":"c"},{}]', [Entry('{"a":"b"}{"a":"c"}', BROKEN), Entry("{}", {})]),
    ],
)
def test_where_a_list_is_cut_or_broken(text: str, found: list[Entry]) -> None:
    assert list(entries(text, 1)) == found


def test_a_nested_list_in_a_broken_entry_hides_nothing_behind_it() -> None:
    found = entries('[{"a":"say "x"","b":[{},{}],"c":1},{"d":2}]}', 1)
    assert '{"d":2}' in "".join(entry.text for entry in found)


@pytest.mark.parametrize("text", ['[{"a":[{},' * 5_000, "[" * 100_000, '[{"a":"},{"a":"' + "},{" * 50_000])
def test_hostile_lists_end(text: str) -> None:
    assert entries(text, 1)[-1].value is BROKEN


@given(st.binary(max_size=60))
def test_any_bytes_are_found_again(body: bytes) -> None:
    assert text_of(body) == text_of(bytes_of(text_of(body)))
    if body[:1].strip() and not body.startswith(b"\xef"):
        assert bytes_of(text_of(body)) == body


def test_half_a_character_stays_one_and_is_written_as_it_came() -> None:
    value = load('{"a":"x\\ud83d","b":"\\ud83d\\ude00"}', b"")
    assert value == {"a": "x\ud83d", "b": "😀"}
    assert json_text(value, b"") == '{"a":"x\\ud83d","b":"😀"}'
    assert load(json_text(value, b""), b"") == value


def test_what_is_nested_beyond_sense_is_no_json() -> None:
    with pytest.raises(DecodeError):
        load("[" * 100_000, b"")
