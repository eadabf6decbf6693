"""How hbsmservice is asked: the document's requests to the byte, and what cannot be carried.

"Note n" is one of tests/cases/hbsmservice/SOURCES.md.
"""

from collections.abc import Callable
from copy import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import hbsmservice
from smsgateway.errors import EncodeError
from smsgateway.ids import SubmissionKey, message_id, parse_reference
from smsgateway.model import Account, Content, Reason, Request, Submission
from tests.unit.codecs.given import fields_of
from tests.unit.codecs.hbsmservice.given import (
    ACCOUNT,
    BATCH,
    CONTENT,
    NUMBERS,
    SUBMISSION,
    case,
    report,
    report_xml,
    with_options,
)

NOW = datetime(2026, 7, 1, tzinfo=UTC)
NONCE = "01234567890123456789"


def send(submission: Submission = SUBMISSION, account: Account = ACCOUNT) -> Request:
    return hbsmservice.encode_send(account, submission, NOW, NONCE)


def batch(submission: Submission = BATCH, account: Account = ACCOUNT) -> Request:
    return hbsmservice.encode_batch(account, submission, NOW, NONCE)


@pytest.mark.parametrize(
    ("request_", "path", "body"),
    [
        (send(), "/sms_send2.do", "send.request.txt"),
        (batch(), "/hSmsSend.do", "batch.request.document-2.2.txt"),
        (hbsmservice.encode_balance(ACCOUNT, NOW, NONCE), "/sms_count2.do", "balance.request.txt"),
        (hbsmservice.encode_report_poll(ACCOUNT, NOW, NONCE), "/post_report.do", "poll.request.txt"),
        (hbsmservice.encode_inbound_poll(ACCOUNT, NOW, NONCE), "/post_deliverMsg.do", "poll.request.txt"),
    ],
    ids=["send", "batch", "balance", "report_poll", "inbound_poll"],
)
def test_requests_are_these_bytes(request_: Request, path: str, body: str) -> None:
    assert request_.method == "POST"
    assert request_.url == "http://sms.hbsmservice.com:8080" + path
    assert request_.headers == {"Content-Type": "application/x-www-form-urlencoded; charset=GBK"}
    assert request_.body == case(body)


def test_the_accounts_own_paths_count() -> None:
    account = with_options(paths={"send": "/new/send.do"})
    assert send(account=account).url == "http://sms.hbsmservice.com:8080/new/send.do"


def test_names_are_clean_and_an_empty_extension_is_there() -> None:  # note 2; 1.2
    fields = fields_of(send(replace(SUBMISSION, extension="")))
    assert fields["ext"] == ""
    assert fields["corp_msg_id"] == SUBMISSION.id
    assert all(name == name.strip() for name in fields)


def test_the_balance_has_the_tables_two_parameters() -> None:  # note 1
    assert fields_of(hbsmservice.encode_balance(ACCOUNT, NOW, NONCE)) == {"corp_id": "test", "corp_pwd": "p&w=1"}


def test_total_count_is_the_number_of_groups() -> None:  # note 8
    fields = fields_of(batch())
    records = [record.split("&split&") for record in fields["send_param"].split("&group&")]
    assert fields["total_count"] == "2" == str(len(records))
    assert fields["ctrl_param"] == "1"
    assert records == [
        [number, f"{BATCH.id}i00{place}", "256", content.full]
        for place, (number, content) in enumerate(zip(BATCH.numbers, BATCH.contents, strict=True))
    ]


def test_each_text_of_a_batch_has_an_id_that_names_its_submission() -> None:  # 2.2: 短消息序号 differs in the sample
    key = SubmissionKey(message_id(7, 7), "00003001")
    full = replace(
        BATCH, id=key.reference, numbers=tuple(f"138{n:08}" for n in range(200)), contents=BATCH.contents[:1] * 200
    )
    ids = [record.split("&split&")[1] for record in fields_of(batch(full))["send_param"].split("&group&")]
    assert len(set(ids)) == 200
    assert all(len(one) <= 50 and one.isalnum() for one in ids)
    for one in (*ids, key.reference):  # a report may be of a batch that was sent before there were any
        assert parse_reference(report(report_xml(msg_id=one)).vendor_id) == key
    longest = SubmissionKey(key.message_id, "00003" + "001" * 6)
    assert (
        fields_of(batch(replace(full, id=longest.reference)))["send_param"].count(longest.reference + "&split&") == 200
    )


