"""Signatures and their filing as clients see them: all for an administrator, its own for a sender; and forgetting."""

import json
from typing import Any

import pytest

from smsgateway.api.schemas import resources
from smsgateway.store import signatures
from smsgateway.store.signatures import SignaturePlace
from tests.unit.api.conftest import ACCOUNTS, NOW, Api, sample

WORD = "116 签名不合法"
DOCUMENT = ACCOUNTS | {
    "signatures": [
        {"signature": "示例", "filing": [{"account": "hb-main", "carrier": "*", "state": "filed"}]},
        {"signature": "银行", "filing": [{"account": "ly-bulk", "carrier": "mobile", "state": "pending"}]},
    ]
}


@pytest.fixture
def filed(api: Api) -> Api:
    api.document = json.dumps(DOCUMENT)
    return api


def learn(api: Api, signature: str = "示例", account: str = "hb-main", carrier: str = "mobile") -> None:
    place = SignaturePlace(account, carrier, signature)
    signatures.learn(api.table, place, lambda known: signatures.refusal(known, NOW, WORD), NOW)


def state(account: str, carrier: str, state: str, by_hand: str | None = None, **learned: Any) -> dict[str, Any]:
    nothing = {"refused_at": None, "tried_again_at": None, "vendor_status": None}
    return {"account": account, "carrier": carrier, "state": state, "by_hand": by_hand, **nothing, **learned}


LEARNED = {
    "refused_at": "2026-01-22T09:30:26.000Z",
    "tried_again_at": "2026-01-29T09:30:26.000Z",
    "vendor_status": WORD,
}


def shown(api: Api, **rest: Any) -> dict[str, list[dict[str, Any]]]:
    answer = api.call("GET", "/signatures", **rest)
    assert answer.status == 200
    assert answer.json["next"] is None
    for item in answer.json["items"]:
        resources.Signature.model_validate(item)
    return {item["signature"]: item["states"] for item in answer.json["items"]}


def test_an_administrator_sees_what_the_document_says_and_what_was_learned(filed: Api) -> None:
    learn(filed)
    learn(filed, "例子", "ly-bulk", "*")
    learn(filed, "银行", "nobodys", "*")
    assert shown(filed) == {
        "例子": [state("ly-bulk", "*", "refused", **LEARNED)],
        "示例": [state("hb-main", "*", "filed", "filed"), state("hb-main", "mobile", "refused", "filed", **LEARNED)],
        "银行": [state("ly-bulk", "mobile", "pending", "pending")],
    }


def test_signatures_that_nothing_is_known_of_are_shown_too(api: Api) -> None:
    assert shown(api) == {"示例": []}


def test_a_refusal_for_all_carriers_shows_at_each(filed: Api) -> None:
    learn(filed, "银行", "ly-bulk", "*")
    assert shown(filed)["银行"] == [
        state("ly-bulk", "*", "refused", **LEARNED),
        state("ly-bulk", "mobile", "refused", "pending", **LEARNED),
    ]


