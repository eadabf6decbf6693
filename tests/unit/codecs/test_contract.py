"""What holds for every vendor of the registry, whatever its protocol; and what is missing of one, in words."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import mypy.api
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import VENDORS
from smsgateway.codecs.base import TakesPushes
from smsgateway.config.options import OPTIONS
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import (
    About,
    Accepted,
    Account,
    Content,
    Inbound,
    Kind,
    Options,
    Page,
    Push,
    PushSettings,
    Reason,
    Refused,
    Report,
    ReportStatus,
    Request,
    Response,
    Submission,
)
from tests.doubles import voices
from tests.doubles.samples import samples
from tests.tools.vendors import lacking

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 1, 2, tzinfo=UTC)
NONCE = "12345678901234567890"
NUMBERS = ("13800138000", "13900139000")
CAPABILITIES = ("batch", "report_poll", "inbound_poll", "statistics", "health")
KINDS: tuple[Kind, ...] = ("reports", "inbound")
SECRET = "s3cret"  # part of every secret below

GARBAGE = {
    "empty": b"",
    "white space": b" \r\n",
    "a page": b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>0</body></html>",
    "a megabyte": b"x" * 1_048_576,
    "a megabyte of digits": b"1" * 1_048_576,
    "nested without end": b"[" * 200_000,
    "UTF-16": "提交成功".encode("utf-16"),
    "no charset at all": b"\xff\xfe\xff\x80\x81",
    "zeros": b"\0" * 100,
    "null": b"null",
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "cut JSON": b'{"code": "200", "da',
    "cut XML": b'<?xml version="1.0" encoding="GBK" ?><reports><report><corp_id>',
}


def account(name: str, **options: Any) -> Account:
    profile = VENDORS[name].profile
    return Account(
        name=f"{name}-main",
        vendor=name,
        base_url="http://vendor.example",
        credentials={key: f"{key}-{SECRET}" for key in profile.credentials},
        push=PushSettings((f"token-{SECRET}",), (), {key: (f"{key}-{SECRET}",) for key in profile.push_credentials}),
        options=Options(**{**samples(name).OPTIONS, **options}),
    )


def accepted_answer(name: str) -> bytes:
    """A success of sending to NUMBERS, whose every byte counts."""
    says = samples(name)
    return says.accepted(("5010203", "5010204")[: says.ids(len(NUMBERS))], len(NUMBERS)).strip()


def unlisted_answer(name: str) -> bytes:
    """An answer with a code that the document has not."""
    return samples(name).refused(samples(name).UNLISTED)


def submission(text: str = "您好", numbers: tuple[str, ...] = NUMBERS, contents: int = 1) -> Submission:
    return Submission(id="sub_1", numbers=numbers, contents=(Content(text),) * contents)


def decoders(name: str, of: Account) -> Iterator[tuple[str, Callable[[bytes], Any]]]:
    """Every decoder of a vendor, by operation, as a function of an answer's or push's body."""
    vendor = VENDORS[name]
    one, two = submission(), submission(contents=2)
    yield "send", lambda body: vendor.send.decode_send(of, one, Response(200, body=body))
    yield "balance", lambda body: vendor.balance.decode_balance(of, Response(200, body=body))
    if batch := vendor.batch:
        yield "batch", lambda body: batch.decode_batch(of, two, Response(200, body=body))
    if reports := vendor.report_poll:
        yield "report_poll", lambda body: reports.decode_report_poll(of, Response(200, body=body))
    if inbound := vendor.inbound_poll:
        yield "inbound_poll", lambda body: inbound.decode_inbound_poll(of, Response(200, body=body))
    if statistics := vendor.statistics:
        yield "statistics", lambda body: statistics.decode_statistics(of, Response(200, body=body))
    if health := vendor.health:
        yield "health", lambda body: health.decode_health(of, Response(200, body=body))
    if report_push := vendor.report_push:
        yield "report_push", lambda body: report_push.decode_report_push(of, Push("POST", body=body))
    if inbound_push := vendor.inbound_push:
        yield "inbound_push", lambda body: inbound_push.decode_inbound_push(of, Push("POST", body=body))


def requests(name: str, of: Account) -> Iterator[tuple[str, Request]]:
    """Every request that can be made of a vendor, by operation."""
    vendor = VENDORS[name]
    yield "send", vendor.send.encode_send(of, submission(), NOW, NONCE)
    yield "send to one number", vendor.send.encode_send(of, submission(numbers=NUMBERS[:1]), NOW, NONCE)
    yield "balance", vendor.balance.encode_balance(of, NOW, NONCE)
    if vendor.batch:
        yield "batch", vendor.batch.encode_batch(of, submission(contents=2), NOW, NONCE)
    if vendor.report_poll:
        yield "report_poll", vendor.report_poll.encode_report_poll(of, NOW, NONCE)
    if vendor.inbound_poll:
        yield "inbound_poll", vendor.inbound_poll.encode_inbound_poll(of, NOW, NONCE)
    if vendor.statistics:
        day = date(2026, 1, 1)
        yield "statistics", vendor.statistics.encode_statistics(of, NOW, NONCE, day, day, 1)
    if vendor.health:
        yield "health", vendor.health.encode_health(of, NOW, NONCE)


# One that lacks something is told what, once; what holds for the others is not asked of it.
COMPLETE = [name for name in VENDORS if not list(lacking(name))]
every_vendor = pytest.mark.parametrize("name", COMPLETE)


# The registry


@pytest.mark.parametrize("name", VENDORS)
def test_nothing_of_a_vendor_is_missing(name: str) -> None:
    assert not (found := list(lacking(name))), "\n" + "\n".join(found)


def test_the_registry_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        VENDORS["other"] = VENDORS[next(iter(VENDORS))]  # type: ignore[index]


@every_vendor
def test_the_profile_agrees_with_the_capabilities(name: str) -> None:
    vendor, profile = VENDORS[name], VENDORS[name].profile
    has = {"send", "balance"} | {capability for capability in CAPABILITIES if getattr(vendor, capability)}
    assert has <= set(profile.paths), f"PROFILE.paths of {name} lacks an address of {has - set(profile.paths)}"
    assert all(path == "" or path.startswith("/") for path in profile.paths.values())
    assert profile.credentials, f"PROFILE.credentials of {name} names nothing"
    assert (profile.batch > 0) is (vendor.batch is not None), f"PROFILE.batch of {name}: numbers a personalised request"
    assert profile.recipients >= 100
    assert set(profile.pace) <= has, f"PROFILE.pace of {name} names what is no operation of it"
    assert all(seconds > 0 for seconds in profile.pace.values())
    known = {each for each, option in OPTIONS.items() if option.of_some}
    assert profile.options <= known, f"PROFILE.options of {name}: config/options.py has no {profile.options - known}"
    assert not (profile.push_credentials or profile.push_proof) or vendor.report_push or vendor.inbound_push
    assert vendor.report_push or vendor.report_poll, f"{name} tells its reports in no way"
    assert vendor.inbound_push or vendor.inbound_poll, f"{name} tells its replies in no way"


@every_vendor
def test_the_limits_are_the_documents(name: str) -> None:
    profile = VENDORS[name].profile
    assert (profile.recipients, profile.batch) == samples(name).LIMITS


MISSING_CAPABILITY = """
from smsgateway.codecs import qixintong
from smsgateway.codecs.base import Vendor

