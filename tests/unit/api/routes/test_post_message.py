"""`POST /messages`: what shape of body is refused, where it says so, and what gets through to be accepted."""

import base64
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from smsgateway.api.routes.post_message import hash_of
from smsgateway.api.serving import serving
from smsgateway.api.serving.bodies import LARGEST
from smsgateway.ids import SubmissionKey, keyed_message_id
from smsgateway.store import submissions
from smsgateway.store.messages import Claim, begin_acceptance
from smsgateway.store.table import Table
from tests.doubles import aws
from tests.unit.api.conftest import ACCOUNTS, Answer, Api, request, sample
from tests.unit.store.given import MESSAGE

GOOD = {"to": "13800138000", "text": "您的包裹已到"}
NUMBERS = ["13800138000", "13900139000", "13700137000"]


@pytest.mark.parametrize("name", ["send-otp", "send-broadcast", "send-personalised"])
def test_samples_are_accepted(api: Api, name: str) -> None:
    answer = api.serve(sample(name))

    assert answer.status == 202
    assert answer.json["id"].startswith("msg_")
    assert answer.json["status"] == "queued"
    assert answer.json["recipients"] == answer.json["segments"] == (1 if name == "send-otp" else 2)
    assert api.wake_ups.keys


def test_the_sample_of_a_template_needs_it_registered(api: Api) -> None:
    refused = api.serve(sample("send-template"))
    api.serve(sample("query-put-template"))
    accepted = api.serve(sample("send-template"))

    assert (refused.status, refused.places) == (422, ["template"])
    assert accepted.status == 202


def test_a_dry_run_stores_nothing(api: Api) -> None:
    answer = api.serve(sample("send-dry-run"))

    assert answer.status == 200
    assert answer.json["id"] is None
    assert [step["account"] for step in answer.json["plan"]["route"]] == ["hb-main", "ly-bulk"]
    assert aws.scan(api.table) == []
    assert not api.wake_ups.keys


def test_a_plan_shows_what_each_account_would_send(api: Api) -> None:
    hb, jf, ly = ACCOUNTS["accounts"]
    routes = [{"purpose": "*", "accounts": ["hb-main", "jf-otp", "ly-bulk"]}]
    api.document = json.dumps({"accounts": [hb, jf, ly | {"signature": "商店"}], "routes": routes})
    api.serve(sample("query-put-template"))
    event = json.loads(base64.b64decode(sample("send-template")["body"]))

    common = api.post(GOOD | {"text": "满100减20", "dry_run": True}).json["plan"]
    template = api.post(event | {"dry_run": True}).json["plan"]
    emoji = api.post(GOOD | {"text": "到了😀" + "长" * 70, "dry_run": True}).json["plan"]

    assert common["queue"] == "urgent"
    assert common["route"][0] == {
        "account": "hb-main",
        "vendor": "hbsmservice",
        "requests": 1,
        "segments": 1,
        "signatures": [],
        "contents": [{"to": None, "text": "【示例】满100减20", "segments": 1, "template": None}],
    }
    text, code = "您的验证码是482913，5分钟内有效", {"code": "675001", "params": ["482913", "5"]}
    shown = [
        (step["account"], step["contents"][0]["text"], step["contents"][0]["template"]) for step in template["route"]
    ]
    assert shown == [
        ("hb-main", f"【示例】{text}", None),
        ("jf-otp", f"【示例】{text}", code),
        ("ly-bulk", f"【商店】{text}", None),
    ]
    assert [step["segments"] for step in emoji["route"]] == [2, 2]
    assert emoji["excluded"] == [{"account": "hb-main", "problem": "characters that GBK cannot carry: 😀"}]


def test_a_plan_shows_the_first_of_many_contents(api: Api) -> None:
    entries = [{"to": f"138001380{index:02d}", "text": f"第{index}位" + "长" * 7 * index} for index in range(12)]

    answer = api.post({"messages": entries, "dry_run": True, "account": "ly-bulk", "signature": ""}).json

    (step,) = answer["plan"]["route"]
    assert [(content["to"], content["text"]) for content in step["contents"]] == [
        (entry["to"], entry["text"]) for entry in entries[:10]
    ]
    assert step["requests"] == 12  # this vendor has no personalised requests
    assert step["segments"] == answer["segments"] == 14
    assert [content["segments"] for content in step["contents"]] == [1] * 10