def test_a_refusal_that_is_over_is_not_shown(filed: Api) -> None:
    learn(filed)
    filed.clock[0] += signatures.REFUSED_FOR + 1000
    assert shown(filed)["示例"] == [state("hb-main", "*", "filed", "filed")]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, {"示例": ["hb-main", "hb-main"]}),
        ({"accounts": ("ly-bulk",)}, {"示例": []}),
        ({"accounts": ("ly-bulk",), "signatures": ("银行",)}, {"示例": [], "银行": ["ly-bulk"]}),
        ({"signatures": ("银行", "例子")}, {"示例": ["hb-main", "hb-main"], "银行": ["ly-bulk"], "例子": ["ly-bulk"]}),
    ],
    ids=["no limits", "an account", "an account and a signature", "signatures"],
)
def test_a_sender_sees_its_own_signatures_and_accounts(
    filed: Api, limits: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    learn(filed)
    learn(filed, "例子", "ly-bulk", "*")
    learn(filed, "秘密", "hb-main", "*")
    found = shown(filed, key=filed.sender("shop", **limits))
    assert {name: [each["account"] for each in states] for name, states in found.items()} == expected
    assert all(each["vendor_status"] is None for states in found.values() for each in states)


def test_an_account_shows_its_own(filed: Api) -> None:
    learn(filed)
    learn(filed, "例子", "ly-bulk", "*")
    account = filed.serve(sample("query-get-account")).json
    assert account["signatures"] == [
        {
            "signature": "示例",
            "states": [
                state("hb-main", "*", "filed", "filed"),
                state("hb-main", "mobile", "refused", "filed", **LEARNED),
            ],
        }
    ]
    assert filed.call("GET", "/accounts/{name}", name="jf-otp").json["signatures"] == []


def test_what_was_learned_is_forgotten_by_carrier(filed: Api) -> None:
    learn(filed)
    learn(filed, carrier="unicom")
    answer = filed.serve(sample("query-forget-signature"))
    assert (answer.status, answer.text) == (204, "")
    assert [each["carrier"] for each in shown(filed)["示例"]] == ["*", "unicom"]
    assert filed.serve(sample("query-forget-signature")).status == 404


def test_what_was_learned_is_forgotten_for_all_carriers(filed: Api) -> None:
    for carrier in ("*", "mobile", "broadnet"):
        learn(filed, carrier=carrier)
    query = {"signature": "示例", "account": "hb-main"}
    assert filed.call("DELETE", "/signatures/learned", query=query).status == 204
    assert shown(filed)["示例"] == [state("hb-main", "*", "filed", "filed")]
    assert filed.call("DELETE", "/signatures/learned", query=query).status == 404


def test_what_was_forgotten_is_sent_again(filed: Api) -> None:
    learn(filed)
    message = {"to": "13800138000", "text": "您好"}
    assert filed.post(message).json["account"] == "ly-bulk"
    filed.serve(sample("query-forget-signature"))
    assert filed.post(message).json["account"] == "hb-main"


@pytest.mark.parametrize(
    ("query", "place", "word"),
    [
        ({"account": "hb-main"}, "signature", "missing"),
        ({"signature": "示例"}, "account", "missing"),
        ({"signature": "示例", "account": "nobodys"}, "account", "no such account"),
        ({"signature": "示例", "account": "a b"}, "account", "characters"),
        ({"signature": "", "account": "hb-main"}, "signature", "empty"),
        ({"signature": "字" * 21, "account": "hb-main"}, "signature", "20"),
        ({"signature": "示例", "account": "hb-main", "carrier": "移动"}, "carrier", "mobile"),
        ({"signature": "【示例】", "account": "hb-main"}, "signature", "without brackets"),
        ({"signature": "示例", "account": "hb-main", "state": "filed"}, "state", "unknown"),
    ],
)
def test_wrong_queries_are_refused_by_their_field(filed: Api, query: dict[str, str], place: str, word: str) -> None:
    answer = filed.call("DELETE", "/signatures/learned", query=query)
    assert answer.status == 422
    assert answer.places == [place]
    assert word in answer.json["errors"][0]["msg"], answer.json


def test_a_sender_forgets_nothing(filed: Api) -> None:
    learn(filed)
    event = sample("query-forget-signature")
    key = filed.sender("shop")
    for headers in (event["headers"], event["multiValueHeaders"]):
        headers["x-api-key"] = [key] if headers is event["multiValueHeaders"] else key
    assert filed.serve(event).status == 403
    assert shown(filed)["示例"][-1]["state"] == "refused"


def test_a_refused_signature_leaves_nobody(filed: Api) -> None:
    learn(filed)
    learn(filed, account="ly-bulk")
    answer = filed.post({"to": "13800138000", "text": "您好"})
    assert (answer.status, answer.json["title"]) == (422, "No account can carry this")
    assert answer.places == ["signature", "signature"]
    assert WORD not in answer.text
