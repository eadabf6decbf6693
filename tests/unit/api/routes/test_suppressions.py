"""Suppressed numbers: put on the list, looked up, and taken off it."""

import pytest

from smsgateway.store.stops import MOST_OF_SIGNATURES, MOST_SCOPES
from tests.unit.api.conftest import ADMINISTRATOR_KEY, Api, sample

ENTRY = {
    "number": "13800138000",
    "purpose": "all",
    "client": None,
    "signature": None,
    "reason": None,
    "source": "api",
    "at": "2026-01-22T09:30:26.000Z",
    "reply_id": None,
    "account": None,
}
ONE = "/suppressions/{number}"
NUMBER = "13800138000"


def test_a_number_is_suppressed_and_allowed_again(api: Api) -> None:
    before = api.serve(sample("query-get-suppression"))
    made = api.serve(sample("query-put-suppression"))
    api.clock[0] += 1000
    again = api.call("PUT", "/suppressions/{number}", number="+86 138-0013-8000")
    shown = api.serve(sample("query-get-suppression"))
    gone = api.serve(sample("query-delete-suppression"))

    assert before.status == 404
    assert made.json == again.json == shown.json
    assert made.json == {"number": "13800138000", "suppressed_at": "2026-01-22T09:30:26.000Z", "entries": [ENTRY]}
    assert gone.status == 204
    assert api.serve(sample("query-get-suppression")).status == 404
    assert api.serve(sample("query-delete-suppression")).status == 404


@pytest.mark.parametrize("number", ["12", "138001Ж38000", "1" * 65])
def test_numbers_that_are_none(api: Api, number: str) -> None:
    for method in ("PUT", "GET", "DELETE"):
        answer = api.call(method, "/suppressions/{number}", number=number)
        assert (answer.status, answer.places) == (422, ["number"])


@pytest.mark.parametrize(
    "written",
    [
        "%2B8613800138000",
        "1" + "%EF%BC%93" + "800138000",
        "138%E2%80%910013%E2%80%918000",
        "%E2%80%AD13800138000%E2%80%AC",
    ],
)
def test_a_number_that_arrives_percent_encoded(api: Api, written: str) -> None:
    for method in ("PUT", "GET"):
        assert api.call(method, "/suppressions/{number}", number=written).json["number"] == "13800138000"


def test_senders_read_and_do_not_write(api: Api) -> None:
    api.serve(sample("query-put-suppression"))
    key = api.sender("shop")

    for name, status in {
        "query-get-suppression": 200,
        "query-put-suppression": 403,
        "query-delete-suppression": 403,
    }.items():
        event = sample(name)
        event["headers"]["x-api-key"] = key
        assert api.serve(event).status == status, name


def refused(api: Api, key: str = ADMINISTRATOR_KEY, **post: object) -> bool:
    """Whether marketing to the number is refused."""
    answer = api.post({"to": NUMBER, "text": "大减价，拒收请回复R", "purpose": "marketing", **post}, key=key)
    assert answer.status in (202, 422), answer.text
    return answer.status == 422


def test_a_sender_stops_its_own_marketing_and_lets_it_go_on(api: Api) -> None:
    shop, bank = api.sender("shop"), api.sender("bank")
    made = api.call("PUT", ONE, {"reason": "asked by telephone"}, key=shop, number=NUMBER)
    entry = {**ENTRY, "purpose": "marketing", "client": "shop", "reason": "asked by telephone"}
    assert (made.status, made.json) == (200, {"number": NUMBER, "suppressed_at": None, "entries": [entry]})
    assert refused(api, shop)
    assert not refused(api, bank)
    assert not refused(api, shop, purpose="otp", text="您的验证码是1234")
    assert api.call("GET", ONE, key=bank, number=NUMBER).status == 404
    assert api.call("DELETE", ONE, key=bank, number=NUMBER, query={"purpose": "marketing"}).status == 404
    assert api.call("DELETE", ONE, key=shop, number=NUMBER, query={"purpose": "marketing"}).status == 204
    assert api.call("DELETE", ONE, key=shop, number=NUMBER, query={"purpose": "marketing"}).status == 404
    assert not refused(api, shop)


@pytest.mark.parametrize(
    ("method", "body", "query"),
    [
        ("PUT", None, None),
        ("PUT", {"purpose": "all"}, None),
        ("PUT", {"client": "bank"}, None),
        ("DELETE", None, None),
        ("DELETE", None, {"purpose": "all"}),
        ("DELETE", None, {"purpose": "marketing", "client": "bank"}),
    ],
)
def test_a_sender_has_no_right_to_anybody_elses(
    api: Api, method: str, body: object, query: dict[str, str] | None
) -> None:
    api.sender("bank")
    api.call("PUT", ONE, {"client": "bank"}, number=NUMBER)
    before = api.call("GET", ONE, number=NUMBER).json
    answer = api.call(method, ONE, body, key=api.sender("shop"), number=NUMBER, query=query)
    assert answer.status == 403
    assert api.call("GET", ONE, number=NUMBER).json == before