Vendor(send=qixintong, balance=qixintong, report_poll=qixintong{extra})
"""


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [("", None), (", report_push=qixintong", 'Argument "report_push" to "Vendor" has incompatible type')],
)
def test_registering_a_capability_that_a_module_lacks_is_a_type_error(
    extra: str, complaint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(MISSING_CAPABILITY.format(extra=extra))
    monkeypatch.chdir(ROOT)
    output, errors, status = mypy.api.run(["--config-file", "pyproject.toml", str(snippet)])
    assert errors == ""
    assert status == (1 if complaint else 0), output
    assert complaint is None or complaint in output


# Requests


@every_vendor
def test_requests_are_ready_for_the_wire(name: str) -> None:
    for operation, request in requests(name, account(name)):
        assert request.url.startswith("http://vendor.example"), operation
        assert request.url.isascii(), operation
        assert request.method == "POST" or not request.body, operation
        assert all(value.isascii() for pair in request.headers.items() for value in pair), operation


@every_vendor
def test_paths_are_the_accounts_to_choose(name: str) -> None:
    """An operation may have several addresses, as one for a single number: each is in the profile, and is used."""
    own = {operation: f"/own/{operation}" for operation in VENDORS[name].profile.paths}
    asked = {request.url.partition("?")[0] for _, request in requests(name, account(name, paths=own))}
    assert asked == {f"http://vendor.example{path}" for path in own.values()}


@every_vendor
def test_encoding_is_pure(name: str) -> None:
    assert list(requests(name, account(name))) == list(requests(name, account(name)))


@every_vendor
@pytest.mark.parametrize("text", ["", "a\ud83d", "\ude00", "字" * 3000])
def test_what_no_vendor_can_carry_is_an_encode_error(name: str, text: str) -> None:
    vendor, of = VENDORS[name], account(name)
    with pytest.raises(EncodeError) as sent:
        vendor.send.encode_send(of, submission(text), NOW, NONCE)
    assert sent.value.reason in {Reason.CONTENT_EMPTY, Reason.CONTENT_NOT_ENCODABLE, Reason.CONTENT_TOO_LONG}
    if vendor.batch:
        with pytest.raises(EncodeError):
            vendor.batch.encode_batch(of, submission(text, contents=2), NOW, NONCE)


WHITE_SPACE = [character for character in map(chr, range(sys.maxunicode + 1)) if character.isspace()]


@every_vendor
@given(text=st.text(st.sampled_from(WHITE_SPACE), max_size=10), signature=st.sampled_from(["", "示例"]))
def test_a_text_of_nothing_but_white_space_is_refused_whatever_its_signature(
    name: str, text: str, signature: str
) -> None:
    vendor, blank = VENDORS[name], dataclasses.replace(submission(), contents=(Content(text, signature),))
    with pytest.raises(EncodeError) as sent:
        vendor.send.encode_send(account(name), blank, NOW, NONCE)
    assert sent.value.reason is Reason.CONTENT_EMPTY


@every_vendor
def test_numbers_over_the_limit_or_none_or_separators_are_an_encode_error(name: str) -> None:
    vendor, of = VENDORS[name], account(name)
    too_many = ("13800138000",) * (vendor.profile.recipients + 1)
    for numbers in ((), too_many, ("13800138000,13900139000",), ("13800138000;1",), ("１３８００１３８０００",)):
        with pytest.raises(EncodeError):
            vendor.send.encode_send(of, submission(numbers=numbers), NOW, NONCE)


# Answers and pushes


@every_vendor
def test_landlines_are_for_vendors_whose_document_speaks_of_them(name: str) -> None:
    vendor, of = VENDORS[name], account(name)
    encoders = [vendor.send.encode_send, *([vendor.batch.encode_batch] if vendor.batch else [])]
    for encode in encoders:
        mixed = submission(
            numbers=("13800138000", "075580808080"), contents=2 if encode != vendor.send.encode_send else 1
        )
        if vendor.profile.landlines:
            assert b"075580808080" in encode(of, mixed, NOW, NONCE).body
            continue
        with pytest.raises(EncodeError) as refused:
            encode(of, mixed, NOW, NONCE)
        assert refused.value.reason == Reason.LANDLINE
        assert "075580808080" not in refused.value.problem


@every_vendor
@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_a_decode_error_with_its_bytes(name: str, kind: str) -> None:
    for operation, decode in decoders(name, account(name)):
        with pytest.raises(DecodeError) as error:
            decode(GARBAGE[kind])
        assert error.value.raw == GARBAGE[kind], operation


@every_vendor
@given(body=st.binary(max_size=100) | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_raise_nothing_but_decode_error(name: str, body: bytes) -> None:
    for _, decode in decoders(name, account(name)):
        with suppress(DecodeError):
            answer = decode(body)
            assert isinstance(answer, Accepted | Refused | Page | tuple | bool)
            assert not isinstance(answer, Accepted) or body.lstrip().startswith(accepted_answer(name)[:1])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@every_vendor
@given(value=json_values)
def test_any_json_raises_nothing_but_decode_error(name: str, value: object) -> None:
    for _, decode in decoders(name, account(name)):
        with suppress(DecodeError):
            assert not isinstance(decode(json.dumps(value).encode()), Accepted)


@every_vendor
def test_any_status_but_those_of_its_answers_is_a_decode_error(name: str) -> None:
    vendor, of = VENDORS[name], account(name)
    allowed = vendor.send.encode_send(of, submission(), NOW, NONCE).statuses
    for status in {200, 204, 301, 400, 404, 500} - allowed:
        with pytest.raises(DecodeError):
            vendor.send.decode_send(of, submission(), Response(status, body=accepted_answer(name)))


@every_vendor
def test_a_cut_success_is_never_a_whole_one(name: str) -> None:
    whole = accepted_answer(name)
    decode = dict(decoders(name, account(name)))["send"]
    complete = decode(whole)
    assert isinstance(complete, Accepted)
    for end in range(len(whole)):
        with suppress(DecodeError):
            cut = decode(whole[:end])
            # A text at the end, which is only shown, is the one thing that may be missing without changing the answer.
            assert cut != complete or not whole[end - 1 :].isascii() or whole[end - 1 :].startswith(b",")
            assert isinstance(cut, Accepted) or cut.about is About.UNLISTED


@every_vendor
def test_an_unlisted_code_is_shown_and_means_what_the_account_says(name: str) -> None:
    code, body = samples(name).UNLISTED, unlisted_answer(name)
    for about in (None, About.MOMENT, About.ACCOUNT, About.CONTENT, About.NUMBERS):
        of = account(name, codes={code: about} if about else {})
        for operation, decode in decoders(name, of):
            if operation in ("health", "report_push", "inbound_push"):
                continue
            answer = decode(body)
            assert isinstance(answer, Refused), operation
            assert answer.about is (about or About.UNLISTED), operation
            assert answer.reason is Reason.UNLISTED_CODE, operation
            assert answer.vendor_status.startswith(code), operation


# Who pushes

PUSHES = [(name, kind) for name in COMPLETE for kind in KINDS if voices.pushes(name, kind)]
PROVED = [(name, kind) for name, kind in PUSHES if kind in samples(name).PROVED]
every_push = pytest.mark.parametrize(("name", "kind"), PUSHES)
every_proved_push = pytest.mark.parametrize(("name", "kind"), PROVED)
NAMES = {"random", "timestamp", "apiKey", *(field for name in COMPLETE for field in samples(name).PUSH_CREDENTIALS)}


def pusher_of(name: str, kind: Kind) -> TakesPushes:
    pusher = VENDORS[name].report_push if kind == "reports" else VENDORS[name].inbound_push
    assert pusher
    return pusher


def pushed(of: Account, kind: Kind, word: str = "") -> bytes:
    """The body of a push of one record, proved with the account's credentials."""
    says = samples(of.vendor)
    if kind == "reports":
        record = says.report("push", NUMBERS[0], "5", word or says.WORDS["delivered"], says.TIME)
    else:
        record = says.reply(NUMBERS[0], "TD", says.TIME)
    return says.page(kind, "push", [record], of)