def test_the_documents_batch_is_written_like_ours() -> None:  # 2.2, whose line break is the page's
    sample = "".join(case("batch.sample.document-2.2.txt").decode("gbk").splitlines()).removeprefix("send_param=")
    own = zip(("20110608122535001", "2011060812255425003"), ("256", "257"), BATCH.numbers, BATCH.contents, strict=True)
    each = (Submission(id_, (number,), (content,), extension) for id_, extension, number, content in own)
    assert "&group&".join(fields_of(batch(one))["send_param"] for one in each) == sample


@pytest.mark.parametrize(
    ("demo", "request_", "otherwise"),
    [
        ("send.request.demo-8.txt", send(), set()),
        ("batch.request.demo-9.txt", batch(), set()),
        # Note 1: the table has corp_pwd, and neither of the others.
        (
            "balance.request.demo-10.txt",
            hbsmservice.encode_balance(ACCOUNT, NOW, NONCE),
            {"corp_pwd", "pwd", "user_id"},
        ),
        ("poll.request.demo-12.txt", hbsmservice.encode_report_poll(ACCOUNT, NOW, NONCE), {"user_id"}),  # note 15
    ],
)
def test_the_demos_names_are_ours_but_for_the_known_ones(demo: str, request_: Request, otherwise: set[str]) -> None:
    names = {name.strip() for name, _ in parse_qsl(case(demo).decode("ascii"), encoding="gbk", errors="strict")}
    assert names ^ fields_of(request_).keys() == otherwise


def test_the_demos_batch_is_ours_once_it_is_filled_in() -> None:  # 9
    demo = dict(parse_qsl(case("batch.request.demo-9.txt").decode("ascii"), encoding="gbk"))
    ours = fields_of(batch())
    filled = demo["send_param"].replace("主叫扩展号", BATCH.extension)
    for index, (number, content) in enumerate(zip(BATCH.numbers, BATCH.contents, strict=True)):
        filled = (
            filled.replace("短消息序号", f"{BATCH.id}i00{index}", 1)
            .replace("手机号码", number, 1)
            .replace(f"短信内容{index}", content.full)
        )
    assert filled == ours["send_param"]
    assert (demo["total_count"], demo["ctrl_param"]) == (ours["total_count"], ours["ctrl_param"])


@pytest.mark.parametrize("encode", [send, batch])
@pytest.mark.parametrize(
    ("change", "reason", "problem"),
    [
        ({"contents": (Content("字" * 996, "示例"),)}, Reason.CONTENT_TOO_LONG, "999"),  # note 4: 1000 with brackets
        ({"contents": (Content("", "示例"),)}, Reason.CONTENT_EMPTY, "empty"),
        ({"contents": (Content(" \n"),)}, Reason.CONTENT_EMPTY, "empty"),
        ({"contents": (Content("价格 €5 😀"),)}, Reason.CONTENT_NOT_ENCODABLE, "€ 😀"),  # note 5
        ({"contents": (Content("\ud83d"),)}, Reason.CONTENT_NOT_ENCODABLE, "U+D83D"),
        ({"contents": (Content("好", "ñ"),)}, Reason.CONTENT_NOT_ENCODABLE, "ñ"),
        ({"extension": "12a"}, Reason.EXTENSION_REFUSED, "digits"),
        ({"extension": "１"}, Reason.EXTENSION_REFUSED, "digits"),
        ({"extension": "1" * 21}, Reason.EXTENSION_REFUSED, "limit"),
        ({"numbers": ("13810000001,13810000002",)}, Reason.INVALID_NUMBER, "digits"),
        ({"numbers": ("13810000001\n",)}, Reason.INVALID_NUMBER, "digits"),
        ({"numbers": ()}, Reason.PARAMETER_REFUSED, "200"),
        ({"id": "i" * 51}, Reason.PARAMETER_REFUSED, "50"),
        ({"id": ""}, Reason.PARAMETER_REFUSED, "50"),
        ({"send_at": NOW}, Reason.PARAMETER_REFUSED, "schedule"),
    ],
)
def test_what_the_protocol_cannot_carry_is_refused(
    encode: Callable[[Submission], Request], change: dict[str, Any], reason: Reason, problem: str
) -> None:
    submission = replace(replace(SUBMISSION, numbers=NUMBERS[:1]), **change)
    with pytest.raises(EncodeError) as refused:
        encode(submission)
    assert refused.value.reason is reason
    assert problem in refused.value.problem