def test_an_administrator_stops_anybodys(api: Api) -> None:
    shop = api.sender("shop", signatures=("示例", "其他"))
    for body in ({}, {"client": "shop"}, {"client": "shop", "signature": "其他"}, {"purpose": "all", "reason": "投诉"}):
        assert api.call("PUT", ONE, body, number=NUMBER).status == 200
    shown = api.call("GET", ONE, number=NUMBER).json
    assert [(each["purpose"], each["client"], each["signature"]) for each in shown["entries"]] == [
        *(("all", None, None), ("marketing", None, None), ("marketing", "shop", None), ("marketing", "shop", "其他"))
    ]
    assert shown["suppressed_at"] == "2026-01-22T09:30:26.000Z"
    for query in ({}, {"purpose": "marketing"}, {"purpose": "marketing", "client": "shop"}):
        assert refused(api, shop, signature="其他")
        assert api.call("DELETE", ONE, number=NUMBER, query=query).status == 204
    assert refused(api, shop, signature="其他")
    assert not refused(api, shop, signature="示例")
    last = {"purpose": "marketing", "client": "shop", "signature": "其他"}
    assert api.call("DELETE", ONE, number=NUMBER, query=last).status == 204
    assert not refused(api, shop, signature="其他")


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"client": "nobody"}, ["client"]),
        ({"signature": "示例"}, ["signature"]),
        ({"client": "shop", "signature": "示例"}, ["signature"]),
        ({"client": "mall", "signature": "没有"}, ["signature"]),
        ({"purpose": "all", "client": "shop"}, ["client"]),
        ({"purpose": "otp"}, ["purpose"]),
        ({"reason": "a\nb"}, ["reason"]),
        ({"reason": "x" * 201}, ["reason"]),
        ({"why": "x"}, ["why"]),
        ({"client": "a b"}, ["client"]),
    ],
)
def test_what_is_wrong_with_a_stop_is_said_by_field(api: Api, body: object, places: list[str]) -> None:
    api.sender("shop")
    api.sender("mall", signatures=("示例", "其他"))
    answer = api.call("PUT", ONE, body, number=NUMBER)
    assert (answer.status, answer.places) == (422, places)
    assert api.call("GET", ONE, number=NUMBER).status == 404


def test_who_names_a_client_means_marketing(api: Api) -> None:
    """GIVEN a suppression and a client's stop WHEN that client is named without a purpose THEN its stop goes alone."""
    api.sender("shop")
    for body in ({"client": "shop"}, {"purpose": "all"}):
        assert api.call("PUT", ONE, body, number=NUMBER).status == 200
    answer = api.call("DELETE", ONE, number=NUMBER, query={"client": "shop", "purpose": "all"})
    assert (answer.status, answer.places) == (422, ["purpose"])
    assert api.call("DELETE", ONE, number=NUMBER, query={"client": "shop"}).status == 204
    assert [each["purpose"] for each in api.call("GET", ONE, number=NUMBER).json["entries"]] == ["all"]


@pytest.mark.parametrize("body", [{}, {"purpose": "all"}])
def test_a_sender_learns_that_what_stops_it_is_everybodys(api: Api, body: dict[str, str]) -> None:
    shop = api.sender("shop")
    assert api.call("PUT", ONE, body, number=NUMBER).status == 200
    for query in ({"purpose": "marketing"}, {"client": "shop"}):
        answer = api.call("DELETE", ONE, key=shop, number=NUMBER, query=query)
        assert (answer.status, "everybody's" in answer.json["detail"]) == (403, True)
    assert len(api.call("GET", ONE, number=NUMBER).json["entries"]) == 1


def test_a_body_that_cannot_be_read(api: Api) -> None:
    for body in (b"[1", b"\xff\xfe{"):
        assert api.call("PUT", ONE, body, number=NUMBER).status == 400


def test_a_sender_cannot_fill_a_numbers_item(api: Api) -> None:
    """GIVEN a client with many signatures WHEN it stops a number under all of them THEN only so many are kept, others
    have room for theirs, and the client can still stop its marketing as a whole."""
    signatures = tuple(f"签名{index}" for index in range(30))
    mall, bank = api.sender("mall", signatures=signatures), api.sender("bank")
    statuses = [api.call("PUT", ONE, {"signature": each}, key=mall, number=NUMBER).status for each in signatures]
    assert statuses == [200] * MOST_OF_SIGNATURES + [422] * (30 - MOST_OF_SIGNATURES)
    assert api.call("PUT", ONE, {"signature": "没有"}, key=mall, number=NUMBER).places == ["signature"]
    for key in (mall, bank):
        assert api.call("PUT", ONE, {}, key=key, number=NUMBER).status == 200
    assert api.call("PUT", ONE, {"signature": signatures[0]}, key=mall, number=NUMBER).status == 200


def test_a_number_has_so_many_stops_whoever_writes_them(api: Api) -> None:
    items = [{"number": NUMBER, "client": f"shop{index}", "reason": "因" * 200} for index in range(MOST_SCOPES)]
    assert api.call("POST", "/suppressions", {"items": items}).json["added"] == MOST_SCOPES
    api.sender("bank")
    for body in ({"client": "bank"},):
        answer = api.call("PUT", ONE, body, number=NUMBER)
        assert (answer.status, answer.places) == (422, ["client"])
        more = {"items": [{"number": "13800138001"}, items[0], {"number": NUMBER, **body}]}
        answer = api.call("POST", "/suppressions", more)
        assert (answer.status, answer.places) == (422, ["items[2].client"])
    assert api.call("PUT", ONE, {}, number=NUMBER).status == 200
    assert api.call("PUT", ONE, number=NUMBER).status == 200
