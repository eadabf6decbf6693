"""Signatures in the accounts document: how they are filed, and with what every mistake in them is refused."""

import copy
import json
from typing import Any

import pytest

from smsgateway.config.accounts import parse_accounts
from tests.unit.config.given import DOCUMENT, SECRET, refused

STATE = {"account": "hb-main", "carrier": "*", "state": "filed"}


def document(*signatures: Any) -> str:
    return json.dumps({**copy.deepcopy(DOCUMENT), "signatures": list(signatures)})


def entry(*states: Any, signature: Any = "示例") -> dict[str, Any]:
    return {"signature": signature, "filing": list(states)}


def test_states_are_kept_by_account_and_carrier() -> None:
    mobile = {"account": "hb-main", "carrier": "mobile", "state": "refused"}
    other = {"account": "ly-bulk", "carrier": "broadnet", "state": "pending"}
    settings = parse_accounts(document(entry(STATE, mobile, other), entry(signature=" 例子 ")))
    assert settings.signatures == {
        "示例": {("hb-main", "*"): "filed", ("hb-main", "mobile"): "refused", ("ly-bulk", "broadnet"): "pending"},
        "例子": {},
    }
    with pytest.raises(TypeError):
        settings.signatures["x"] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        settings.signatures["示例"]["hb-main", "*"] = "refused"  # type: ignore[index]


def test_without_the_list_nothing_is_known() -> None:
    assert parse_accounts(json.dumps(DOCUMENT)).signatures == {}


@pytest.mark.parametrize(
    ("signatures", "path", "word"),
    [
        (["示例"], "signatures[0]", "object"),
        ([{"signature": "示例"}], "signatures[0].filing", "missing"),
        ([{"filing": []}], "signatures[0].signature", "missing"),
        ([entry() | {"state": "filed"}], "signatures[0].state", "known here: signature, filing"),
        ([entry(signature="【示例】")], "signatures[0].signature", "without brackets"),
        ([entry(signature="[示例]")], "signatures[0].signature", "without brackets"),
        ([entry(signature="")], "signatures[0].signature", "empty"),
        ([entry(signature="字" * 21)], "signatures[0].signature", "20"),
        ([entry(signature="示\u200b例")], "signatures[0].signature", "no eye sees"),
        ([entry(signature=7)], "signatures[0].signature", "string"),
        ([entry(), entry(signature="示例 ")], "signatures[1].signature", "twice"),
        ([entry() | {"filing": {}}], "signatures[0].filing", "list"),
        ([entry("hb-main")], "signatures[0].filing[0]", "object"),
        ([entry(STATE | {"since": 1})], "signatures[0].filing[0].since", "unknown"),
        ([entry(STATE | {"account": SECRET})], "signatures[0].filing[0].account", "no account has this name"),
        ([entry(STATE | {"account": ["hb-main"]})], "signatures[0].filing[0].account", "string"),
        (
            [entry(STATE | {"carrier": "移动"})],
            "signatures[0].filing[0].carrier",
            "*, mobile, unicom",
        ),
        ([entry(STATE | {"carrier": ["mobile"]})], "signatures[0].filing[0].carrier", "one of"),
        ([entry(STATE | {"state": "ok"})], "signatures[0].filing[0].state", "filed, pending, refused"),
        ([entry(STATE, STATE | {"state": "refused"})], "signatures[0].filing[1].carrier", "already"),
    ],
)
def test_what_is_wrong_is_refused_by_its_place(signatures: list[Any], path: str, word: str) -> None:
    error = refused(document(*signatures))
    assert error.path == path
    assert word in error.problem
