"""What infocloud answers: accepted, rejected and doubtful sends, and every code of the manual's table."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smsgateway import routing
from smsgateway.codecs import infocloud
from smsgateway.errors import DecodeError
from smsgateway.model import About, Accepted, Options, Reason, Refused, Rejection
from tests.unit.codecs.infocloud.given import ACCOUNT, DECODERS, SUBMISSION, answer, answered, case

# Answers to a send


@pytest.mark.parametrize(
    ("name", "msg_id"),
    [
        ("send-answer.document.json", "574730770464800768"),
        ("batch-answer.document.json", "574729305331499008"),
        ("send-answer.python-demo.json", "822515453833289728"),
    ],
)
def test_accepted(name: str, msg_id: str) -> None:
    for decode in (infocloud.decode_send, infocloud.decode_batch):
        assert decode(ACCOUNT, SUBMISSION, answered(case(name))) == Accepted((msg_id,))


def test_failed_phones_are_rejected_and_the_rest_stands() -> None:
    request_id = "(requestId 176e2bfc-a9ab-4096-ae5e-9681b9856993)"
    status = f"failPhones 部分号码提交失败 {request_id}"
    assert infocloud.decode_batch(ACCOUNT, SUBMISSION, answered(case("send-answer.failed-phones.json"))) == Accepted(
        ("0574729305331499008",),
        (
            Rejection("18137578320", Reason.INVALID_NUMBER, status),
            Rejection("18137599320", Reason.INVALID_NUMBER, status),
        ),
        f"部分号码提交失败 {request_id}",
    )


def failing(*failed: object, numbers: tuple[str, ...] = SUBMISSION.numbers, msg_id: str = "1") -> Accepted | Refused:
    """What is understood when numbers are named as failed, among those of a submission."""
    said = failed[0] if len(failed) == 1 else list(failed)
    response = answer(code=200, data={"msgId": msg_id, "failPhones": said})
    return infocloud.decode_send(ACCOUNT, replace(SUBMISSION, numbers=numbers), response)


@pytest.mark.parametrize(
    "failed",
    [
        "18500000001, 18137578320,18500000001",
        ["18500000001", "18137578320"],
        ["+86 185-0000-0001,18137578320"],
        "8618500000001,8618137578320",
        "+8618500000001，008618137578320",
        "１８５０００００００１、181****8320",
        "+86 185 0000 0001;181 3757 8320",
        "18500000001 18137578320",
        '["18500000001","18137578320"]',
        "185****0001,181****8320,185****0001",
        " 18500000001\r\n18137578320 ,",
    ],
)
def test_failed_phones_in_other_forms(failed: object) -> None:
    outcome = failing(failed)
    assert isinstance(outcome, Accepted)
    assert [rejection.number for rejection in outcome.rejected] == ["18500000001", "18137578320"]
    assert outcome.vendor_status == ""


def test_the_failed_phones_of_the_case_are_matched_however_they_are_written() -> None:
    outcome = infocloud.decode_send(ACCOUNT, SUBMISSION, answered(case("send-answer.failed-phones.written.json")))
    assert isinstance(outcome, Accepted)
    assert [rejection.number for rejection in outcome.rejected] == ["18137578320", "18137599320"]


def test_a_masked_failed_phone_that_fits_several_is_said_and_not_guessed() -> None:
    outcome = failing("181****8320,181****8320", numbers=("18137578320", "18199998320", "18500000001"))
    assert outcome == Accepted(("1",), (), "(1 of failPhones fit several of the numbers sent)")


@given(
    st.sets(st.integers(13_000_000_000, 19_999_999_999), min_size=1, max_size=8),
    st.lists(st.sampled_from(["", "86", "+86", "0086", "+86 ", "(86)"]), min_size=8, max_size=8),
    st.sampled_from([",", "，", "、", ";", " , ", "\n"]),
    st.sampled_from(["{}", "{:.3} {:.4}", "{:.3}-{:.4}"]),
)
def test_numbers_in_any_form_are_the_same_numbers(
    numbers: set[int], prefixes: list[str], between: str, form: str
) -> None:
    sent = tuple(map(str, sorted(numbers)))
    if form == "{}":
        written = [f"{prefix}{number}" for prefix, number in zip(prefixes, sent, strict=False)]
    else:
        gap = form[5]
        written = [f"{p.strip('()')}{n[:3]}{gap}{n[3:7]}{gap}{n[7:]}" for p, n in zip(prefixes, sent, strict=False)]
    assume("(" not in "".join(written))
    outcome = failing(between.join(written), numbers=(*sent, "12000000000"))
    assert isinstance(outcome, Accepted)
    assert {rejection.number for rejection in outcome.rejected} == set(sent)


@pytest.mark.parametrize("failed", [None, "", "null", ",", [], [None]])
def test_no_failed_phones(failed: object) -> None:
    response = answer(code=200, data={"msgId": "1", "failPhones": failed})
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, response) == Accepted(("1",))


def test_failed_phones_that_are_not_ours_are_counted_not_shown() -> None:
    outcome = failing("18500000001,1813757832089,185****0002")
    rejected = (Rejection("18500000001", Reason.INVALID_NUMBER, "failPhones"),)
    assert outcome == Accepted(("1",), rejected, "(2 of failPhones are none of the numbers sent)")


@pytest.mark.parametrize(
    "data", [{}, None, "", "null", {"msgId": ""}, {"msgId": None}, {"msgId": "null"}, {"msgid": "", "desc": "null"}]
)
def test_success_without_an_id_is_a_doubt(data: object) -> None:
    response = answer(code=200, message="OK", data=data, requestId="176e2bfc-a9ab")
    doubt = Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, "200 OK, without a msgId (requestId 176e2bfc-a9ab)")
    for decode in (infocloud.decode_send, infocloud.decode_batch):
        assert decode(ACCOUNT, SUBMISSION, response) == doubt


def test_success_without_data_or_message_is_a_doubt() -> None:
    doubt = Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, "200, without a msgId")
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code="200")) == doubt


def test_without_an_id_the_numbers_are_refused_only_if_all_are_named() -> None:
    everybody = ",".join(f"86{number}" for number in SUBMISSION.numbers)
    assert failing(everybody, msg_id="") == Refused(About.NUMBERS, Reason.INVALID_NUMBER, "200 failPhones")
    some = failing("18500000001,181****8320", msg_id="")
    assert some == Refused(About.UNLISTED, Reason.AMBIGUOUS_ANSWER, "200, without a msgId")
    outcome = failing(everybody)
    assert isinstance(outcome, Accepted)
    assert len(outcome.rejected) == 3


def test_ids_keep_every_digit() -> None:
    for number in ("98765432109876543210987654321", "9007199254740993", "1.50"):
        response = answered('{"code":200,"data":{"msgId":' + number + "}}")
        assert infocloud.decode_send(ACCOUNT, SUBMISSION, response) == Accepted((number,))


# Every row of the manual's table and what it is about.
ROWS = {
    "-1": (About.UNLISTED, Reason.UNLISTED_CODE),
    "2000": (About.ACCOUNT, Reason.ADDRESS_REFUSED),
    "2001": (About.ACCOUNT, Reason.CREDENTIALS_REFUSED),
    "6000": (About.MOMENT, Reason.TOO_FAST),
    "40002": (About.ACCOUNT, Reason.BALANCE_EXHAUSTED),
    "40004": (About.CONTENT, Reason.PARAMETER_REFUSED),
    "40005": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "40006": (About.CONTENT, Reason.EXTENSION_REFUSED),
    "60001": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "60002": (About.CONTENT, Reason.PARAMETER_REFUSED),
    "60003": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "60004": (About.CONTENT, Reason.CONTENT_TOO_LONG),
    "60005": (About.CONTENT, Reason.CONTENT_EMPTY),
    "60006": (About.CONTENT, Reason.TEMPLATE_REFUSED),
    "60007": (About.NUMBERS, Reason.INVALID_NUMBER),
    "60008": (About.CONTENT, Reason.PARAMETER_REFUSED),
    "60009": (About.MOMENT, Reason.BUSY),
}


def test_every_code_of_the_table_is_tested_below() -> None:
    assert infocloud.CODES.keys() == ROWS.keys()


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize("code", ROWS)
def test_refused(operation: str, code: str) -> None:
    decode = DECODERS[operation]
    about, reason = ROWS[code]
    meaning = infocloud.CODES[code][2]
    assert decode(ACCOUNT, answer(code=int(code), message="原因")) == Refused(about, reason, f"{code} {meaning} 原因")
    assert decode(ACCOUNT, answer(code=code, message=meaning, data=None)) == Refused(about, reason, f"{code} {meaning}")
    assert decode(ACCOUNT, answer(code=code)) == Refused(about, reason, f"{code} {meaning}")


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize("code", ["500", "0", "-2", "20000", "200.0", "abc"])
def test_an_unlisted_code_is_not_a_refusal(operation: str, code: str) -> None:
    data = {"msgId": "574730770464800768"}
    refused = DECODERS[operation](ACCOUNT, answer(code=code, message="无效的参数（时间戳）", data=data))
    assert refused == Refused(About.UNLISTED, Reason.UNLISTED_CODE, f"{code} 无效的参数（时间戳）")


@pytest.mark.parametrize("message", ["无效的参数（时间戳）", "x-timestamp 已过期", "Timestamp", "无效的参数（nonce）"])
@pytest.mark.parametrize("operation", DECODERS)
def test_a_clock_that_is_wrong_is_about_the_account(operation: str, message: str) -> None:
    refused = DECODERS[operation](ACCOUNT, answer(code=40004, message=message, requestId="r-1"))
    expected = Refused(About.ACCOUNT, Reason.PARAMETER_REFUSED, f"40004 参数错误 {message} (requestId r-1)")
    assert refused == expected
    assert routing.alert_for(expected) == "account_refused"


@pytest.mark.parametrize("operation", DECODERS)
@pytest.mark.parametrize(
    ("request_id", "shown"), [("2fffb7d9-6569-4501-98f0-cee3656a6c34", True), ("x" * 65, False), ("a b", False)]
)
def test_the_request_id_is_kept_with_a_refusal(operation: str, request_id: str, shown: bool) -> None:
    refused = DECODERS[operation](ACCOUNT, answer(code=6000, message="慢", requestId=request_id))
    assert isinstance(refused, Refused)
    assert (f"慢 (requestId {request_id})" in refused.vendor_status) is shown


def test_the_request_id_is_kept_with_an_answer_that_is_none() -> None:
    with pytest.raises(DecodeError) as caught:
        infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code=200, data=["?"], requestId="r-1"))
    assert caught.value.problem == "the answer's data is not an object (requestId r-1)"


def test_an_operator_may_say_what_a_code_is_about() -> None:
    codes = {"-1": About.MOMENT, "777": About.CONTENT, "2001": About.MOMENT}
    account = replace(ACCOUNT, options=Options(codes=codes))
    abouts = {}
    for code in ("-1", "777", "2001", "778"):
        refused = infocloud.decode_send(account, SUBMISSION, answer(code=code))
        assert isinstance(refused, Refused)
        abouts[code] = refused.about
    # What the manual does document is not to be changed.
    assert abouts == {"-1": About.MOMENT, "777": About.CONTENT, "2001": About.ACCOUNT, "778": About.UNLISTED}


def test_a_vendors_text_is_kept_within_bounds() -> None:
    refused = infocloud.decode_send(ACCOUNT, SUBMISSION, answer(code=6000, message="长" * 10_000))
    assert isinstance(refused, Refused)
    assert len(refused.vendor_status) < 250


# Replies


@pytest.mark.parametrize(
    ("name", "about", "reason"),
    [
        ("send-answer.without-id.json", About.UNLISTED, Reason.AMBIGUOUS_ANSWER),
        ("send-answer.clock.json", About.ACCOUNT, Reason.PARAMETER_REFUSED),
    ],
)
def test_answers_of_the_field(name: str, about: About, reason: Reason) -> None:
    refused = infocloud.decode_send(ACCOUNT, SUBMISSION, answered(case(name)))
    assert isinstance(refused, Refused)
    assert (refused.about, refused.reason) == (about, reason)
    assert refused.vendor_status.endswith("(requestId 176e2bfc-a9ab-4096-ae5e-9681b9856992)")


# Whatever else arrives


def test_an_answer_with_blanks_is_a_success_with_that_id() -> None:
    assert infocloud.decode_send(ACCOUNT, SUBMISSION, answered(case("send-answer.spaced-id.json"))) == Accepted(
        ("577",)
    )