@pytest.mark.parametrize("resend", [{"undelivered": True}, {"undelivered": True, "unconfirmed": True}])
def test_what_may_be_sent_again_is_kept_with_the_message(api: Api, resend: dict[str, bool]) -> None:
    tried = api.post(GOOD | {"resend": resend, "dry_run": True})
    answer = api.post(GOOD | {"resend": resend})

    assert (tried.status, answer.status) == (200, 202)
    assert [step["account"] for step in tried.json["plan"]["route"]] == ["hb-main", "ly-bulk"]
    stored = submissions.load_submission(api.table, SubmissionKey(answer.json["id"], "00000"))
    assert stored
    assert stored.may_reroute
    assert stored.own_message
    assert stored.own_message.resend_undelivered
    assert stored.own_message.resend_unconfirmed is resend.get("unconfirmed", False)


def test_an_idempotency_key_gives_the_first_answer_again(api: Api) -> None:
    first = api.post(GOOD, headers={"Idempotency-Key": "once, and only once"})
    again = api.post(dict(reversed(GOOD.items())), headers={"idempotency-key": "once, and only once"})
    other = api.post(GOOD | {"text": "别的"}, headers={"Idempotency-Key": "once, and only once"})

    assert first.status == again.status == 202
    assert first.json == again.json
    assert (other.status, other.places) == (422, ["Idempotency-Key"])


