"""Which pushes are believed to be infocloud's, and what they are answered."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import infocloud
from smsgateway.errors import DecodeError
from smsgateway.model import Options, Push, PushSettings, Report, ReportStatus
from tests.unit.codecs.infocloud.given import ACCOUNT, case, pushed

# Replies


PUSHED = {  # the numbers that can be read, and how many records are parked
    "report-push.without-tel.json": (["18551067101", "18551067102"], 1),
    "report-push.lower-case.json": (["18551067101"], 0),
    "inbound-push.unescaped.json": (["18551067102"], 1),
    "inbound-push.half-emoji.json": (["18551067102"], 1),
    "inbound-push.gbk.json": (["18551067102"], 1),
    "inbound-push.byte-order-mark.json": (["18551067102"], 0),
}


@pytest.mark.parametrize("name", PUSHED)
def test_what_the_field_pushes_is_believed_and_read_as_far_as_it_can_be(name: str) -> None:
    push, kind = Push("POST", body=case(name)), "inbound" if name.startswith("inbound") else "reports"
    assert infocloud.verify_push(ACCOUNT, push, kind)  # type: ignore[arg-type]
    decode = infocloud.decode_inbound_push if kind == "inbound" else infocloud.decode_report_push
    page = decode(ACCOUNT, push)
    assert ([item.number for item in page.items], len(page.unreadable)) == PUSHED[name]
    assert not [item for item in page.items if isinstance(item, Report) and item.status != ReportStatus.DELIVERED]


# What proves a push


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"apiKey=8767fd835ca3a4eb6f69129d71971760",
        b'{"apiKey":null}',
        b'{"apiKey":""}',
        b'{"apiKey":["8767fd835ca3a4eb6f69129d71971760"]}',
        b'{"apikey":"8767fd835ca3a4eb6f69129d71971760"}',
        b'{"apiKey":"8767fd835ca3a4eb6f69129d7197176"}',
        b'{"apiKey":"8767fd835ca3a4eb6f69129d71971760 "}',
        b'{"apiKey":"\\ud800","data":[]}',
        '{"apiKey":"密钥"}'.encode(),
        b'{"apiKey":"\xff"}',
        b"[" * 200_000,
    ],
)
def test_a_push_without_the_api_key_is_not_believed(body: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert infocloud.verify_push(ACCOUNT, Push("POST", body=body), "reports") is False


KEY = ACCOUNT.credentials["api_key"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"apiKey":"%s","data":[{"tel":"1","content":"say "TD""}]}',
        b'{"data":[{"tel":"1","content":"\xcd\xcb\xb6\xa9"}],"apiKey":"%s"}',
        b'{"apiKey" : "%s", "data": [',
        b'\xef\xbb\xbf{"apiKey":"%s","data":[]}',
    ],
)
def test_the_right_key_is_found_in_what_cannot_be_read(body: bytes) -> None:
    push = Push("POST", body=body % KEY.encode())
    assert infocloud.verify_push(ACCOUNT, push, "inbound") is True
    wrong = Push("POST", body=body % b"another-key")
    assert infocloud.verify_push(ACCOUNT, wrong, "inbound") is False
    nowhere = Push("POST", body=b"\xff" + push.body.replace(b'"apiKey"', b"apiKey"))
    with pytest.raises(DecodeError):
        infocloud.verify_push(ACCOUNT, nowhere, "inbound")


@pytest.mark.parametrize("credentials", [{}, {"api_key": ""}, {"api_key": "other"}])
def test_an_account_with_another_key_believes_nothing(credentials: dict[str, str]) -> None:
    account = replace(ACCOUNT, credentials=credentials)
    for key in ("", "8767fd835ca3a4eb6f69129d71971760", None):
        assert not infocloud.verify_push(account, pushed(apiKey=key), "inbound")


def test_a_push_may_carry_another_key_while_it_changes() -> None:
    account = replace(ACCOUNT, push=PushSettings(("t" * 32,), (), {"api_key": ("", "the-previous-one")}))
    own = ACCOUNT.credentials["api_key"]
    believed = [infocloud.verify_push(account, pushed(apiKey=key), "reports") for key in (own, "the-previous-one", "")]
    assert believed == [True, True, False]


@given(st.binary())
def test_verifying_raises_nothing_but_decode_error(body: bytes) -> None:
    with contextlib.suppress(DecodeError):
        assert infocloud.verify_push(ACCOUNT, Push("POST", body=body), "inbound") is False


def test_acknowledgement() -> None:
    assert json.loads(infocloud.acknowledgement(ACCOUNT, "reports"))["code"] == 200
    account = replace(ACCOUNT, options=Options(ack="success"))
    assert infocloud.acknowledgement(account, "inbound") == "success"
    assert infocloud.acknowledgement(replace(ACCOUNT, options=Options(ack="")), "inbound") == ""
    assert json.loads(infocloud.failure(account, "reports"))["code"] == -1
