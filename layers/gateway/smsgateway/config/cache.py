"""The accounts in use: fetched from the secret once a minute, and kept while the newest document is wrong."""

from collections.abc import Callable
from contextlib import suppress

from smsgateway.config.accounts import parse_accounts
from smsgateway.config.settings import Settings
from smsgateway.errors import ConfigurationError

CACHE_SECONDS = 60
DOUBT_SECONDS = 5  # between two fetches for those who are in doubt about what is cached


class AccountsCache:
    """The accounts in use: the last good document, fetched at most once in CACHE_SECONDS unless it is refreshed.

    `fetch` returns the secret's text, and `previous` the text before it, for a process that starts while the newest
    document is wrong. `clock` returns seconds (clock.py, `lasting`). `problem` says why the newest document is not the
    one in use; it is None while it is.
    """

    def __init__(
        self,
        fetch: Callable[[], str],
        clock: Callable[[], float],
        *,
        previous: Callable[[], str] | None = None,
        allow_loopback: bool = False,
    ) -> None:
        self.problem: ConfigurationError | None = None
        self._fetch = fetch
        self._previous = previous
        self._clock = clock
        self._allow_loopback = allow_loopback
        self._good: Settings | None = None
        self._fetched_at = 0.0

    def get(self) -> Settings:
        """The accounts in use. Raises ConfigurationError as long as there has never been a good document."""
        if self._good is None or self._clock() - self._fetched_at >= CACHE_SECONDS:
            return self.refresh()
        return self._good

    def newest(self) -> Settings:
        """The accounts as they were DOUBT_SECONDS ago at most, for whoever misses what may have been added just now.

        Raises ConfigurationError as `get` does.
        """
        if self._clock() - self._fetched_at >= DOUBT_SECONDS:
            return self.refresh()
        return self.get()

    def refresh(self) -> Settings:
        """Fetch the document now, because the secret may have been rotated, and return the accounts in use.

        Raises ConfigurationError as `get` does.
        """
        self._fetched_at = self._clock()
        self.problem = self._load()
        if self._good is None:
            raise self.problem or ConfigurationError("document", "has never been read")
        return self._good

    def _load(self) -> ConfigurationError | None:
        try:
            self._good = parse_accounts(self._fetch(), allow_loopback=self._allow_loopback)
        except ConfigurationError as error:
            self._fall_back()
            return error
        except Exception as error:  # the fetch's own; its text may say more than may be shown
            return ConfigurationError("document", f"cannot be fetched ({type(error).__name__})")
        return None

    def _fall_back(self) -> None:
        """Use the document before the newest if this process has never seen a good one."""
        if self._good is None and self._previous is not None:
            with suppress(Exception):  # there is none, or it is no better: what is wrong with the newest is told
                self._good = parse_accounts(self._previous(), allow_loopback=self._allow_loopback)
