"""Verifications over HTTP: sent, checked, repeated, canceled; whose they are, and what is wrong with a request."""

from typing import Any

import pytest

from smsgateway.ids import SubmissionKey, root_path
from smsgateway.store import clients
from smsgateway.store.submissions import load_submission
from tests.unit.api.conftest import NOW, Answer, Api

NUMBER = "13800138000"
SECOND, MINUTE = 1000, 60_000
IP = {"ip": "203.0.113.7"}


@pytest.fixture
def api(api: Api) -> Api:
    """The API with a template that can carry a code."""
    body = {"text": "您的验证码是{code}，{minutes}分钟内有效。"}
    assert api.call("PUT", "/templates/{name}", body, name="otp").status == 200
    return api


def start(api: Api, to: str = NUMBER, *, key: str = "", **fields: Any) -> Answer:
    sender = {"key": key} if key else {}
    return api.call("POST", "/verifications", {"to": to, "template": "otp", **fields}, **sender)


def check(api: Api, id_: str, code: str, **rest: Any) -> Any:
    answer = api.call("POST", "/verifications/{id}/check", {"code": code}, id=id_, **rest)
    assert answer.status == 200, answer.text
    return answer.json


def content(api: Api, answer: Answer, post: int = -1) -> dict[str, Any]:
    """What the newest message of a verification says, as long as it waits to be sent."""
    message = load_submission(api.table, SubmissionKey(answer.json["messages"][post], root_path(0)))
    assert message
    assert message.own_message
    assert message.own_message.content
    return {"text": message.own_message.content.text, "account": message.account, **message.own_message.content.params}


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def test_a_code_is_sent_and_approved_once(api: Api) -> None:
    begun = start(api)
    sent = content(api, begun)

    assert begun.status == 202
    assert begun.json | {"id": "", "messages": []} == {
        "id": "",
        "status": "pending",
        "to": "138****8000",
        "template": "otp",
        "length": 6,
        "created_at": "2026-01-22T09:30:26.000Z",
        "expires_at": "2026-01-22T09:35:26.000Z",
        "resend_after": "2026-01-22T09:31:27.000Z",
        "left": 5,
        "messages": [],
    }
    assert sent["text"] == f"您的验证码是{sent['code']}，5分钟内有效。"
    assert [len(sent["code"]), sent["code"].isdecimal()] == [6, True]
    assert check(api, begun.json["id"], wrong(sent["code"])) == {"status": "wrong", "left": 4}
    assert check(api, begun.json["id"], sent["code"]) == {"status": "approved"}
    again = api.call("POST", "/verifications/{id}/check", {"code": sent["code"]}, id=begun.json["id"])
    assert (again.status, again.json["title"]) == (409, "Approved before")
    assert api.call("GET", "/verifications/{id}", id=begun.json["id"]).json["status"] == "approved"


@pytest.mark.parametrize("length", [4, 5, 7, 8])
def test_a_code_is_as_long_as_it_is_asked_for(api: Api, length: int) -> None:
    begun = start(api, length=length)
    sent = content(api, begun)
    assert len(sent["code"]) == length
    assert check(api, begun.json["id"], sent["code"]) == {"status": "approved"}


@pytest.mark.parametrize(("ttl", "minutes"), [(60, "1"), (61, "2"), (299, "5"), (300, "5"), (3600, "60")])
def test_a_text_says_the_minutes_that_are_left_and_one_that_has_begun(api: Api, ttl: int, minutes: str) -> None:
    """GIVEN a table that takes its time WHEN a code is asked for THEN its text says the minutes of `ttl`, rounded up,
    though a few milliseconds have passed."""
    now = api.clock[0]

    def later() -> None:
        api.clock[0] += 1

    api.table.client.meta.events.register("before-call.dynamodb", lambda **_: later())
    sent = content(api, start(api, ttl=ttl))
    assert api.clock[0] > now
    assert sent["minutes"] == minutes


@pytest.mark.parametrize("form", ["{} ", " {}", "\u200b{}", "wide", "apart"])
def test_a_code_may_be_typed_as_people_type(api: Api, form: str) -> None:
    begun = start(api)
    code = content(api, begun)["code"]
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    typed = {"wide": wide, "apart": f"{code[:3]} {code[3:]}"}.get(form) or form.format(code)
    assert check(api, begun.json["id"], typed) == {"status": "approved"}


