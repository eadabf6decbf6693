"""How tokens and credentials are compared, at every door: as bytes, in constant time, each of the configured ones.

That non-ASCII input is refused without an exception, and by whom, is in test_push.py and test_contract.py.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import cast
from urllib.parse import urlencode

import pytest

from smsgateway.api.serving.authenticator import Authenticator
from smsgateway.api.serving.problems import Problem
from smsgateway.codecs import VENDORS
from smsgateway.config.settings import Settings
from smsgateway.errors import DecodeError
from smsgateway.model import ADMINISTRATOR, Account, Push, PushSettings
from smsgateway.receiving.push import PushReceiver, take_push
from smsgateway.store.table import Key, Table

CURRENT, PREVIOUS = "current-token-" + "c" * 20, "previous-token-" + "p" * 20


def account(vendor: str, *tokens: str, **credentials: tuple[str, ...]) -> Account:
    own = dict.fromkeys(VENDORS[vendor].profile.credentials, "own")
    return Account(vendor, vendor, "http://vendor.example", own, push=PushSettings(tokens, (), credentials))


def token_is_good(token: str, *tokens: str) -> bool:
    """Whether a push to an address with this token is taken."""
    settings = Settings({"hbsmservice": account("hbsmservice", *tokens)}, ())
    receiver = PushReceiver(lambda: settings, lambda *_: None, lambda: 0)
    return take_push(receiver, "hbsmservice", token, "reports", Push("POST"), "192.0.2.1").status == 200


def verified(of: Account, **fields: str) -> bool:
    """Whether a push with these fields is its vendor's."""
    pusher = VENDORS[of.vendor].report_push
    assert pusher
    body = json.dumps(fields) if of.vendor == "infocloud" else urlencode(fields, errors="surrogatepass")
    try:
        return pusher.verify_push(of, Push("POST", body=body.encode(errors="surrogatepass"), at=1_000_000), "reports")
    except DecodeError:  # nobody can tell
        return False


def digest(secret: str) -> dict[str, str]:
    """heji's sign of identity (section 3.1)."""
    name = hashlib.md5(f"{secret}r1000001000".encode(errors="surrogatepass")).hexdigest()
    return {"name": name, "random": "r1", "timestamp": "000001000"}


def langyu(given: str) -> bool:
    return verified(account("langyu", pswd=(CURRENT, PREVIOUS)), pswd=given)


def heji(given: str) -> bool:
    return verified(account("heji", pwd=(CURRENT, PREVIOUS)), pwd=given)


def heji_digest(given: str) -> bool:
    return verified(account("heji", access_secret=(CURRENT, PREVIOUS)), **digest(given))


class Nobody:
    """In the table's place: it knows no client."""

    def get(self, _key: Key, *, consistent: bool) -> None:
        return None


def administrator(given: str) -> bool:
    authenticator = Authenticator(cast("Table", Nobody()), lambda: CURRENT, lambda: 0.0)
    try:
        return authenticator.client(given) is ADMINISTRATOR
    except Problem:
        return False


def infocloud(given: str) -> bool:
    of = account("infocloud")
    return verified(Account(of.name, of.vendor, of.base_url, {"api_key": CURRENT}, push=of.push), apiKey=given)


# Each door with how many secrets it is configured with.
DOORS: dict[str, tuple[Callable[[str], bool], int]] = {
    "push address": (lambda given: token_is_good(given, CURRENT, PREVIOUS), 2),
    "langyu": (langyu, 2),
    "heji": (heji, 2),
    "heji's digest": (heji_digest, 2),
    "infocloud": (infocloud, 1),
    "administrator": (administrator, 1),
}
every_door = pytest.mark.parametrize(("door", "secrets"), DOORS.values(), ids=DOORS)


@pytest.fixture(autouse=True)
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The outcome of every comparison in constant time."""
    outcomes: list[bool] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        assert (type(one), type(other)) == (bytes, bytes)
        outcomes.append(compare(one, other))
        return outcomes[-1]

    monkeypatch.setattr(hmac, "compare_digest", watched)
    return outcomes


@every_door
def test_the_current_and_the_previous_secret_are_good(door: Callable[[str], bool], secrets: int) -> None:
    assert door(CURRENT)
    assert door(PREVIOUS) is (secrets == 2)
    assert not door("x" * len(CURRENT))
    assert not door(CURRENT[:-1])


@every_door
@pytest.mark.parametrize("given", [CURRENT, PREVIOUS, "wrong", "", "密码"])
def test_every_secret_is_compared_whichever_fits(
    door: Callable[[str], bool], secrets: int, given: str, compared: list[bool]
) -> None:
    good = door(given)
    found = [outcome for outcome in compared if outcome]
    assert len(compared) >= secrets
    assert good is bool(found)
    assert len(found) <= 1


@every_door
def test_half_a_character_is_refused_without_an_exception(door: Callable[[str], bool], secrets: int) -> None:
    assert door("\ud800" * len(CURRENT)) is False


@every_door
@pytest.mark.parametrize("outcome", [True, False])
def test_nothing_but_that_comparison_decides(
    door: Callable[[str], bool], secrets: int, outcome: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hmac, "compare_digest", lambda _one, _other: outcome)
    assert door("wrong" if outcome else CURRENT) is outcome


def test_an_empty_token_is_no_token() -> None:
    assert not token_is_good("", "")
    assert not token_is_good("")
    assert token_is_good(CURRENT, "", CURRENT)


@pytest.mark.parametrize(("after", "status"), [(0, 200), (86_400, 200), (86_401, 403), (-86_401, 403)])
def test_a_digest_that_was_caught_is_good_for_a_day(after: int, status: int) -> None:
    made = 1_792_000_000
    of = account("heji", CURRENT, access_secret=("secret",))
    name = hashlib.md5(f"secretr1{made}".encode()).hexdigest()
    fields = {"name": name, "random": "r1", "timestamp": str(made), "sendid": "1", "mobile": "1", "state": "DELIVRD"}
    receiver = PushReceiver(lambda: Settings({"heji": of}, ()), lambda *_: None, lambda: (made + after) * 1000)
    push = Push("POST", body=urlencode(fields).encode())
    assert take_push(receiver, "heji", CURRENT, "reports", push, "192.0.2.1").status == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "", "pwd": "12345"}, 200),
        ({"name": "whatever", "pwd": "12345"}, 200),
        ({"name": "", "pwd": "wrong"}, 403),
        ({"name": ""}, 403),
    ],
)
def test_hejis_replies_are_taken_with_what_the_readme_configures(fields: dict[str, str], status: int) -> None:
    of = account("heji", CURRENT, access_secret=("secret",), pwd=("12345",))
    receiver = PushReceiver(lambda: Settings({"heji": of}, ()), lambda *_: None, lambda: 0)
    reply = {"args": "13800210021#@#TD#@#2013-08-21 21:20:11#@#008123"}
    push = Push("POST", body=urlencode(fields | reply).encode())
    assert take_push(receiver, "heji", CURRENT, "inbound", push, "192.0.2.1").status == status
