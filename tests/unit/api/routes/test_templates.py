"""Templates: what can be registered, who may, and what is warned of."""

from typing import Any

import pytest

from tests.unit.api.conftest import Api, sample

TEMPLATE = {
    "text": "您的验证码是{code}，{minutes}分钟内有效",
    "vendor_templates": {"jf-otp": {"code": "675001", "params": ["code", "minutes"]}},
}


def put(api: Api, body: Any, name: str = "login-code") -> Any:
    return api.call("PUT", "/templates/{name}", body, name=name)


def test_a_template_is_kept_shown_and_removed(api: Api) -> None:
    made = api.serve(sample("query-put-template"))
    shown = api.serve(sample("query-get-template"))
    listed = api.serve(sample("query-list-templates"))
    gone = api.serve(sample("query-delete-template"))

    assert made.status == shown.status == listed.status == 200
    made_of = {"params": ["code", "minutes"], "lengths": {}, "warnings": []}
    assert made.json == shown.json == {"name": "login-code", **made_of, **TEMPLATE}
    assert listed.json == {"items": [made.json], "next": None}
    assert (gone.status, gone.text) == (204, "")
    assert api.serve(sample("query-get-template")).status == 404
    assert api.serve(sample("query-delete-template")).status == 404


def test_an_overlong_variable_is_refused_by_name(api: Api) -> None:
    assert put(api, TEMPLATE | {"lengths": {"code": 6}}).status == 200
    params = {"code": "1234567", "minutes": "5"}

    answer = api.post({"to": "13800138000", "template": "login-code", "params": params, "account": "jf-otp"})

    assert (answer.status, answer.places) == (422, ["params.code"])


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["text"]),
        ({"text": ""}, ["text"]),
        ({"text": 1}, ["text"]),
        ({"text": "{"}, ["text"]),
        ({"text": "{a b}"}, ["text"]),
        ({"text": "a\ud800"}, ["text"]),
        (TEMPLATE | {"lengths": {"other": 1}}, ["lengths.other"]),
        (TEMPLATE | {"lengths": {"code": 0}}, ["lengths.code"]),
        (TEMPLATE | {"vendor_templates": {"nobody": {"code": "1"}}}, ["vendor_templates.nobody"]),
        (TEMPLATE | {"vendor_templates": {"hb-main": {"code": "1"}}}, ["vendor_templates.hb-main"]),
        (TEMPLATE | {"vendor_templates": {"jf-otp": {"code": ""}}}, ["vendor_templates.jf-otp.code"]),
        (TEMPLATE | {"vendor_templates": {"jf-otp": {}}}, ["vendor_templates.jf-otp.code"]),
        (
            TEMPLATE | {"vendor_templates": {"jf-otp": {"code": "1", "params": ["code", "x"]}}},
            ["vendor_templates.jf-otp.params[1]"],
        ),
        (TEMPLATE | {"vendor_templates": []}, ["vendor_templates"]),
        (TEMPLATE | {"name": "other"}, ["name"]),
    ],
)
def test_templates_that_are_none(api: Api, body: Any, places: list[str]) -> None:
    answer = put(api, body)

    assert (answer.status, answer.places) == (422, places)
    assert api.call("GET", "/templates").json["items"] == []


@pytest.mark.parametrize("name", ["a b", "a" * 65, "模板", "a\n"])
def test_names_that_are_none(api: Api, name: str) -> None:
    assert put(api, TEMPLATE, name).status in (404, 422)
    assert api.call("GET", "/templates").json["items"] == []


def test_senders_read_and_do_not_write(api: Api) -> None:
    api.serve(sample("query-put-template"))
    key = api.sender("shop")

    for name, status in {
        "query-list-templates": 200,
        "query-get-template": 200,
        "query-put-template": 403,
        "query-delete-template": 403,
    }.items():
        event = sample(name)
        event["headers"]["x-api-key"] = key
        assert api.serve(event).status == status, name


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("您好${code}", "the $ in front of {code}"),
        ("您好＄{code}", "the ＄ in front of {code}"),
        ("您好#{code}", "the # in front of {code}"),
        ("您好{{code}}", "{{code}} is sent as {code}"),
        ("您好#code#", "#code# is sent as it stands"),
        ("您好｛code｝", "full-width braces"),
        (" 【{code}】您好", "is no signature"),
    ],
)
def test_a_slip_in_a_template_is_told_and_allowed(api: Api, written: str, word: str) -> None:
    text = written + "，{minutes}"
    made = put(api, {"text": text})
    values = dict.fromkeys(made.json["params"], "1")
    post = {"to": "13800138000", "template": made.json["name"], "params": values, "dry_run": True}

    (warning,) = made.json["warnings"]
    assert word in warning
    assert api.call("GET", "/templates/{name}", name=made.json["name"]).json["warnings"] == [warning]
    assert api.call("GET", "/templates").json["items"][0]["warnings"] == [warning]
    assert api.post(post).json["plan"]["warnings"] == [warning]


@pytest.mark.parametrize(
    "text", ["您好{code}", "{{{code}}}", "满{a}减{b}", "$5", "100%", "【示例】{code}", "第#3号{a}#"]
)
def test_an_ordinary_template_has_no_warnings(api: Api, text: str) -> None:
    assert put(api, {"text": text}).json["warnings"] == []


def test_a_template_that_lost_bytes_is_refused(api: Api) -> None:
    answer = put(api, {"text": "您好\ufffd{code}"})

    assert (answer.status, answer.places) == (422, ["text"])
    assert "U+FFFD at character 3" in answer.json["errors"][0]["msg"]


def test_a_body_that_is_not_utf_8_is_refused(api: Api) -> None:
    refused = put(api, b'{"text": "\xe4\xb8\xad\xff"}')
    assert (refused.status, refused.json["detail"]) == (400, "the body is not UTF-8 (byte 13)")