def test_five_codes_are_checked_and_no_more(api: Api) -> None:
    begun = start(api)
    code = content(api, begun)["code"]
    left = [check(api, begun.json["id"], wrong(code))["left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert check(api, begun.json["id"], code) == {"status": "exhausted"}
    assert api.call("GET", "/verifications/{id}", id=begun.json["id"]).json["status"] == "exhausted"


def test_a_code_expires(api: Api) -> None:
    begun = start(api, ttl=60)
    code = content(api, begun)["code"]
    api.clock[0] = NOW + 60 * SECOND
    assert check(api, begun.json["id"], code) == {"status": "expired"}
    canceled = api.call("DELETE", "/verifications/{id}", id=begun.json["id"])
    assert (canceled.status, canceled.json["status"]) == (200, "expired")


def test_a_code_is_canceled(api: Api) -> None:
    begun = start(api)
    code = content(api, begun)["code"]
    for _ in range(2):
        canceled = api.call("DELETE", "/verifications/{id}", id=begun.json["id"])
        assert (canceled.status, canceled.json["status"]) == (200, "canceled")
    assert check(api, begun.json["id"], code) == {"status": "canceled"}


def test_an_approved_code_is_not_canceled(api: Api) -> None:
    begun = start(api)
    check(api, begun.json["id"], content(api, begun)["code"])
    assert api.call("DELETE", "/verifications/{id}", id=begun.json["id"]).status == 409


def test_asking_twice_sends_once(api: Api) -> None:
    first = start(api, keys=IP)
    api.clock[0] += 60 * SECOND
    second = start(api, keys=IP, length=8, ttl=3600)  # the code, its length and its end stay
    assert second.json == first.json
    assert api.wake_ups.keys == [SubmissionKey(first.json["messages"][0], root_path(0))] * len(api.wake_ups.keys)


def test_the_same_code_goes_out_again_through_the_next_account(api: Api) -> None:
    begun = start(api)
    first = content(api, begun)
    accounts, pauses = [first["account"]], []
    for posts in (2, 3):
        api.clock[0] = NOW + (62 if posts == 2 else 62 + 123) * SECOND
        again = start(api)
        assert (again.json["id"], again.json["expires_at"]) == (begun.json["id"], begun.json["expires_at"])
        sent = content(api, again)
        assert sent["code"] == first["code"]
        accounts.append(sent["account"])
        pauses.append(again.json["resend_after"])
    assert accounts == ["hb-main", "ly-bulk", "hb-main"]
    assert sent["minutes"] == "2"  # what is left of five, rounded up
    assert pauses == ["2026-01-22T09:33:30.000Z", "2026-01-22T09:35:26.000Z"]
    assert check(api, begun.json["id"], first["code"]) == {"status": "approved"}


def test_after_its_end_a_request_begins_anew(api: Api) -> None:
    first = start(api, ttl=60)
    api.clock[0] += 61 * SECOND
    second = start(api)
    assert second.json["id"][:30] == first.json["id"][:30]
    assert second.json["id"] != first.json["id"]
    assert second.json["left"] == 5
    assert api.call("GET", "/verifications/{id}", id=first.json["id"]).status == 404


# What is refused


def over_its_cap(api: Api) -> Answer:
    """A request that the number's cap of a text a minute refuses."""
    answer = start(api)
    assert (answer.status, answer.places) == (429, ["to"])
    return answer


@pytest.mark.parametrize("status", ["approved", "canceled", "exhausted"])
def test_a_refused_request_leaves_the_verification_that_stood_there(api: Api, status: str) -> None:
    """GIVEN a verification that is over WHEN the next of its number is refused THEN it can be asked for as before."""
    begun = start(api)
    id_, code = begun.json["id"], content(api, begun)["code"]
    match status:
        case "approved":
            check(api, id_, code)
        case "canceled":
            api.call("DELETE", "/verifications/{id}", id=id_)
        case _:
            for _ in range(5):
                check(api, id_, wrong(code))
    before = api.call("GET", "/verifications/{id}", id=id_)
    for _ in range(2):
        over_its_cap(api)
        assert api.call("GET", "/verifications/{id}", id=id_).json == before.json
    again = api.call("POST", "/verifications/{id}/check", {"code": code}, id=id_)
    assert (again.status, again.json.get("status")) == ((409, 409) if status == "approved" else (200, status))
    api.clock[0] += 60 * SECOND
    assert start(api).json["id"] != id_
    assert api.call("GET", "/verifications/{id}", id=id_).status == 404


def test_a_resend_that_is_refused_leaves_no_trace_and_may_be_tried_again(api: Api) -> None:
    """GIVEN a number whose cap has no room for a second text WHEN the code shall go out again THEN the verification
    stays as it is, and with room the code goes out, through the next account."""
    caps = '"caps": {"minute": 1, "hour": 1}, "purpose"'
    before_it, document = api.document, api.document.replace('"purpose"', caps)
    api.document = document
    api.accounts.refresh()
    begun = start(api)
    sent = content(api, begun)
    api.clock[0] += 61 * SECOND
    for _ in range(2):
        over_its_cap(api)
        shown = api.call("GET", "/verifications/{id}", id=begun.json["id"])
        assert shown.json == begun.json
    assert api.call("GET", "/messages/{id}", id=shown.json["messages"][-1]).status == 200
    api.document = before_it
    api.accounts.refresh()
    again = start(api)
    assert (len(again.json["messages"]), again.json["resend_after"]) == (2, "2026-01-22T09:33:29.000Z")
    assert content(api, again)["code"] == sent["code"]
    assert content(api, again)["account"] != sent["account"]


# Whose it is


def test_a_verification_is_its_clients_alone(api: Api) -> None:
    shop, other = api.sender("shop"), api.sender("other")
    begun = start(api, key=shop)
    code = content(api, begun)["code"]
    id_ = begun.json["id"]
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
        body = {"code": code} if path else None
        assert api.call(method, f"/verifications/{{id}}{path}", body, id=id_, key=other).status == 404
    assert api.call("GET", "/verifications/{id}", id=id_, key=shop).json["left"] == 5
    assert api.call("GET", "/verifications/{id}", id=id_).status == 200  # an administrator sees all
    api.clock[0] += 60 * SECOND  # an operator's minute
    assert start(api, key=other).json["id"] != id_
    assert check(api, id_, code, key=shop) == {"status": "approved"}


@pytest.mark.parametrize("id_", ["ver_", "ver_x", "msg_01m7z5skbrbwqgw4bmx01vye39", f"ver_{'0' * 42}", "é"])
def test_an_id_that_is_none_is_not_found(api: Api, id_: str) -> None:
    assert api.call("GET", "/verifications/{id}", id=id_).status == 404
    assert api.call("POST", "/verifications/{id}/check", {"code": "1"}, id=id_).status == 404


def test_who_may_not_send_passwords_may_not_verify(api: Api) -> None:
    answer = start(api, key=api.sender("news", purposes=("marketing",)))
    assert (answer.status, answer.json["title"]) == (403, "Not your purpose")


# What is wrong


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"to": "12"}, "to"),
        ({"template": "gone"}, "template"),
        ({"template": "greeting"}, "template"),
        ({"length": 3}, "length"),
        ({"length": 9}, "length"),
        ({"ttl": 59}, "ttl"),
        ({"ttl": 3601}, "ttl"),
        ({"keys": {"mac": "x"}}, "keys.mac"),
        ({"keys": {"ip": ""}}, "keys.ip"),
        ({"keys": {"ip": " "}}, "keys.ip"),
        ({"keys": {"ip": "203.0.113"}}, "keys.ip"),
        ({"keys": {"ip": "203.0.113.7:443"}}, "keys.ip"),
        ({"keys": {"ip": "203.0.113.7, 10.0.0.1"}}, "keys.ip"),
        ({"keys": {"device": " "}}, "keys.device"),
        ({"params": {"code": "1"}}, "params.code"),
        ({"params": {"minutes": "1"}}, "params.minutes"),
        ({"params": {"name": "张三"}}, "params.name"),
        ({"template": "named"}, "params.name"),
        ({"template": "short"}, "length"),
        ({"challenged": "yes"}, "challenged"),
        ({"text": "您好"}, "text"),
        ({"signature": "【示例】"}, "signature"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_by_its_place(api: Api, body: dict[str, Any], place: str) -> None:
    for name, text in {"greeting": "您好", "named": "{name}您好，验证码{code}", "short": "验证码{code}"}.items():
        lengths = {"code": 4} if name == "short" else {}
        api.call("PUT", "/templates/{name}", {"text": text, "lengths": lengths}, name=name)
    answer = api.call("POST", "/verifications", {"to": NUMBER, "template": "otp"} | body)
    assert (answer.status, answer.places) == (422, [place]), answer.text
    assert not [item for item in api.table.client.scan(TableName=api.table.name)["Items"] if "nonce" in item]


def test_other_variables_are_the_clients(api: Api) -> None:
    api.call("PUT", "/templates/{name}", {"text": "{name}您好，验证码{code}"}, name="named")
    begun = api.call("POST", "/verifications", {"to": NUMBER, "template": "named", "params": {"name": "张三"}})
    assert content(api, begun)["text"].startswith("张三您好，验证码")


def test_a_suppressed_number_gets_no_code_and_none_is_left(api: Api) -> None:
    api.call("PUT", "/suppressions/{number}", number=NUMBER)
    answer = start(api)
    assert (answer.status, answer.places) == (422, ["to"])
    assert not [item for item in api.table.client.scan(TableName=api.table.name)["Items"] if "nonce" in item]


def test_a_number_gets_a_code_a_minute_whoever_asks(api: Api) -> None:
    """GIVEN a number that has just got a code from one client WHEN another asks for one THEN none is sent and none is
    left, and after the minute it gets a whole one."""
    other = api.sender("other")
    start(api)
    api.clock[0] += 20 * SECOND
    over = start(api, key=other)
    assert (over.status, over.headers["Retry-After"], over.places) == (429, ["40"], ["to"])
    api.clock[0] += 40 * SECOND
    begun = start(api, key=other)
    assert (begun.status, begun.json["expires_at"]) == (202, "2026-01-22T09:36:26.000Z")


def test_a_code_that_is_no_text_is_refused(api: Api) -> None:
    begun = start(api)
    for body, place in (({"code": ""}, "code"), ({"code": 123456}, "code"), ({}, "code"), ({"pin": "1"}, "code")):
        answer = api.call("POST", "/verifications/{id}/check", body, id=begun.json["id"])
        assert (answer.status, place in answer.places) == (422, True)
    assert api.call("GET", "/verifications/{id}", id=begun.json["id"]).json["left"] == 5


# Caps of keys and of clients


@pytest.mark.parametrize(("kind", "one", "another"), [("ip", "::1", "1::"), ("device", "one", "another")])
def test_a_key_gets_ten_codes_an_hour(api: Api, kind: str, one: str, another: str) -> None:
    for index in range(10):
        assert start(api, f"1380013{index:04d}", keys={kind: one}).status == 202
    over = start(api, "13800138099", keys={kind: one})
    assert (over.status, over.headers["Retry-After"], over.places) == (429, ["3600"], [f"keys.{kind}"])
    assert over.json["cap"] == {"of": kind, "codes": 10, "seconds": 3600, "until": "2026-01-22T10:30:26.000Z"}
    assert start(api, "13800138099", keys={kind: another}).status == 202
    assert start(api, "13800138099", keys={kind: one}).status == 202  # nothing is sent for it
    shop = api.sender("shop")
    assert start(api, "13800138097", key=shop, keys={kind: one}).status == 202  # another client's key is another
    api.clock[0] += 3600 * SECOND
    assert start(api, "13800138098", keys={kind: one}).status == 202


def test_a_key_is_the_same_however_it_is_written(api: Api) -> None:
    caps = '"verifications": {"keys": {"ip": {"minute": 1}, "device": {"minute": 1}}}, "accounts"'
    api.document = api.document.replace('"accounts"', caps, 1)
    api.accounts.refresh()
    assert start(api, "13800138001", keys={"ip": "203.0.113.7"}).status == 202
    assert start(api, "13800138002", keys={"ip": " ::ffff:203.0.113.7 "}).places == ["keys.ip"]
    assert start(api, "13800138003", keys={"ip": "2001:db8::1"}).status == 202
    assert start(api, "13800138004", keys={"ip": "2001:DB8:0:0:ffff::9"}).places == ["keys.ip"]
    assert start(api, "13800138005", keys={"device": "d"}).status == 202
    assert start(api, "13800138006", keys={"device": "\td "}).places == ["keys.device"]


def test_no_key_is_stored_as_it_is(api: Api) -> None:
    start(api, keys={"ip": "203.0.113.77", "device": "d-4711-secret"})
    stored = str(api.table.client.scan(TableName=api.table.name)["Items"])
    assert "203.0.113.77" not in stored
    assert "d-4711" not in stored


def test_caps_are_set_in_the_accounts_document(api: Api) -> None:
    caps = '"verifications": {"keys": {"ip": {"minute": 1}, "device": null}, "client": {"hour": 3}}, "accounts"'
    api.document = api.document.replace('"accounts"', caps, 1)
    api.accounts.refresh()
    assert start(api, "13800138001", keys={**IP, "device": "d"}).status == 202
    over = start(api, "13800138002", keys={**IP, "device": "d"})
    assert (over.status, over.json["cap"]["seconds"]) == (429, 60)
    for index in (3, 4):
        assert start(api, f"1380013800{index}", keys={"device": "d"}).status == 202
    over = start(api, "13800138005")
    assert (over.status, over.json["cap"]["of"], over.headers["Retry-After"]) == (429, "client", ["1774"])
    assert over.json["detail"] == (
        "this client has had 3 codes in this hour of the clock, the most that it may: again in 1774 s"
    )
    api.clock[0] += 1774 * SECOND
    assert start(api, "13800138005").status == 202


def test_what_is_refused_is_not_counted_for_the_client(api: Api) -> None:
    api.document = api.document.replace('"accounts"', '"verifications": {"client": {"hour": 1}}, "accounts"', 1)
    api.accounts.refresh()
    api.call("PUT", "/suppressions/{number}", number=NUMBER)
    assert start(api).status == 422
    assert start(api, "13800138001").status == 202


# Test keys


@pytest.fixture
def tester(api: Api) -> str:
    key = api.sender("tester", test=True)
    assert clients.list_clients(api.table)[0].test
    return key


def test_a_magic_number_has_a_fixed_code_and_texts_nobody(api: Api, tester: str) -> None:
    begun = start(api, "19900000001", key=tester)
    assert (begun.status, begun.json["messages"], api.wake_ups.keys) == (202, [], [])
    assert check(api, begun.json["id"], "654321", key=tester) == {"status": "wrong", "left": 4}
    assert check(api, begun.json["id"], "123456", key=tester) == {"status": "approved"}
    short = start(api, "19900000001", key=tester, length=4)
    assert check(api, short.json["id"], "1234", key=tester) == {"status": "approved"}
    assert not [item for item in api.table.client.scan(TableName=api.table.name)["Items"] if "message" in item]


def test_each_magic_number_ends_in_its_own_way(api: Api, tester: str) -> None:
    over = start(api, "19900000002", key=tester)
    assert (over.status, over.headers["Retry-After"]) == (429, ["60"])
    assert (start(api, "19900000003", key=tester).status, start(api, "19900000004", key=tester).status) == (422, 403)
    assert start(api, "19900000004", key=tester).json["challenge_required"] is True
    passed = start(api, "19900000004", key=tester, challenged=True)
    assert check(api, passed.json["id"], "123456", key=tester) == {"status": "approved"}
    expired = start(api, "19900000005", key=tester)
    assert check(api, expired.json["id"], "123456", key=tester) == {"status": "expired"}


def test_a_test_key_texts_nobody(api: Api, tester: str) -> None:
    refused = start(api, NUMBER, key=tester)
    assert (refused.status, refused.places) == (422, ["to"])
    assert "19900000001" in refused.json["errors"][0]["msg"]
    posted = api.post({"to": NUMBER, "text": "您好"}, key=tester)
    assert (posted.status, posted.json["title"]) == (403, "A test key")
    assert api.post({"to": NUMBER, "text": "您好", "dry_run": True}, key=tester).status == 200
    assert api.wake_ups.keys == []
