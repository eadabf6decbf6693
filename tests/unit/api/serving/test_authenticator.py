"""Who is believed to be a client: by which key, and for how long."""

import pytest

from smsgateway.api.serving.authenticator import Authenticator, key_hash
from smsgateway.api.serving.problems import Problem
from smsgateway.clock import lasting
from smsgateway.model import Client
from smsgateway.store import clients
from smsgateway.store.table import Table
from tests.unit.api.conftest import ADMINISTRATOR_KEY, Api, request


def test_a_request_without_a_key(api: Api) -> None:
    event = request("GET", "/templates")
    del event["headers"]["x-api-key"]

    answer = api.serve(event)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == ["x-api-key"]


@pytest.mark.parametrize("key", ["x", ADMINISTRATOR_KEY + " ", ADMINISTRATOR_KEY.lower(), "\ud800", "密钥"])
def test_a_key_that_nobody_has(api: Api, key: str) -> None:
    assert api.call("GET", "/templates", key=key).status == 403


def test_who_is_calling_comes_before_what_is_wrong(api: Api) -> None:
    assert api.call("POST", "/messages", {"wrong": 1}, key="x").status == 403
    assert api.call("GET", "/nowhere", key="x").status == 403


def test_a_header_in_any_case(api: Api) -> None:
    event = request("GET", "/templates")
    event["headers"]["X-API-Key"] = event["headers"].pop("x-api-key")

    assert api.serve(event).status == 200


def test_a_client_is_read_once_a_minute(table: Table) -> None:
    clock = [0.0]
    reads = []

    def fetch() -> str:
        reads.append(clock[0])
        return ADMINISTRATOR_KEY

    authenticator = Authenticator(table, fetch, lambda: clock[0])
    for moment in (0.0, 59.0, 60.0, 61.0):
        clock[0] = moment
        assert authenticator.client(ADMINISTRATOR_KEY).administrator

    assert reads == [0.0, 60.0]


def test_a_frozen_process_lets_no_removed_client_in(table: Table) -> None:
    """GIVEN a client known for a minute WHEN the process is frozen, and its monotonic clock with it THEN that minute is
    one of the wall."""
    wall = [1000.0]
    reads: list[float] = []

    def fetch() -> str:
        reads.append(wall[0])
        return ADMINISTRATOR_KEY

    authenticator = Authenticator(table, fetch, lasting(lambda: wall[0], lambda: 0.0))
    clients.put_client(table, Client("shop", "sender"), key_hash("shop-key"))
    assert authenticator.client("shop-key").name == "shop"
    clients.delete_client(table, "shop", key_hash("shop-key"))
    wall[0] += 59
    assert authenticator.client("shop-key").name == "shop"
    wall[0] += 1
    with pytest.raises(Problem):
        authenticator.client("shop-key")
    assert reads == [1000.0, 1060.0]


def test_an_empty_administrators_key_lets_nobody_in(table: Table) -> None:
    with pytest.raises(ValueError, match="empty"):
        Authenticator(table, lambda: "", lambda: 0.0).client("")
