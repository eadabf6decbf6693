"""Who is calling: the client behind an `x-api-key`, known by the SHA-256 of the key.

The hash of the key, and not API Gateway's own id of it: that id is not passed on to the functions everywhere.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from smsgateway.api.serving.problems import Problem
from smsgateway.model import ADMINISTRATOR, Client
from smsgateway.store import clients
from smsgateway.store.table import Table

CACHE_SECONDS = 60
CACHED = 1000  # clients


def key_hash(key: str) -> str:
    """The SHA-256 of a key, by which the table knows its client."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def key_of(event: Mapping[str, Any]) -> str:
    """The key in a cleaned event. Raises Problem when there is none."""
    key = event["headers"].get("x-api-key")
    if not key:
        raise Problem(401, "the header x-api-key is missing", headers={"WWW-Authenticate": "x-api-key"})
    return str(key)


class Authenticator:
    """Finds clients by their keys, and remembers each for CACHE_SECONDS at most.

    `administrator_key` fetches the administrator's key, `clock` gives seconds (clock.py).
    """

    def __init__(self, table: Table, administrator_key: Callable[[], str], clock: Callable[[], float]) -> None:
        self._table = table
        self._administrator_key = administrator_key
        self._clock = clock
        self._administrator: tuple[str, float] | None = None  # the key's hash, and until when it counts
        self._clients: dict[str, tuple[Client, float]] = {}  # by their keys' hashes

    def client(self, key: str) -> Client:
        """The client with this key. Raises Problem when there is none."""
        given = key_hash(key)
        cached = self._clients.get(given)
        if cached and self._clock() < cached[1]:
            return cached[0]
        if hmac.compare_digest(given.encode(), self._administrator_hash().encode()):
            return ADMINISTRATOR
        self._clients.pop(given, None)
        client = clients.find_client(self._table, given)
        if client is None:
            raise Problem(403, "x-api-key is unknown")
        if len(self._clients) >= CACHED:
            self._clients.clear()
        self._clients[given] = client, self._clock() + CACHE_SECONDS
        return client

    def _administrator_hash(self) -> str:
        if self._administrator is None or self._clock() >= self._administrator[1]:
            key = self._administrator_key()
            if not key:
                raise ValueError("the administrator's key is empty")
            self._administrator = key_hash(key), self._clock() + CACHE_SECONDS
        return self._administrator[0]