REFUSED: list[tuple[str, Any, list[str]]] = [
    ("no fields", {}, ["to", "text"]),
    ("no recipient", {"text": "a"}, ["to"]),
    ("no content", {"to": "13800138000"}, ["text"]),
    ("an empty list", GOOD | {"to": []}, ["to"]),
    ("50001 numbers", GOOD | {"to": ["13800138000"] * 50_001}, ["to"]),
    ("50001 personal messages", {"messages": [{"to": "1", "text": "a"}] * 50_001}, ["messages"]),
    ("a number that is one", GOOD | {"to": [13800138000]}, ["to[0]"]),
    ("one wrong type among many", GOOD | {"to": ["1", "2", "3", None]}, ["to[3]"]),
    ("an overlong number", GOOD | {"to": ["1", "1" * 65]}, ["to[1]"]),
    ("an unknown field", GOOD | {"texxt": "a"}, ["texxt"]),
    ("an unknown field that nobody should see", GOOD | {"<script>": 1}, ["?"]),
    ("a field's name with half a character", GOOD | {"a\ud800": 1}, ["body"]),
    ("text beside template", GOOD | {"template": "t"}, ["template"]),
    ("params beside text", GOOD | {"params": {"a": "b"}}, ["params"]),
    ("an empty text", GOOD | {"text": ""}, ["text"]),
    ("a text too long for anybody", GOOD | {"text": "长" * 10_001}, ["text"]),
    ("half a character", GOOD | {"text": "a\ud83d"}, ["text"]),
    ("half a character in a variable", {"to": "1", "template": "t", "params": {"a": "\udc00"}}, ["params.a"]),
    ("a variable's name that is none", {"to": "1", "template": "t", "params": {"a b": "c"}}, ["params.? (the name)"]),
    ("a variable that is no string", {"to": "1", "template": "t", "params": {"a": 5}}, ["params.a"]),
    ("a template's name with a slash", {"to": "1", "template": "a/b"}, ["template"]),
    ("messages beside to and text", GOOD | {"messages": [{"to": "1", "text": "a"}]}, ["to", "text"]),
    ("a personal message without text", {"messages": [{"to": "1", "text": "a"}, {"to": "2"}]}, ["messages[1].text"]),
    ("a personal text that is none", {"messages": [{"to": "1", "text": 1}]}, ["messages[0].text"]),
    (
        "a personal text beside a template",
        {"template": "t", "messages": [{"to": "1", "text": "a"}]},
        ["messages[0].text"],
    ),
    (
        "personal params without template",
        {"messages": [{"to": "1", "text": "a", "params": {}}]},
        ["messages[0].params"],
    ),
    ("a personal field that is unknown", {"messages": [{"to": "1", "text": "a", "x": 1}]}, ["messages[0].x"]),
    ("no personal messages", {"messages": []}, ["messages"]),
    ("a signature with brackets", GOOD | {"signature": "【示例】"}, ["signature"]),
    ("a signature with a line end", GOOD | {"signature": "示\n例"}, ["signature"]),
    ("a signature with a mark that no eye sees", GOOD | {"signature": "示\u200b例"}, ["signature"]),
    ("a text of marks alone", GOOD | {"text": "\u200b\ufeff \n"}, ["text"]),
    ("a personal text of marks alone", {"messages": [{"to": "1", "text": "\u200b"}]}, ["messages[0].text"]),
    ("a text that lost bytes", GOOD | {"text": "您\ufffd好"}, ["text"]),
    ("a personal text that lost bytes", {"messages": [{"to": "1", "text": "\ufffd"}]}, ["messages[0].text"]),
    ("a signature that lost bytes", GOOD | {"signature": "\ufffd"}, ["signature"]),
    ("a reference that lost bytes", GOOD | {"reference": "r\ufffd"}, ["reference"]),
    ("a variable that lost bytes", {"to": "1", "template": "t", "params": {"a": "b\ufffd"}}, ["params.a"]),
    (
        "a personal variable that lost bytes",
        {"template": "t", "messages": [{"to": "1", "params": {"a": "\ufffd"}}]},
        ["messages[0].params.a"],
    ),
    ("an overlong signature", GOOD | {"signature": "名" * 21}, ["signature"]),
    ("an unknown purpose", GOOD | {"purpose": "spam"}, ["purpose"]),
    ("an account's name with a line end", GOOD | {"account": "hb-main\n"}, ["account"]),
    ("an extension in full-width digits", GOOD | {"extension": "１２"}, ["extension"]),
    ("an extension with a line end", GOOD | {"extension": "12\n"}, ["extension"]),
    ("an extension that is a number", GOOD | {"extension": 12}, ["extension"]),
    ("an overlong reference", GOOD | {"reference": "r" * 65}, ["reference"]),
    ("a reference with a control character", GOOD | {"reference": "a\x00b"}, ["reference"]),
    ("a time without zone", GOOD | {"send_at": "2026-01-22T10:00:00"}, ["send_at"]),
    ("a time that is none", GOOD | {"send_at": "tomorrow"}, ["send_at"]),
    ("a time that is a number", GOOD | {"send_at": 1769074226}, ["send_at"]),
    ("a time in the past", GOOD | {"send_at": "2026-01-22T09:29:00Z"}, ["send_at"]),
    ("the epoch, which an unset date often is", GOOD | {"send_at": "1970-01-01T00:00:00Z"}, ["send_at"]),
    ("the epoch elsewhere", GOOD | {"send_at": "1970-01-01T08:00:00+08:00"}, ["send_at"]),
    ("a fraction after the epoch", GOOD | {"send_at": "1970-01-01T00:00:00.0004Z"}, ["send_at"]),
    ("a fraction before the epoch", GOOD | {"send_at": "1969-12-31T23:59:59.9996Z"}, ["send_at"]),
    ("long before the epoch", GOOD | {"send_at": "0001-01-01T00:00:00Z"}, ["send_at"]),
    ("a time too far ahead", GOOD | {"send_at": "2026-02-21T09:30:27Z"}, ["send_at"]),
    ("a time beyond all calendars", GOOD | {"send_at": "9999-12-31T23:59:59-23:59"}, ["send_at"]),
    ("no validity at all", GOOD | {"valid_for": 0}, ["valid_for"]),
    ("a validity of more than three days", GOOD | {"valid_for": 259_201}, ["valid_for"]),
    ("a validity that is true", GOOD | {"valid_for": True}, ["valid_for"]),
    ("a validity that is a string", GOOD | {"valid_for": "60"}, ["valid_for"]),
    ("resend as one word", GOOD | {"resend": True}, ["resend"]),
    ("resend with a word unknown", GOOD | {"resend": {"always": True}}, ["resend.always"]),
    ("resend of what is undelivered as a word", GOOD | {"resend": {"undelivered": "yes"}}, ["resend.undelivered"]),
    ("a dry run that is a number", GOOD | {"dry_run": 1}, ["dry_run"]),
    ("a list in place of an object", [GOOD], ["body"]),
    ("null", b"null", ["body"]),
    ("a string", b'"a"', ["body"]),
    ("a number", b"5", ["body"]),
]