def test_999_characters_and_200_numbers_fit() -> None:
    numbers = tuple(f"138{n:08}" for n in range(200))
    longest = Content("字" * 995, "示例")
    assert len(fields_of(send(replace(SUBMISSION, numbers=numbers, contents=(longest,))))["msg_content"]) == 999
    assert fields_of(batch(replace(BATCH, numbers=numbers, contents=(longest,) * 200)))["total_count"] == "200"
    for encode in (send, batch):
        with pytest.raises(EncodeError, match="201 numbers in one request, the limit is 200"):
            encode(replace(SUBMISSION, numbers=(*numbers, "13910000000"), contents=(CONTENT,) * 201))


def test_the_accounts_own_limit_of_recipients() -> None:
    with pytest.raises(EncodeError, match="limit is 2"):
        send(account=with_options(recipients_per_request=2))


def test_extension_and_access_number_together() -> None:  # note 5 of 2.2, note 7
    account = with_options(access_number="10657532521924")
    assert fields_of(send(replace(SUBMISSION, extension="123456"), account))["ext"] == "123456"  # 20 digits
    assert batch(replace(BATCH, extension="12345"), account)  # 19
    for encode, extension in ((send, "1234567"), (batch, "123456")):
        with pytest.raises(EncodeError) as refused:
            encode(
                replace(BATCH, contents=BATCH.contents[:1] if encode is send else BATCH.contents, extension=extension),
                account,
            )
        assert refused.value.reason is Reason.EXTENSION_REFUSED


@pytest.mark.parametrize("text", ["a&split&b", "a&group&b", "a&group", "group&a", "split&a", "a&split"])
def test_separators_cannot_be_escaped(text: str) -> None:  # note 8
    with pytest.raises(EncodeError) as refused:
        batch(replace(BATCH, contents=(CONTENT, Content(text))))
    assert refused.value.reason is Reason.CONTENT_NOT_ENCODABLE
    assert fields_of(send(replace(SUBMISSION, contents=(Content(text),))))["msg_content"] == text  # nothing to cut here


def test_a_batch_has_a_text_for_each_number() -> None:
    with pytest.raises(EncodeError, match="2 numbers, but 1 texts"):
        batch(replace(BATCH, contents=BATCH.contents[:1]))


def test_the_charset_is_the_accounts() -> None:
    emoji = replace(SUBMISSION, contents=(Content("好😀"),))
    assert fields_of(send(emoji, with_options(charset="UTF-8")), "utf-8")["msg_content"] == "好😀"
    with pytest.raises(EncodeError, match="GB2312 cannot carry: 镕"):
        send(replace(SUBMISSION, contents=(Content("镕"),)), with_options(charset="gb2312"))


@pytest.mark.parametrize("unseen", ["\ufe0f", "\u200b", "\u3164", "\u00a0"])
def test_a_character_that_no_eye_sees_is_named_by_its_code_point(unseen: str) -> None:
    with pytest.raises(EncodeError, match=rf"GBK cannot carry: U\+{ord(unseen):04X}$"):
        send(replace(SUBMISSION, contents=(Content(f"您{unseen}好"),)))


gbk_texts = st.text(st.characters(codec="gbk"), max_size=990).filter(lambda text: text.strip())
extensions = st.text("0123456789", max_size=8)


@given(gbk_texts, extensions)
def test_another_reader_gets_the_sent_values(text: str, extension: str) -> None:
    fields = fields_of(send(replace(SUBMISSION, contents=(Content(text),), extension=extension)))
    assert (fields["msg_content"], fields["ext"]) == (text, extension)
    assert fields["mobile"].split(",") == list(NUMBERS)


@given(st.lists(gbk_texts | st.sampled_from(["&", "&group", "x&", "group&", "&split&"]), min_size=1, max_size=4))
def test_another_reader_gets_the_batchs_values(texts: list[str]) -> None:
    numbers = tuple(f"138{n:08}" for n in range(len(texts)))
    contents = tuple(Content(text) for text in texts)
    try:
        request = batch(replace(BATCH, numbers=numbers, contents=contents))
    except EncodeError as error:
        assert error.reason is Reason.CONTENT_NOT_ENCODABLE  # noqa: PT017
        return
    records = [record.split("&split&") for record in fields_of(request)["send_param"].split("&group&")]
    assert [(record[0], record[3]) for record in records] == list(zip(numbers, texts, strict=True))