def knowing(of: Account, secret: str) -> Account:
    """The account, all of whose secrets are this one."""
    secrets = dict.fromkeys(samples(of.vendor).PUSH_CREDENTIALS, (secret,))
    return dataclasses.replace(
        of, credentials=dict.fromkeys(of.credentials, secret), push=PushSettings(("token",), (), secrets)
    )


def wrong_pushes(name: str, kind: Kind) -> Iterator[Push]:
    """Pushes in every form that carry wrong, empty, odd or no credentials."""
    yield Push("POST", body=pushed(knowing(account(name), "wrong"), kind))
    for value in ("wrong", "", "密码", "\0", "null", "１", "x" * 100_000):
        fields = dict.fromkeys(NAMES, value)
        yield Push("POST", body=urlencode(fields).encode())
        yield Push("GET", query=tuple(fields.items()))
        yield Push("POST", body=json.dumps(fields).encode())
    yield Push("GET", query=tuple(dict.fromkeys(NAMES, "\ud800").items()))
    for other in (b'{"apiKey": null}', b'{"apiKey": {}}', b'{"apiKey": "\\ud800"}', b"[1]", *GARBAGE.values()):
        yield Push("POST", body=other)


def believed(pusher: TakesPushes, of: Account, push: Push, kind: Kind) -> bool:
    """Whether a push counts as its vendor's. One that cannot be read does not, and its bytes are kept."""
    try:
        return pusher.verify_push(of, push, kind)
    except DecodeError as error:
        assert push.method == "GET" or error.raw == push.body  # noqa: PT017
        return False


