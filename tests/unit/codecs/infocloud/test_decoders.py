"""Any bytes, cut samples and other charsets, at every decoder of infocloud."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import infocloud
from smsgateway.errors import DecodeError
from smsgateway.model import About, Accepted, Account, Page, Push, Reason, Refused, Report, Response
from tests.unit.codecs.infocloud.given import ACCOUNT, DAY, DECODERS, RECORD, SUBMISSION, answer, answered, case

ALL_DECODERS = DECODERS | {
    "health": infocloud.decode_health,
    "report_push": lambda account, response: infocloud.decode_report_push(account, Push("POST", body=response.body)),
    "inbound_push": lambda account, response: infocloud.decode_inbound_push(account, Push("POST", body=response.body)),
}


@pytest.mark.parametrize("decode", ALL_DECODERS.values(), ids=ALL_DECODERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"200",
        b'"200"',
        b"null",
        b"[]",
        b"<html><body>502 Bad Gateway</body></html>",
        '{"code":200,"message":"查询成功"}'.encode("utf-16"),
        b'{"code":200}{"code":200}',
        b'{"code":200,"data":{"msgId":"1"}',
        b'{"code":200,"data":{"msgId":"1"},}',
        b"{'code':200}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"code":200,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        json.dumps({"code": 200, "data": "[" * 100_000}).encode(),
    ],
)
def test_what_is_not_an_answer(decode: Callable[[Account, Response], object], body: bytes) -> None:
    if decode is infocloud.decode_health and body.startswith(b'{"code": 200'):
        assert decode(ACCOUNT, answered(body)) is True  # it does not look at data
        return
    with pytest.raises(DecodeError) as caught:
        decode(ACCOUNT, answered(body))
    assert caught.value.raw == body


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize("body", [b"{}", b'{"code":null}', b'{"code":true}', b'{"code":[200]}', b'{"code":""}'])
def test_an_answer_without_a_code(operation: str, body: bytes) -> None:
    with pytest.raises(DecodeError):
        DECODERS[operation](ACCOUNT, answered(body))


@pytest.mark.parametrize("data", ["574730770464800768", [{"msgId": "1"}], 5, True])
def test_a_send_answer_whose_data_is_no_object(data: object) -> None:
    with pytest.raises(DecodeError):
        infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code=200, data=data))


@pytest.mark.parametrize("operation", [*DECODERS, "health"])
def test_another_http_status_is_no_answer(operation: str) -> None:
    with pytest.raises(DecodeError):
        ALL_DECODERS[operation](ACCOUNT, replace(answer(code=200, data={"msgId": "1"}), status=500))


@pytest.mark.parametrize("decode", [infocloud.decode_report_push, infocloud.decode_inbound_push])
def test_a_record_nested_to_any_depth(decode: Callable[[Account, Push], object]) -> None:
    outcomes = set()
    for depth in (*range(1, 1500, 100), *range(1500, 20_000, 500)):
        nested = "[" * depth + "]" * depth
        record = '{"msgId":"1","tel":"1","arrive":"DELIVRD","content":"TD","x":' + nested + "}"
        try:
            decode(ACCOUNT, Push("POST", body=f'{{"data":[{record}]}}'.encode()))
            outcomes.add("decoded")
        except DecodeError:
            outcomes.add("refused")
    assert outcomes == {"decoded", "refused"}


def test_doubled_keys_and_marks_are_harmless() -> None:
    body = b'\xef\xbb\xbf{"code":6000,"x":NaN,"y":-Infinity,"z":1e999,"code":200,"data":{"msgId":"1","msgId":"2"}}\r\n'
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, answered(body)) == Accepted(("2",))


SAMPLES = [
    ("send", "send-answer.document.json"),
    ("send", "send-answer.python-demo.json"),
    ("batch", "batch-answer.document.json"),
    ("batch", "send-answer.failed-phones.json"),
    ("report_poll", "report-query.document.json"),
    ("balance", "balance-answer.document.json"),
    ("statistics", "statistics-answer.fields.json"),
    ("health", "send-answer.document.json"),
    ("report_push", "report-push.without-comments.json"),
    ("inbound_push", "inbound-push.without-comments.json"),
]
RECORDS = ("report_poll", "report_push", "inbound_push")


@pytest.mark.parametrize(("operation", "name"), SAMPLES)
def test_a_sample_cut_anywhere_is_refused(operation: str, name: str) -> None:
    """Where it has records, those that came whole are taken, and what is left of the others is parked."""
    whole = case(name).rstrip()
    complete = ALL_DECODERS[operation](ACCOUNT, answered(whole))
    for length in range(len(whole)):
        try:
            cut = ALL_DECODERS[operation](ACCOUNT, answered(whole[:length]))
        except DecodeError:
            continue
        assert operation in RECORDS
        assert said_of(cut) == said_of(complete)[: len(cut.items)]
        assert cut.unreadable or len(cut.items) == len(complete.items)


def said_of(page: Page[Any]) -> list[Any]:
    return [item._replace(raw="") if isinstance(item, Report) else replace(item, raw="") for item in page.items]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("send", Accepted(("1",))), ("report_poll", Page(())), ("statistics", Page(()))],
)
def test_a_message_in_another_charset_costs_no_answer(operation: str, expected: object) -> None:
    data = '{"msgId":"1"}' if operation == "send" else "[]"
    body = f'{{"code":200,"message":"查询成功","data":{data}}}'.encode("gbk")
    assert DECODERS[operation](ACCOUNT, answered(body)) == expected
    refused = DECODERS[operation](ACCOUNT, answered('{"code":6000,"message":"慢"}'.encode("gbk")))
    assert refused == Refused(About.MOMENT, Reason.TOO_FAST, "6000 访问频繁,请稍后再试 \ufffd\ufffd")


def texts_in(value: object) -> Iterator[str]:
    """Every text in what a decoder made; all of them will be stored."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        yield from texts_in(list(asdict(value).values()))
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["200", "null", "[]", "{}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from([*RECORD, *DAY]), inner),
    max_leaves=12,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "code": st.sampled_from([200, "200", -1, "6000"]) | json_values,
        "message": json_values,
        "data": st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys([*RECORD, "content", *DAY], json_values)))
        | st.fixed_dictionaries({}, optional=dict.fromkeys(["msgId", "failPhones", "desc"], json_values))
        | json_values,
    },
)


@pytest.mark.parametrize("operation", ALL_DECODERS)
@given(st.binary() | documents.map(lambda document: json.dumps(document).encode()))
def test_decoders_raise_nothing_but_decode_errors(operation: str, body: bytes) -> None:
    # Any other exception fails the test.
    with contextlib.suppress(DecodeError):
        decoded = ALL_DECODERS[operation](ACCOUNT, answered(body))
        assert not any(re.search("[\ud800-\udfff]", each) for each in texts_in(decoded))
