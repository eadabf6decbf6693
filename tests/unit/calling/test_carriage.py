"""How an account carries a message: what is read, in which requests, of how many segments, and whether it can."""

from dataclasses import replace
from typing import Any

import pytest

from smsgateway.calling import encoding
from smsgateway.calling.carriage import Carriage, able_accounts
from smsgateway.codecs import VENDORS
from smsgateway.config.settings import Settings
from smsgateway.ids import MOST_CHILDREN
from smsgateway.model import Message, Options, Payload, Personal, Reason
from tests.doubles import voices
from tests.doubles.world import numbers

MESSAGE = Message("msg_1", "shop", "notice", 0, 1, (), 1, 0, content=Personal("您好"))
PERSONAL = replace(MESSAGE, content=None)
every_vendor = pytest.mark.parametrize("vendor", VENDORS)


def carriage(vendor: str, payload: Payload, message: Message = MESSAGE, **options: Any) -> Carriage:
    account = voices.account(vendor)
    return Carriage(replace(account, options=replace(account.options, **options)), message, payload)


def texts(count: int) -> Payload:
    return Payload(numbers(count), tuple(Personal(f"您好{index}") for index in range(count)))


@every_vendor
def test_the_parts_are_the_payload_in_as_few_requests_as_the_account_allows(vendor: str) -> None:
    parts = carriage(vendor, Payload(numbers(7)), recipients_per_request=3).parts
    assert [len(part.numbers) for part in parts] == [3, 3, 1]
    assert tuple(number for part in parts for number in part.numbers) == numbers(7)


@every_vendor
def test_texts_share_a_request_where_the_vendor_has_one_for_that(vendor: str) -> None:
    carried = carriage(vendor, texts(3), PERSONAL)
    assert len(carried.parts) == (1 if VENDORS[vendor].batch else 3)
    contents = [content for part in carried.parts for content in carried.submission(part, "r").contents]
    assert [content.text for content in contents] == ["您好0", "您好1", "您好2"]


@every_vendor
def test_segments_are_those_of_the_text_under_the_accounts_signature(vendor: str) -> None:
    signature = len(f"【{voices.account(vendor).signature}】")
    payload = Payload(numbers(2), (Personal("字" * (70 - signature)), Personal("字" * (71 - signature))))
    carried = carriage(vendor, payload, PERSONAL)
    assert carried.segments == dict(zip(numbers(2), (1, 2), strict=True))
    assert carried.segments_of(payload) == 3
    assert carried.segments_of(payload.part(1, 2)) == 2


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (replace(MESSAGE, content=Personal("\u200b")), Reason.CONTENT_EMPTY),
        (replace(MESSAGE, content=Personal("\N{GRINNING FACE}")), Reason.CONTENT_NOT_ENCODABLE),
        (replace(MESSAGE, extension="x"), Reason.EXTENSION_REFUSED),
    ],
    ids=["nothing to be seen", "no character of its charset", "extension"],
)
def test_what_an_account_cannot_carry_is_a_problem(message: Message, reason: Reason) -> None:
    problem = carriage("qixintong", Payload(numbers(1)), message).problem
    assert problem
    assert problem.reason == reason


def test_each_property_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broadcast has 50,000 texts, and several ask what its requests are."""
    encodes, calls = encoding.encode, list[str]()

    def counted(account: Any, submission: Any, *args: Any, **options: Any) -> Any:
        calls.extend(submission.numbers)
        return encodes(account, submission, *args, **options)

    monkeypatch.setattr(encoding, "encode", counted)
    carried = carriage("langyu", texts(3), PERSONAL)
    for _ in range(2):
        assert carried.problem is None
        assert carried.parts is carried.parts
        assert carried.segments is carried.segments
    assert calls == list(numbers(3))


def test_the_first_contents_are_shown_each_with_its_number() -> None:
    assert [(number, content.text) for number, content in carriage("langyu", texts(3), PERSONAL).contents(2)] == [
        (numbers(1)[0], "您好0"),
        (numbers(2)[1], "您好1"),
    ]
    ((number, content),) = carriage("langyu", Payload(numbers(3))).contents(2)
    assert (number, content.text) == (None, "您好")


def test_the_able_accounts_are_those_that_can_carry_it() -> None:
    accounts = {name: voices.account(name, name) for name in VENDORS}
    small = replace(accounts["heji"], options=Options(recipients_per_request=1))
    names, payload = [*VENDORS, "gone"], Payload(numbers(1))
    assert able_accounts(names, Settings(accounts, ()), MESSAGE, payload, ()) == tuple(VENDORS)
    assert able_accounts(names, Settings(accounts, ()), MESSAGE, payload, ("heji",)) == tuple(
        n for n in VENDORS if n != "heji"
    )
    emoji = replace(MESSAGE, content=Personal("\N{GRINNING FACE}"))
    assert "qixintong" not in able_accounts(names, Settings(accounts, ()), emoji, payload, ())
    many = Payload(numbers(MOST_CHILDREN + 1))
    assert able_accounts(["heji"], Settings({"heji": small}, ()), MESSAGE, many, ()) == ()
