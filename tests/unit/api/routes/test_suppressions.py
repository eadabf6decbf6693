"""Suppressed numbers: put on the list, looked up, and taken off it."""

import pytest

from tests.unit.api.conftest import Api, sample


def test_a_number_is_suppressed_and_allowed_again(api: Api) -> None:
    before = api.serve(sample("query-get-suppression"))
    made = api.serve(sample("query-put-suppression"))
    api.clock[0] += 1000
    again = api.call("PUT", "/suppressions/{number}", number="+86 138-0013-8000")
    shown = api.serve(sample("query-get-suppression"))
    gone = api.serve(sample("query-delete-suppression"))

    assert before.status == 404
    assert made.json == again.json == shown.json
    assert made.json == {"number": "13800138000", "suppressed_at": "2026-01-22T09:30:26.000Z"}
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


def test_a_body_that_nobody_reads_may_hold_anything(api: Api) -> None:
    for body in (b"[1", b"\xff\xfe{", "中".encode("gbk")):
        assert api.call("PUT", "/suppressions/{number}", body, number="13800138000").status == 200
