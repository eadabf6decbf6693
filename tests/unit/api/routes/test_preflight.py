"""What clients read of preflight: `warnings` of an answer, or the `errors` of a 422 where the route is strict."""

import json

import pytest

from smsgateway.api.schemas.responses import AcceptedMessage, DryRun
from tests.unit.api.conftest import ACCOUNTS, Api

POST = {"to": "13800138000", "text": "详见t.cn/a，致电400-820-8820"}


@pytest.mark.parametrize(("more", "status", "model"), [({}, 202, AcceptedMessage), ({"dry_run": True}, 200, DryRun)])
def test_an_answer_has_what_was_found(
    api: Api, more: dict[str, bool], status: int, model: type[AcceptedMessage]
) -> None:
    answer = api.post(POST | more)
    assert answer.status == status
    model.model_validate_json(answer.text)
    assert [(each["code"], each["loc"]) for each in answer.json["warnings"]] == [
        ("short_link", "text"),
        ("service_number", "text"),
    ]


@pytest.mark.parametrize("more", [{}, {"dry_run": True}, {"account": "ly-bulk"}])
def test_a_strict_route_refuses_it_by_place_in_both_languages(api: Api, more: dict[str, object]) -> None:
    api.document = json.dumps(ACCOUNTS | {"routes": [ACCOUNTS["routes"][0] | {"strict": True}]})
    answer = api.post(POST | more)
    assert answer.status == 422
    assert answer.places == ["text", "text"]
    first = answer.json["errors"][0]["msg"]
    assert first.startswith("at character 3: the short link “t.cn/a”")
    assert "短链接“t.cn/a”" in first
    assert not api.wake_ups.keys
    assert api.post(POST | more | {"text": "您的包裹已到"}).status in (200, 202)


def test_a_personal_text_is_named_by_its_place(api: Api) -> None:
    entries = [{"to": f"1380013800{index}", "text": f"客户{index}，详见t.cn/{index}"} for index in range(3)]
    assert [each["loc"] for each in api.post({"messages": entries}).json["warnings"]] == [
        "messages[0].text", "messages[1].text", "messages[2].text",
    ]  # fmt: skip


def test_a_sender_reads_the_findings_of_its_own_signatures(api: Api) -> None:
    key = api.sender("shop", signatures=("乙", "丙"))
    found = [each["code"] for each in api.post(POST | {"text": "您好", "signature": "丁"}, key=key).json["warnings"]]
    assert found == ["foreign_signature"]
    assert api.post(POST | {"text": "您好", "signature": "丙"}, key=key).json["warnings"] == []