@every_push
def test_a_push_with_its_proof_is_believed(name: str, kind: Kind) -> None:
    """And one of a kind that proves nothing, without any."""
    of = voices.account(name)
    assert pusher_of(name, kind).verify_push(of, Push("POST", body=pushed(of, kind)), kind)


@every_push
def test_whose_pushes_prove_nothing_is_said(name: str, kind: Kind) -> None:
    believed_bare = believed(pusher_of(name, kind), account(name), Push("POST", body=b""), kind)
    assert believed_bare is (kind not in samples(name).PROVED), f"tests/vendors/{name}.py, PROVED: {kind}"


@every_proved_push
def test_wrong_credentials_are_refused(name: str, kind: Kind) -> None:
    for push in wrong_pushes(name, kind):
        assert not believed(pusher_of(name, kind), account(name), push, kind)


@every_proved_push
def test_an_empty_secret_is_no_secret(name: str, kind: Kind) -> None:
    of = account(name)
    empty = dataclasses.replace(
        of,
        credentials=dict.fromkeys(of.credentials, ""),
        push=PushSettings(("token",), (), dict.fromkeys(VENDORS[name].profile.push_credentials, ("",))),
    )
    for push in (*wrong_pushes(name, kind), Push("POST", body=pushed(knowing(of, ""), kind))):
        assert not believed(pusher_of(name, kind), empty, push, kind)


