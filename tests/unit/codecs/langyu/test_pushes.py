"""langyu's pushes: a delivery report, a reply or a part of one in each."""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.codecs import langyu
from smsgateway.errors import DecodeError
from smsgateway.model import Inbound, Part, Push, Reason, Report, ReportStatus
from tests.unit.codecs.given import CASES, form_push, text_of
from tests.unit.codecs.langyu.given import account, case


def pushed(name: str) -> Push:
    return form_push(name, case(name))


# Pushes


def test_the_documents_report() -> None:
    (report,) = langyu.decode_report_push(account(), pushed("report-push.document-2.3.query")).items
    assert report == Report(
        vendor_id="12345",
        number="13900210021",
        status=ReportStatus.DELIVERED,
        vendor_status="DELIVRD",
        reported_at=datetime(2010, 12, 24, 10, 2, tzinfo=BEIJING),
        raw="msgid=12345&reportTime=1012241002&mobile=13900210021&status=DELIVRD",
        listed=True,
    )


def test_a_gateways_code_is_a_failure_and_iso_times_and_extra_keys_are_read() -> None:
    (report,) = langyu.decode_report_push(account(), pushed("report-push.gateway-word.form")).items
    assert (report.status, report.vendor_status) == (ReportStatus.UNDELIVERED, "JA:0009")
    assert (report.reason, report.listed) == (Reason.NETWORK_FAILURE, False)
    assert report.vendor_id == "00123456789012345678901"
    assert report.reported_at == datetime(2010, 12, 24, 10, 2, 33, tzinfo=BEIJING)
    assert "length=2" in text_of(report)
    assert "receiver" not in text_of(report)


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("DELIVRD", ReportStatus.DELIVERED, None),
        ("MBBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("DTBLACK", ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
        ("ROUTEERR", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
        ("REJECT", ReportStatus.UNDELIVERED, Reason.CONTENT_REFUSED),
        ("DISTURB", ReportStatus.UNDELIVERED, Reason.TOO_FREQUENT),
        ("EMSERR", ReportStatus.UNDELIVERED, Reason.PARTS_MISSING),
        ("SIGNERR", ReportStatus.UNDELIVERED, Reason.SIGNATURE_REFUSED),
        ("KEYWORD", ReportStatus.UNDELIVERED, Reason.SENSITIVE_CONTENT),
        ("DELIVR", ReportStatus.UNKNOWN, None),
        ("delivrd", ReportStatus.DELIVERED, None),
        (" ＤＥＬＩＶＲＤ ", ReportStatus.DELIVERED, None),
        ("UNDELIV", ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
        ("EXPIRED", ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
        ("REJECTD", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("DELETED", ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
        ("MK:0012", ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE),
    ],
)
def test_every_report_status(word: str, status: ReportStatus, reason: Reason | None) -> None:
    push = Push("POST", body=f"msgid=1&mobile=13800138000&status={word}".encode())
    (report,) = langyu.decode_report_push(account(), push).items
    assert (report.status, report.reason, report.vendor_status) == (status, reason, word.strip())


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("1012241002", datetime(2010, 12, 24, 10, 2, tzinfo=BEIJING)),
        ("2010-12-24 10:02:03", datetime(2010, 12, 24, 10, 2, 3, tzinfo=BEIJING)),
        ("2010-12-24T10:02:03", datetime(2010, 12, 24, 10, 2, 3, tzinfo=BEIJING)),
        ("2010-12-24T02:02:03Z", datetime(2010, 12, 24, 2, 2, 3, tzinfo=UTC)),
        ("", None),
        ("1013241002", None),
        ("101224100", None),
        ("0001-01-01 00:00:00", None),
        ("yesterday", None),
    ],
)
def test_report_times(time: str, expected: datetime | None) -> None:
    push = Push("GET", query=(("msgid", "1"), ("mobile", "13800138000"), ("status", "DELIVRD"), ("reportTime", time)))
    assert langyu.decode_report_push(account(), push).items[0].reported_at == expected


@pytest.mark.parametrize("name", ["msgid", "mobile", "status"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_report_without_what_it_needs_is_an_error(name: str, method: str) -> None:
    fields = {"msgid": "1", "mobile": "13800138000", "status": "DELIVRD"}
    for wrong in ({k: v for k, v in fields.items() if k != name}, fields | {name: " "}):
        data = urlencode(wrong).encode()
        push = Push("POST", body=data) if method == "POST" else Push("GET", query=tuple(wrong.items()))
        with pytest.raises(DecodeError) as error:
            langyu.decode_report_push(account(), push)
        assert error.value.raw == data


def test_the_documents_replies() -> None:
    (reply,) = langyu.decode_inbound_push(account(), pushed("inbound-push.document-3.2.query")).items
    assert reply == Inbound(
        number="13800210021",
        text="hello",
        access_number="1065751600001",
        received_at=datetime(2012, 8, 21, 22, 5, tzinfo=BEIJING),
        raw="moTime=1208212205&destcode=1065751600001&mobile=13800210021&msg=hello",
    )
    (part,) = langyu.decode_inbound_push(account(), pushed("inbound-push.part.document-3.2.query")).items
    assert part.part == Part("255", 5, 5)
    (first,) = langyu.decode_inbound_push(account(), pushed("inbound-push.part.document-3.1.form")).items
    assert (first.part, first.text) == (Part("234", 4, 1), "您好，第一条")
    (whole,) = langyu.decode_inbound_push(account(), pushed("inbound-push.chinese.form")).items
    assert (whole.part, whole.text) == (None, "退订 TD+1 & 100%")


@pytest.mark.parametrize(
    ("access_number", "extension"),
    [("10657516", "00001"), ("1065751600001", ""), ("106575161", ""), (None, ""), ("", "")],
)
def test_the_extension_is_cut_where_the_access_number_is_known(access_number: str | None, extension: str) -> None:
    of = account(access_number=access_number)
    (reply,) = langyu.decode_inbound_push(of, pushed("inbound-push.document-3.2.query")).items
    assert (reply.access_number, reply.extension) == ("1065751600001", extension)


@pytest.mark.parametrize("head", ["", "255", "255,5", "255,5,6", "255,0,0", "255,5,0", "a,b,c", "255,5,5,5", ",5,5"])
def test_a_part_without_its_place_is_an_error(head: str) -> None:
    push = Push("POST", body=urlencode({"mobile": "13800138000", "msg": "x", "isems": "1", "emshead": head}).encode())
    with pytest.raises(DecodeError) as error:
        langyu.decode_inbound_push(account(), push)
    assert error.value.raw == push.body


def test_isems_decides_whether_a_reply_is_a_part() -> None:
    def part(**fields: str) -> Part | None:
        form = {"mobile": "13800138000", "msg": "x"} | fields
        return langyu.decode_inbound_push(account(), Push("POST", body=urlencode(form).encode())).items[0].part

    assert part(emshead="255,5,5") is None
    assert part(isems="0", emshead="255,5,5") is None
    assert part(isems="") is None
    assert part(Isems="1", emshead=" 255 , 5, 5 ") == Part("255", 5, 5)
    with pytest.raises(DecodeError):
        part(isems="2", emshead="255,5,5")


def test_a_reply_may_be_empty_but_not_without_its_text_or_sender() -> None:
    empty = Push("POST", body=b"mobile=13800138000&msg=")
    assert langyu.decode_inbound_push(account(), empty).items[0].text == ""
    for body in (b"mobile=13800138000", b"msg=hello", b"mobile=&msg=hello", b"", b"hello", b"{}"):
        with pytest.raises(DecodeError):
            langyu.decode_inbound_push(account(), Push("POST", body=body))


@pytest.mark.parametrize(
    ("mobile", "numbers"),
    [
        ("8613800138000", ["13800138000"]),
        ("+86 138-0013-8000", ["13800138000"]),
        ("１３８００１３８０００", ["13800138000"]),
        ("138****8000", ["138****8000"]),
        ("13800138000,+8613900139000", ["13800138000", "13900139000"]),
        ("13800138000，13900139000", ["13800138000", "13900139000"]),
    ],
)
def test_a_number_has_one_form(mobile: str, numbers: list[str]) -> None:
    fields = {"receiver": "admin", "msgid": "5", "mobile": mobile, "status": "DELIVRD"}
    reports = langyu.decode_report_push(account(), Push("POST", body=urlencode(fields).encode())).items
    assert [report.number for report in reports] == numbers
    assert not any("receiver" in str(report.raw) for report in reports)
    if len(numbers) == 1:
        reply = Push("GET", query=(("mobile", mobile), ("msg", "TD")))
        assert langyu.decode_inbound_push(account(), reply).items[0].number == numbers[0]


@pytest.mark.parametrize("name", ["inbound-push.gbk.query", "inbound-push.gbk.form"])
def test_bytes_of_another_charset_are_believed_and_parked(name: str) -> None:
    data = case(name)
    lossy = tuple(
        parse_qsl(data.decode("latin-1"), keep_blank_values=True, errors="replace")
    )  # as API Gateway decodes it
    push = Push("GET", query=lossy) if name.endswith(".query") else Push("POST", body=data)
    of = account(push={"receiver": ("admin",), "pswd": ("12345",)})
    assert langyu.verify_push(of, push, "inbound") is True
    with pytest.raises(DecodeError, match="bytes") as error:
        langyu.decode_inbound_push(of, push)
    assert error.value.raw == (push.body or urlencode(lossy).encode())


def test_damage_in_what_is_only_shown_costs_nothing() -> None:
    body = b"msgid=5&mobile=13800138000&status=DELIVRD&reportTime=%CD%CB&note=\xff"
    (report,) = langyu.decode_report_push(account(), Push("POST", body=body)).items
    assert (report.status, report.reported_at) == (ReportStatus.DELIVERED, None)
    assert str(report.raw).isascii()
    assert parse_qs(str(report.raw), encoding="latin-1")["note"] == ["\xff"]
    for damaged in (b"msgid=%CD", b"mobile=138%CD", b"status=DELIV%CDRD", b"status=\xef\xbf\xbd"):
        name = damaged.partition(b"=")[0]
        kept = [pair for pair in body.split(b"&")[:3] if not pair.startswith(name)]
        with pytest.raises(DecodeError):
            langyu.decode_report_push(account(), Push("POST", body=b"&".join([*kept, damaged])))


def test_text_that_is_not_utf8_is_an_error_with_its_bytes() -> None:
    for body in (b"mobile=13800138000&msg=" + quote("退订".encode("gbk")).encode(), "msg=退订".encode("gbk")):
        with pytest.raises(DecodeError) as error:
            langyu.decode_inbound_push(account(), Push("POST", body=body))
        assert error.value.raw == body


def test_the_body_counts_where_a_push_has_query_and_body() -> None:
    push = Push("POST", query=(("mobile", "1"), ("destcode", "106")), body="mobile=13800138000&msg=退订".encode())
    (reply,) = langyu.decode_inbound_push(account(), push).items
    assert (reply.number, reply.access_number, reply.text) == ("13800138000", "106", "退订")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")))  # which says: unreadable
def test_a_reply_is_read_as_it_was_written(text: str) -> None:
    push = Push("POST", body=urlencode({"mobile": "13800138000", "msg": text}).encode())
    assert langyu.decode_inbound_push(account(), push).items[0].text == text


@given(st.binary(max_size=80), st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3))
def test_any_push_is_understood_or_a_decode_error(body: bytes, query: list[tuple[str, str]]) -> None:
    push = Push("POST", query=tuple(query), body=body)
    for decoder in (langyu.decode_report_push, langyu.decode_inbound_push):
        with pytest.raises(DecodeError):
            decoder(account(), push)
    with suppress(DecodeError):
        assert langyu.verify_push(account(push={"pswd": ("12345",)}), push, "reports") is False


@pytest.mark.parametrize("name", sorted(path.name for path in (CASES / "langyu").glob("*-push.*")))
def test_a_cut_push_is_understood_or_a_decode_error(name: str) -> None:
    whole = case(name)
    decoder = langyu.decode_report_push if name.startswith("report") else langyu.decode_inbound_push
    for end in range(len(whole)):
        try:
            records = decoder(account(), Push("POST", body=whole[:end])).items
        except DecodeError:
            continue
        assert not any(getattr(record, "status", None) is ReportStatus.DELIVERED for record in records)


# Who pushes


def test_a_text_is_never_cut_at_an_ampersand() -> None:
    with pytest.raises(DecodeError):
        langyu.decode_inbound_push(account(), Push("POST", body=case("inbound-push.ampersand.form")))
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=b"mobile=13800210021&msg=A%26B&x=&")).items
    assert reply.text == "A&B"


def test_absent_fields_written_as_words_are_absent() -> None:
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=case("inbound-push.not-a-part.form"))).items
    assert (reply.part, reply.text) == (None, "TD")


@pytest.mark.parametrize("said", ["0", "00", "false", "False", "N", "no", "null", "", " 0 ", "０"])
def test_a_whole_reply_is_one_however_that_is_said(said: str) -> None:
    body = urlencode({"mobile": "13800210021", "msg": "TD", "isems": said, "emshead": "0,0,0"}).encode()
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=body)).items
    assert (reply.part, reply.text) == (None, "TD")


def test_a_part_is_one_however_that_is_said() -> None:
    (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=case("inbound-push.part.wide.form"))).items
    assert reply.part == Part(id="255", total=2, number=1)
    for said in ("1", "01", "true", "Y", "１"):
        body = urlencode({"mobile": "13800210021", "msg": "TD", "isems": said, "emshead": "255;2;1"}).encode()
        (reply,) = langyu.decode_inbound_push(account(), Push("POST", body=body)).items
        assert reply.part == Part(id="255", total=2, number=1)