@pytest.mark.parametrize(("body", "places"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_refusal_names_the_field(api: Api, body: Any, places: list[str]) -> None:
    answer = api.post(body)

    _is_problem(answer, 422)
    assert answer.places == places
    assert all(error["msg"] and not error["msg"].startswith("Value error") for error in answer.json["errors"])
    assert aws.scan(api.table) == []
    assert not api.wake_ups.keys


NOT_JSON: list[tuple[str, bytes]] = [
    ("words", b"to=13800138000&text=a"),
    ("cut", b'{"to": "138'),
    ("GBK", '{"to": "13800138000", "text": "中"}'.encode("gbk")),
    ("UTF-16", '{"to": "1"}'.encode("utf-16")),
    ("deep lists", b"[" * 200_000 + b"]" * 200_000),
    ("deep objects", b'{"params":' * 50_000 + b"1" + b"}" * 50_000),
    ("deep enough", b'{"to": ' + b"[" * 12 + b"]" * 12 + b"}"),
    ("not a number", b'{"valid_for": NaN}'),
    ("infinity", b'{"valid_for": 1e999}'),
    ("a number of ten thousand digits", b'{"valid_for": ' + b"1" * 10_000 + b"}"),
    ("a field twice", b'{"to": "13800138000", "to": "13900139000", "text": "a"}'),
]


@pytest.mark.parametrize("body", [case[1] for case in NOT_JSON], ids=[case[0] for case in NOT_JSON])
def test_what_is_not_json(api: Api, body: bytes) -> None:
    _is_problem(api.post(body), 400)


@pytest.mark.parametrize("body", [None, b""])
def test_an_empty_body(api: Api, body: bytes | None) -> None:
    _is_problem(api.post(body), 400)


def test_a_byte_order_mark_is_survived(api: Api) -> None:
    assert api.post(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()).status == 202


def test_a_body_that_is_not_base64_although_it_says_so(api: Api) -> None:
    event = request("POST", "/messages", GOOD) | {"body": "!!!"}

    _is_problem(api.serve(event), 400)


def test_a_body_is_read_by_its_flag(api: Api) -> None:
    event = request("POST", "/messages") | {"body": json.dumps(GOOD, ensure_ascii=False), "isBase64Encoded": False}

    assert api.serve(event).status == 202


def test_a_form_type_does_not_matter(api: Api) -> None:
    """`curl -d` says that JSON is a form."""
    assert api.post(GOOD, headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 202


def test_a_body_over_the_limit(api: Api) -> None:
    _is_problem(api.post(b'{"text": "' + b"a" * LARGEST + b'"}'), 413)


def test_fifty_thousand_numbers(api: Api) -> None:
    numbers = [f"138{index:08d}" for index in range(50_000)]

    answer = api.post({"to": numbers, "text": "a", "dry_run": True})

    assert (answer.status, answer.json["recipients"]) == (200, 50_000)
    assert answer.json["plan"]["route"][0]["requests"] == 250


def test_of_many_errors_the_first_are_shown(api: Api) -> None:
    answer = api.post(GOOD | {"to": [1] * 50_000})

    assert len(answer.places) == 100
    assert "50000" in answer.json["detail"]


@pytest.mark.parametrize("key", ["", "k" * 256, "中", "a\nb"])
def test_idempotency_keys_that_are_none(api: Api, key: str) -> None:
    answer = api.post(GOOD, headers={"Idempotency-Key": key})

    _is_problem(answer, 422)
    assert answer.places == ["Idempotency-Key"]


@pytest.mark.parametrize("names", [("Idempotency-Key", "Idempotency-Key"), ("Idempotency-Key", "idempotency-key")])
@pytest.mark.parametrize("keys", [("one", "two"), ("one", "one")])
def test_two_idempotency_keys(api: Api, names: tuple[str, str], keys: tuple[str, str]) -> None:
    event = request("POST", "/messages", GOOD)
    for name, key in zip(names, keys, strict=True):
        event["headers"][name] = key
        event["multiValueHeaders"].setdefault(name, []).append(key)

    answer = api.serve(event)

    _is_problem(answer, 400)
    assert answer.places == ["Idempotency-Key"]
    assert aws.scan(api.table) == []


@pytest.mark.parametrize("number", ["12", "", "138001380001", "13800138000-"])
def test_numbers_that_are_none_are_refused_by_place(api: Api, number: str) -> None:
    alone = api.post(GOOD | {"to": number})
    among = api.post(GOOD | {"to": ["13800138000", number]})

    assert (alone.status, alone.places) == (422, ["to[0]"])
    assert among.status == 202
    assert among.json["refused"] == [{"to": number, "reason": "invalid_number"}]


def test_a_character_that_no_number_has_is_named(api: Api) -> None:
    alone = api.post(GOOD | {"to": "138001Ж38000"})
    among = api.post(GOOD | {"to": ["13800138000", "138001\u06603800"]})

    assert alone.json["errors"] == [
        {"loc": "to[0]", "msg": "has U+0416 (CYRILLIC CAPITAL LETTER ZHE), which no number has"}
    ]
    problem = "has U+0660 (ARABIC-INDIC DIGIT ZERO), which no number has"
    assert among.json["refused"] == [{"to": "138001\u06603800", "reason": "invalid_number", "problem": problem}]


def test_a_list_is_merged(api: Api) -> None:
    forms = [
        "13800138000",
        "+86 138-0013-8000",
        "008613800138000",
        "１３８００１３８０００",
        "\u202d138\u00a00013\u20118000\r",
    ]
    answer = api.post(GOOD | {"to": [*forms, *NUMBERS]})

    assert (answer.json["recipients"], answer.json["refused"]) == (3, [])


def test_an_unknown_account(api: Api) -> None:
    answer = api.post(GOOD | {"account": "nobody"})

    _is_problem(answer, 422)
    assert answer.places == ["account"]


def test_an_emoji_that_no_vendor_of_the_route_carries(api: Api) -> None:
    answer = api.post(GOOD | {"text": "到了😀", "account": "hb-main"})

    _is_problem(answer, 422)
    assert "hb-main" in answer.json["errors"][0]["msg"]


def test_a_purpose_that_the_client_may_not_use(api: Api) -> None:
    key = api.sender("shop", purposes=("otp",))

    _is_problem(api.post(GOOD, key=key), 403)
    assert api.post(GOOD | {"purpose": "otp"}, key=key).status == 202


def test_a_daily_limit_that_is_spent(api: Api) -> None:
    key = api.sender("shop", daily_segments=2)

    assert api.post(GOOD | {"to": NUMBERS[:2]}, key=key).status == 202
    _is_problem(api.post(GOOD, key=key), 429)


def test_a_suppressed_number(api: Api) -> None:
    api.serve(sample("query-put-suppression"))

    alone, among = api.post(GOOD), api.post(GOOD | {"to": NUMBERS})

    assert alone.status == 422
    assert among.json["refused"] == [{"to": "13800138000", "reason": "suppressed"}]
    assert among.json["recipients"] == 2


LANDLINE = "0755-8080-8080"
QIXINTONG = {
    "name": "qx-1",
    "vendor": "qixintong",
    "base_url": "http://qx.example",
    "credentials": {"us_name": "n", "us_pwd": "p"},
}


def with_qixintong(api: Api, *route: str) -> Api:
    """The accounts with one more, whose vendor takes landlines, and a route."""
    accounts = [*ACCOUNTS["accounts"], QIXINTONG]
    routes = [{"purpose": "*", "accounts": list(route)}]
    return Api(api.table, document=json.dumps({"accounts": accounts, "routes": routes}))


def test_landlines_beside_mobiles_are_refused_by_name(api: Api) -> None:
    """A landline in a list neither leads it to another vendor nor takes its failover."""
    api = with_qixintong(api, "hb-main", "qx-1")
    body = GOOD | {"to": ["13800138000", LANDLINE, "12", "13900139000"]}

    first = api.post(body, headers={"Idempotency-Key": "one"})
    again = api.post(body, headers={"Idempotency-Key": "one"})
    personal = api.post({"messages": [{"to": LANDLINE, "text": "a"}, {"to": "13800138000", "text": "b"}]})

    assert first.status == 202
    assert (first.json["recipients"], first.json["account"]) == (2, "hb-main")
    assert first.json["refused"] == [
        {"to": "12", "reason": "invalid_number"},
        {"to": "075580808080", "reason": "landline"},
    ]
    assert again.json == first.json
    assert (personal.json["recipients"], personal.json["refused"]) == (
        1,
        [{"to": "075580808080", "reason": "landline"}],
    )


def test_landlines_beside_mobiles_are_sent_where_every_account_takes_them(api: Api) -> None:
    answer = with_qixintong(api, "hb-main").post(GOOD | {"to": ["13800138000", LANDLINE], "account": "qx-1"})

    assert (answer.json["recipients"], answer.json["refused"]) == (2, [])


def test_landlines_alone_go_through_the_accounts_that_take_them(api: Api) -> None:
    able, unable = with_qixintong(api, "hb-main", "qx-1"), with_qixintong(api, "hb-main", "ly-bulk")

    sent = able.post(GOOD | {"to": LANDLINE})
    refused = unable.post(GOOD | {"to": LANDLINE})

    assert (sent.status, sent.json["account"]) == (202, "qx-1")
    assert refused.status == 422
    assert refused.json["errors"] == [
        {"loc": "to", "msg": "hb-main: takes mobile numbers only; landlines among them: 1"},
        {"loc": "to", "msg": "ly-bulk: takes mobile numbers only; landlines among them: 1"},
    ]


def test_a_scheduled_message(api: Api) -> None:
    answer = api.post(GOOD | {"send_at": "2026-01-23T08:00:00+08:00"})

    assert answer.json["status"] == "scheduled"
    assert not api.wake_ups.keys


def test_a_time_that_has_just_passed_is_now(api: Api) -> None:
    assert api.post(GOOD | {"send_at": "2026-01-22T09:29:30Z"}).json["status"] == "queued"


def test_the_hash_of_a_body_does_not_depend_on_order_or_space() -> None:
    assert hash_of(json.loads('{"a": 1, "b": [2,3]}')) == hash_of(json.loads('{"b":[2, 3],"a":1}'))
    assert hash_of({"a": [2, 3]}) != hash_of({"a": [3, 2]})


def test_logs_hold_neither_numbers_nor_texts_nor_keys(api: Api, logged: io.StringIO) -> None:
    api.post(GOOD | {"reference": "r-77"})
    api.post(GOOD | {"to": "13800138000x", "text": 5})
    api.post(b'{"to": "13800138000')

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["status"] for line in lines] == [202, 422, 400]
    for secret in ("13800138000", "包裹", "EXAMPLEadministratorkey"):
        assert secret not in logged.getvalue()


def test_an_exception_shows_nothing(api: Api, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("13800138000 has no rows")

    monkeypatch.setattr(Table, "put", broken)

    answer = api.post(GOOD)

    _is_problem(answer, 500)
    assert "rows" not in answer.text
    assert "13800138000" not in logged.getvalue()
    assert json.loads(logged.getvalue().splitlines()[0])["error"] == "RuntimeError"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the functions log."""
    lines = io.StringIO()
    monkeypatch.setattr(serving.logger.registered_handler, "stream", lines)
    return lines


def _is_problem(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == ["application/problem+json"]
    assert answer.json["status"] == status
    assert answer.json["title"]
    assert answer.json["detail"]


def test_who_repeats_a_post_too_early_is_told_when_to_come_again(api: Api) -> None:
    """After that, the other's acceptance is either finished or dead."""
    key = api.sender("shop")
    message = replace(MESSAGE, id=keyed_message_id("shop", "k"), client="shop", recipients=2)
    until = api.clock[0] + 20_500
    begin_acceptance(api.table, message, Claim("another", api.clock[0], until), api.clock[0] // 1000 + 60)
    body = {"to": ["13800138000", "13800138001"], "text": "您好"}
    answer = api.post(body, key=key, headers={"Idempotency-Key": "k"})
    assert (answer.status, answer.headers["Retry-After"]) == (409, ["21"])
    api.clock[0] += 21_000
    assert api.post(body, key=key, headers={"Idempotency-Key": "k"}).status == 202
