"""Clients: made with a key, limited, removed; and who is believed to be one."""

from typing import Any

import pytest

from smsgateway.api.serving.authenticator import Authenticator, key_hash
from smsgateway.api.serving.problems import Problem
from smsgateway.clock import lasting
from smsgateway.model import Client
from smsgateway.store import registry
from smsgateway.store.table import Table
from tests.doubles import aws
from tests.unit.api.conftest import ADMINISTRATOR_KEY, Api, request, sample


def create(api: Api, body: Any, key: str = ADMINISTRATOR_KEY) -> Any:
    return api.call("POST", "/clients", body, key=key)


def test_a_client_from_its_making_to_its_end(api: Api) -> None:
    made = api.serve(sample("query-create-client"))
    key = made.json["api_key"]
    listed = api.serve(sample("query-list-clients"))
    used = api.call("GET", "/templates", key=key)
    removed = api.serve(sample("query-delete-client"))
    api.clock[0] += 61_000

    assert made.status == 201
    assert listed.json["items"] == [
        {
            "name": "shop",
            "role": "sender",
            "purposes": ["otp", "notice"],
            "accounts": ["hb-main"],
            "daily_segments": 10_000,
        }
    ]
    assert key not in listed.text
    assert used.status == 200
    assert (removed.status, removed.text) == (204, "")
    assert api.api_gateway.keys == {}
    assert api.call("GET", "/templates", key=key).status == 403
    assert aws.scan(api.table) == []


def test_the_key_is_api_gateways_and_nowhere_else(api: Api) -> None:
    key = create(api, {"name": "shop"}).json["api_key"]

    assert api.api_gateway.keys == {"id-sms-shop": key}
    assert api.api_gateway.plan == ["id-sms-shop"]
    assert key not in str(aws.scan(api.table))


def test_a_second_administrator(api: Api) -> None:
    key = create(api, {"name": "ops", "role": "administrator"}).json["api_key"]

    assert create(api, {"name": "shop"}, key).status == 201


def test_a_name_that_is_taken(api: Api) -> None:
    create(api, {"name": "shop"})
    key = dict(api.api_gateway.keys)

    assert create(api, {"name": "shop"}).status == 409
    assert api.api_gateway.keys == key


def test_a_name_that_is_taken_in_the_meantime(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "put_client", lambda *_: False)

    assert create(api, {"name": "shop"}).status == 409
    assert api.api_gateway.keys == {}


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "-"}, ["name"]),
        ({"name": "a b"}, ["name"]),
        ({"name": "a\n"}, ["name"]),
        ({"name": "a" * 65}, ["name"]),
        ({"name": "administrator"}, ["name"]),
        ({"name": "shop", "role": "god"}, ["role"]),
        ({"name": "shop", "purposes": ["spam"]}, ["purposes[0]"]),
        ({"name": "shop", "accounts": ["hb-main", "nobody"]}, ["accounts[1]"]),
        ({"name": "shop", "daily_segments": 0}, ["daily_segments"]),
        ({"name": "shop", "daily_segments": True}, ["daily_segments"]),
        ({"name": "shop", "daily_segments": 1.5}, ["daily_segments"]),
        ({"name": "shop", "api_key": "mine"}, ["api_key"]),
    ],
)
def test_clients_that_are_none(api: Api, body: Any, places: list[str]) -> None:
    answer = create(api, body)

    assert (answer.status, answer.places) == (422, places)
    assert api.api_gateway.keys == {}
    assert aws.scan(api.table) == []


def test_nothing_is_left_when_the_plan_does_not_take_the_key(api: Api) -> None:
    api.api_gateway.plan_fails = True

    assert create(api, {"name": "shop"}).status == 500
    assert api.api_gateway.keys == {}
    assert aws.scan(api.table) == []


def test_a_creation_that_breaks_off_leaves_a_name_that_can_be_freed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    put, calls = Table.put, []

    def second_fails(*args: Any, **options: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError("no answer")
        put(*args, **options)

    monkeypatch.setattr(Table, "put", second_fails)
    failed = create(api, {"name": "shop"})
    taken = create(api, {"name": "shop"})
    freed = api.call("DELETE", "/clients/{name}", name="shop")

    assert (failed.status, taken.status, freed.status) == (500, 409, 204)
    assert api.api_gateway.keys == {}
    assert create(api, {"name": "shop"}).status == 201


def test_senders_know_nothing_of_clients(api: Api) -> None:
    key = api.sender("shop")

    for name in ("query-create-client", "query-list-clients", "query-delete-client"):
        event = sample(name)
        event["headers"]["x-api-key"] = key
        assert api.serve(event).status == 403


def test_a_client_that_there_is_not(api: Api) -> None:
    assert api.call("DELETE", "/clients/{name}", name="nobody").status == 404


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
    registry.put_client(table, Client("shop", "sender"), key_hash("shop-key"))
    assert authenticator.client("shop-key").name == "shop"
    registry.delete_client(table, "shop", key_hash("shop-key"))
    wall[0] += 59
    assert authenticator.client("shop-key").name == "shop"
    wall[0] += 1
    with pytest.raises(Problem):
        authenticator.client("shop-key")
    assert reads == [1000.0, 1060.0]


def test_an_empty_administrators_key_lets_nobody_in(table: Table) -> None:
    with pytest.raises(ValueError, match="empty"):
        Authenticator(table, lambda: "", lambda: 0.0).client("")
