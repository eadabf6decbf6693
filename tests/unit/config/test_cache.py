"""The accounts in use: how old they may be, and what happens while the newest document is wrong."""

import json
import traceback

import pytest

from smsgateway.config.cache import AccountsCache
from smsgateway.errors import ConfigurationError
from tests.unit.config.given import (
    DOCUMENT,
    HB,
    SECRET,
    changed,
    drop,
    put,
)


class Secret:
    """A secret whose text can change or fail, and the clock beside it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.error: Exception | None = None
        self.fetched = 0
        self.now = 1000.0

    def fetch(self) -> str:
        self.fetched += 1
        if self.error is not None:
            raise self.error
        return self.text

    def cache(self) -> AccountsCache:
        return AccountsCache(self.fetch, lambda: self.now)


def test_accounts_are_fetched_once_a_minute() -> None:
    secret = Secret(json.dumps(DOCUMENT))
    cache = secret.cache()
    assert secret.fetched == 0
    first = cache.get()
    secret.now += 59.9
    assert cache.get() is first
    assert secret.fetched == 1
    secret.text = '{"accounts": []}'
    secret.now += 0.1
    assert cache.get().accounts == {}
    assert secret.fetched == 2


def test_refresh_fetches_at_once() -> None:
    secret = Secret(json.dumps(DOCUMENT))
    cache = secret.cache()
    cache.get()
    secret.text = changed(put(HB, "credentials.corp_pwd", "new"))
    assert cache.refresh().accounts["hb-main"].credentials["corp_pwd"] == "new"
    assert cache.get().accounts["hb-main"].credentials["corp_pwd"] == "new"
    assert secret.fetched == 2


def test_wrong_document_leaves_the_last_good_one_in_use_and_shows_why() -> None:
    secret = Secret(json.dumps(DOCUMENT))
    cache = secret.cache()
    good = cache.get()
    assert cache.problem is None
    secret.text = changed(drop(HB, "name"))
    secret.now += 60
    assert cache.get() is good
    assert cache.problem is not None
    assert cache.problem.path == "accounts[0].name"
    assert cache.get() is good
    assert secret.fetched == 2
    secret.text = json.dumps(DOCUMENT)
    secret.now += 60
    assert cache.get() == good
    assert cache.problem is None


def test_failing_fetch_leaves_the_last_good_one_in_use() -> None:
    secret = Secret(json.dumps(DOCUMENT))
    cache = secret.cache()
    good = cache.get()
    secret.error = RuntimeError(SECRET)
    assert cache.refresh() is good
    assert str(cache.problem) == "document: cannot be fetched (RuntimeError)"


@pytest.mark.parametrize("error", [None, RuntimeError(SECRET)])
def test_without_a_good_document_the_problem_is_raised_every_time(error: Exception | None) -> None:
    secret = Secret("{" + SECRET)
    secret.error = error
    cache = secret.cache()
    for attempt in (1, 2):
        with pytest.raises(ConfigurationError) as caught:
            cache.get()
        assert SECRET not in "".join(traceback.format_exception(caught.value))
        assert secret.fetched == attempt
    secret.error, secret.text = None, '{"accounts": []}'
    assert cache.get().accounts == {}


def test_loopback_vendors_are_the_stacks_decision() -> None:
    text = changed(put(HB, "base_url", "http://127.0.0.1:8080"))
    assert AccountsCache(lambda: text, lambda: 0.0, allow_loopback=True).get().accounts
    with pytest.raises(ConfigurationError):
        AccountsCache(lambda: text, lambda: 0.0).get()
