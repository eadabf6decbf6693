"""What is known of signatures: which of two states counts, and when an account is left out."""

from dataclasses import replace

import pytest

from smsgateway.calling.carriage import Carriage, able_accounts
from smsgateway.calling.signatures import KnownState, SignatureStates, problem_with
from smsgateway.config.settings import FilingState, Settings
from smsgateway.model import Message, Payload, Personal, Reason
from smsgateway.store.signatures import Learned, SignaturePlace
from tests.doubles import voices

NOW = 1_795_000_000_000
MOBILE, UNICOM, NOBODYS = "13800138000", "13000000000", "16000000000"
MESSAGE = Message("msg_1", "shop", "notice", 0, 1, (), 1, 0, content=Personal("您好"))


def place(carrier: str, signature: str = "示例", account: str = "a") -> SignaturePlace:
    return SignaturePlace(account, carrier, signature)


def states(*learned: SignaturePlace, **by_hand: FilingState) -> SignatureStates:
    """What was learned to be refused, and by hand by carrier; `all`: of all of them."""
    filing = {("a", "*" if carrier == "all" else carrier): state for carrier, state in by_hand.items()}
    return SignatureStates({"示例": filing}, {each: Learned(each, NOW, "116") for each in learned})


@pytest.mark.parametrize(
    ("known", "carrier", "state"),
    [
        (states(), "mobile", None),
        (states(all="filed"), "mobile", "filed"),
        (states(all="refused", mobile="filed"), "mobile", "filed"),
        (states(all="filed", mobile="refused"), "mobile", "refused"),
        (states(all="filed", mobile="refused"), "unicom", "filed"),
        (states(all="filed", mobile="refused"), "*", "filed"),
        (states(place("mobile"), mobile="filed"), "mobile", "refused"),
        (states(place("*"), mobile="filed"), "mobile", "refused"),
        (states(place("mobile"), all="filed"), "unicom", "filed"),
        (states(place("mobile"), all="filed"), "*", "filed"),
        (states(place("mobile", account="b")), "mobile", None),
        (states(place("mobile", signature="例子")), "mobile", None),
    ],
)
def test_what_was_learned_goes_first_and_a_carriers_own_state_before_that_of_all(
    known: SignatureStates, carrier: str, state: FilingState | None
) -> None:
    found = known.at(place(carrier))
    assert (found and found.state) == state


@pytest.mark.parametrize(
    ("known", "numbers", "refused"),
    [
        (states(), [MOBILE], False),
        (states(all="pending"), [MOBILE], False),
        (states(mobile="refused"), [MOBILE], True),
        (states(mobile="refused"), [UNICOM], False),
        (states(mobile="refused"), [MOBILE, UNICOM], False),
        (states(mobile="refused", unicom="refused"), [MOBILE, UNICOM], True),
        (states(mobile="refused"), [NOBODYS], False),
        (states(all="refused"), [NOBODYS, MOBILE], True),
        (states(place("*")), [NOBODYS, MOBILE, UNICOM], True),
        (states(place("mobile")), [MOBILE, UNICOM], False),
    ],
)
def test_an_account_is_left_out_where_nobody_would_get_the_message(
    known: SignatureStates, numbers: list[str], refused: bool
) -> None:
    problem = problem_with(known, "a", {"示例": numbers})
    assert (problem is not None) == refused
    assert problem is None or problem.reason == Reason.SIGNATURE_REFUSED
    assert problem_with(known, "b", {"示例": numbers}) is None
    assert problem_with(known, "a", {"示例": numbers, "例子": numbers}) is None
    assert problem_with(known, "a", {"": numbers}) is None


def test_a_problem_says_what_is_refused_and_until_when() -> None:
    by_hand = problem_with(states(mobile="refused"), "a", {"示例": [MOBILE]})
    learned = problem_with(states(place("*")), "a", {"示例": [MOBILE]})
    assert by_hand
    assert by_hand.problem == "the accounts document says that the signature 示例 is refused for mobile numbers"
    assert learned
    assert learned.problem == "the vendor refuses the signature 示例; tried again at 2026-11-25T11:06:40.000Z"


def test_the_states_of_a_message_are_those_of_its_readers() -> None:
    known = states(place("mobile"), all="pending")
    found = list(known.of_message("a", {"示例": [MOBILE, UNICOM, MOBILE], "": [MOBILE], "例子": [MOBILE]}))
    refused = KnownState(place("mobile"), "refused", Learned(place("mobile"), NOW, "116"))
    assert found == [refused, KnownState(place("unicom"), "pending"), None, None]


def test_signatures_are_those_that_recipients_read() -> None:
    account = replace(voices.account("langyu", "a"), signature="商店")
    payload = Payload((MOBILE, UNICOM), (Personal("【示例】您好"), Personal("再见")))
    assert Carriage(account, replace(MESSAGE, content=None), payload).signatures == {"示例": [MOBILE], "商店": [UNICOM]}
    assert Carriage(account, MESSAGE, Payload((MOBILE,))).signatures == {"商店": (MOBILE,)}
    assert Carriage(account, replace(MESSAGE, signature="示例"), Payload((MOBILE,))).signatures == {"示例": (MOBILE,)}
    assert Carriage(account, replace(MESSAGE, signature=""), Payload((MOBILE,))).signatures == {"": (MOBILE,)}


def test_the_next_account_is_one_with_which_the_signature_is_not_refused_by_hand() -> None:
    accounts = {name: replace(voices.account("langyu", name), signature="示例") for name in ("a", "b")}
    settings = Settings(accounts, (), signatures={"示例": {("a", "mobile"): "refused", ("b", "*"): "pending"}})
    assert able_accounts(["a", "b"], settings, MESSAGE, Payload((MOBILE,)), ()) == ("b",)
    assert able_accounts(["a", "b"], settings, MESSAGE, Payload((UNICOM,)), ()) == ("a", "b")