@every_proved_push
def test_wrong_credentials_that_can_be_read_leave_no_doubt(name: str, kind: Kind) -> None:
    of = account(name)
    wrong = Push("POST", body=pushed(knowing(of, "wrong"), kind))
    assert pusher_of(name, kind).verify_push(of, wrong, kind) is False


@every_proved_push
def test_bytes_that_cannot_be_read_leave_doubt(name: str, kind: Kind) -> None:
    for body in (GARBAGE["no charset at all"], b"\xff" + GARBAGE["cut JSON"]):
        with pytest.raises(DecodeError) as error:
            pusher_of(name, kind).verify_push(account(name), Push("POST", body=body), kind)
        assert error.value.raw == body


@every_push
@given(body=st.binary(max_size=100), query=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3))
def test_verifying_raises_nothing_but_decode_error(
    name: str, kind: Kind, body: bytes, query: list[tuple[str, str]]
) -> None:
    push = Push("POST", query=tuple(query), body=body)
    assert believed(pusher_of(name, kind), account(name), push, kind) in (True, False)


def damaged_pushes(name: str, kind: Kind) -> Iterator[Push]:
    """Pushes that would be understood, with damage in the credentials or without them."""
    of = account(name)
    damages = (b"\xff", b"%CD%CB", b"\xcd\xcb")
    for damage in damages:
        yield Push("POST", body=pushed(knowing(of, "THE-SECRET"), kind).replace(b"THE-SECRET", damage))
    bare = samples(name).page(kind, "push", [samples(name).report("push", NUMBERS[0], "5", "DELIVRD", "1")])
    for damage in damages:
        yield Push("POST", body=bare + b"&note=1" + damage)
        for field in sorted(samples(name).PUSH_CREDENTIALS):
            yield Push("POST", body=bare + b"&" + field.encode() + b"=" + damage)
    yield Push("GET", query=(("msgid", "5"), ("mobile", "13800138000"), ("status", "DELIVRD"), ("pswd", "\ufffd")))
    record = b'{"msgId":"577","tel":"13800138000","arriveResult":"DELIVRD"}'
    yield Push("POST", body=b'{"data":[%s,{"]}' % record)
    yield Push("POST", body=b'{"api\xffKey":"k","data":[%s,{]}' % record)


