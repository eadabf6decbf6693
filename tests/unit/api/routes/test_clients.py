"""Clients: made with a key, limited, removed."""

from typing import Any

import pytest

from smsgateway.store import clients
from smsgateway.store.table import Table
from tests.doubles import aws
from tests.unit.api.conftest import ADMINISTRATOR_KEY, Api, sample


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
            "signatures": ["示例", "例子"],
            "caps": {"otp": {"minute": 1, "day": 20}, "marketing": None},
            "test": True,
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
    monkeypatch.setattr(clients, "put_client", lambda *_: False)

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
        ({"name": "shop", "signatures": ["【示例】"]}, ["signatures[0]"]),
        ({"name": "shop", "signatures": ["示例", "", "示例 "]}, ["signatures[1]", "signatures[2]"]),
        ({"name": "shop", "caps": {"otp": {}}}, ["caps.otp"]),
        ({"name": "shop", "caps": {"otp": {"day": None}}}, ["caps.otp"]),
        ({"name": "shop", "caps": {"sms": {"day": 1}}}, ["caps.sms (the name)"]),
        ({"name": "shop", "caps": {"otp": {"day": 0, "week": 1}}}, ["caps.otp.day", "caps.otp.week"]),
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