def read_push(name: str, kind: Kind, of: Account, push: Push) -> Page[Any]:
    vendor = VENDORS[name]
    reports, inbound = vendor.report_push, vendor.inbound_push
    if kind == "reports" and reports:
        return reports.decode_report_push(of, push)
    assert inbound
    return inbound.decode_inbound_push(of, push)


@every_proved_push
def test_what_nobody_can_tell_the_sender_of_is_not_acted_on(name: str, kind: Kind) -> None:
    of, doubtful = account(name), 0
    for push in damaged_pushes(name, kind):
        try:
            assert not pusher_of(name, kind).verify_push(of, push, kind)
        except DecodeError:
            doubtful += 1
            with pytest.raises(DecodeError):
                read_push(name, kind, of, push)
    assert doubtful >= 2


@every_push
def test_acknowledgement_and_failure_differ(name: str, kind: Kind) -> None:
    pusher = pusher_of(name, kind)
    assert pusher.acknowledgement(account(name), kind) != pusher.failure(account(name), kind)


# Secrets


@every_vendor
def test_no_secret_shows(name: str) -> None:
    """Neither in a repr of what is passed around nor in the text of an error."""
    of, vendor = account(name), VENDORS[name]
    shown = [repr(of), repr(of.push), *(repr(request) for _, request in requests(name, of))]
    for text, numbers in (("", NUMBERS), ("\ud83d", NUMBERS), ("字" * 3000, NUMBERS), ("您好", ()), ("您好", ("1,2",))):
        with pytest.raises(EncodeError) as encode_error:
            vendor.send.encode_send(of, submission(text, numbers), NOW, NONCE)
        shown += [repr(encode_error.value), str(encode_error.value)]
    reflected = "&".join([*of.credentials.values(), f"pswd-{SECRET}"]).encode()
    for _, decode in decoders(name, of):
        with pytest.raises(DecodeError) as decode_error:
            decode(reflected)
        shown += [repr(decode_error.value), str(decode_error.value)]
    assert not [text for text in shown if SECRET in text]


@every_vendor
def test_credentials_that_no_charset_carries_are_an_error_without_them(name: str) -> None:
    of = account(name)
    odd = dataclasses.replace(of, credentials=dict.fromkeys(of.credentials, f"\ud800-{SECRET}"))
    with pytest.raises(EncodeError) as error:
        VENDORS[name].send.encode_send(odd, submission(), NOW, NONCE)
    assert SECRET not in repr(error.value)


def test_numbers_and_texts_do_not_show_in_a_repr() -> None:
    report = Report("1", "13800138000", ReportStatus.DELIVERED, "DELIVRD", raw="13800138000")
    reply = Inbound("13800138000", "退订", raw="退订")
    push = Push("GET", query=(("mobile", "13800138000"), ("msg", "退订")), body="退订".encode())
    for shown in map(repr, (report, reply, submission("退订"), push, Response(200, body="退订".encode()))):
        assert "13800138000" not in shown
        assert "退订" not in shown
