"""Accounts as an administrator sees them: what is known, what is to be registered, what a vendor answers now."""

import copy
import json
from decimal import Decimal

import pytest

from smsgateway.api.schemas import resources
from smsgateway.codecs import VENDORS
from smsgateway.config.options import options_taken
from smsgateway.errors import AmbiguousError, NotSentError
from smsgateway.model import Balance, DayStatistics, Reason, Report, ReportStatus, Response
from smsgateway.store import accounts, polling, reports
from smsgateway.store.alerts import Alert, raise_alert
from tests.unit.api.conftest import ACCOUNTS, NOW, TOKEN, Api, sample

SECRETS = ("hb-s3cret", "jf-s3cret", "ly-s3cret", "jf-api", "c0rp")


def test_an_account_that_nothing_is_known_of(api: Api) -> None:
    answer = api.serve(sample("query-get-account"))

    assert answer.status == 200
    assert answer.json["name"] == "hb-main"
    assert answer.json["vendor"] == "hbsmservice"
    assert answer.json["poll"] == ["reports", "inbound"]
    assert answer.json["push"] == {
        kind: f"https://a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn/v1/push/hb-main/{TOKEN}/{kind}"
        for kind in ("reports", "inbound")
    }
    assert answer.json["balance"] is None
    assert answer.json["balance_alert"] == "1000"
    assert answer.json["health"] == "ok"
    assert answer.json["last_push"] == {"reports": None, "inbound": None}
    assert answer.json["last_try"] == {"reports": None, "inbound": None}
    assert answer.json["problem"] is None
    assert answer.json["options"]["timeout"] == 15.0


def test_an_account_that_much_is_known_of(api: Api) -> None:
    accounts.put_balance(api.table, "hb-main", [Balance(Decimal("12.50"), "p")], NOW)
    accounts.seen_push(api.table, "hb-main", "reports", NOW - 1000, {})
    accounts.note_try(api.table, "hb-main", "inbound", NOW - 3000)
    lease = polling.take_lease(api.table, "hb-main", "inbound", "me", NOW, NOW + 1000)
    assert lease
    polling.fulfil(api.table, lease, NOW - 2000)
    raise_alert(api.table, Alert("hb-main", "hbsmservice", "balance_low", "12.50 left", NOW, NOW))
    raise_alert(api.table, Alert("hb-main", "hbsmservice", "push_silent", "old", NOW - 86_400_001, NOW))

    shown = api.serve(sample("query-get-account")).json

    assert shown["balance"] == {"at": "2026-01-22T09:30:26.000Z", "amounts": [{"product": "p", "amount": "12.50"}]}
    assert shown["last_push"]["reports"] == "2026-01-22T09:30:25.000Z"
    assert shown["last_try"] == {"reports": None, "inbound": "2026-01-22T09:30:23.000Z"}
    assert shown["last_poll"] == {"reports": None, "inbound": "2026-01-22T09:30:24.000Z"}
    assert shown["alerts"] == [{"alert": "balance_low", "detail": "12.50 left", "at": "2026-01-22T09:30:26.000Z"}]
    assert shown["health"] == "alert"


def test_the_vendors_figures_stand_beside_ours(api: Api) -> None:
    for day in range(1, 10):
        figures = DayStatistics(f"2026-01-{day:02d}", 100, 90, 8, 2)
        accounts.put_statistics(api.table, "jf-otp", figures, NOW - 1000, NOW)
    accounts.put_comparison(api.table, "jf-otp", "2026-01-08", 30, differs=True, now=NOW)

    shown = api.call("GET", "/accounts/{name}", name="jf-otp").json["figures"]

    assert [figures["day"] for figures in shown] == [f"2026-01-{day:02d}" for day in range(9, 2, -1)]
    vendors = {"accepted": 100, "delivered": 90, "failed": 8, "open": 2, "fetched_at": "2026-01-22T09:30:25.000Z"}
    nothing = {"open_here": None, "compared_at": None, "differs": None}
    ours = {"open_here": 30, "compared_at": "2026-01-22T09:30:26.000Z", "differs": True}
    assert shown[:2] == [{"day": "2026-01-09", **vendors, **nothing}, {"day": "2026-01-08", **vendors, **ours}]
    for figures in shown:
        resources.Figures.model_validate(figures)
    assert api.serve(sample("query-get-account")).json["figures"] == []


def test_all_accounts_without_their_secrets(api: Api) -> None:
    answer = api.serve(sample("query-list-accounts"))

    assert [account["name"] for account in answer.json["items"]] == ["hb-main", "jf-otp", "ly-bulk"]
    assert [account["push"] is None for account in answer.json["items"]] == [False, True, True]
    for secret in SECRETS:
        assert secret not in answer.text


@pytest.mark.parametrize(
    "name", ["query-list-accounts", "query-get-account", "query-check-account", "query-list-unplaced-reports"]
)
def test_senders_see_no_accounts(api: Api, name: str) -> None:
    event = sample(name)
    event["headers"]["x-api-key"] = api.sender("shop")

    assert api.serve(event).status == 403


def test_an_account_shows_the_options_that_its_vendor_takes(api: Api) -> None:
    shown = {item["vendor"]: item["options"] for item in api.serve(sample("query-list-accounts")).json["items"]}

    assert set(shown) == {"hbsmservice", "infocloud", "langyu"}
    for vendor, options in shown.items():
        assert set(options) <= set(options_taken(VENDORS[vendor].profile))
        assert options["timeout"] == 15.0
    assert ("free_text_signature" in shown["infocloud"], "free_text_signature" in shown["langyu"]) == (True, False)
    assert not any("extension_prefix_length" in options for options in shown.values())


def test_options_that_are_tables_are_shown(api: Api) -> None:
    given = {"codes": {"-77": "moment"}, "words": {"MK:0012": "unreachable"}, "paths": {"send": "/v2/send"}}
    document = copy.deepcopy(ACCOUNTS)
    document["accounts"][0]["options"] = given
    api.document = json.dumps(document)
    name = document["accounts"][0]["name"]
    assert given.items() <= api.call("GET", "/accounts/{name}", name=name).json["options"].items()


def test_an_account_that_there_is_not(api: Api) -> None:
    assert api.call("GET", "/accounts/{name}", name="nobody").status == 404
    assert api.call("POST", "/accounts/{name}/check", name="nobody").status == 404
    assert api.call("GET", "/accounts/{name}", name="a b").status == 422


def test_a_wrong_document_is_told_and_the_last_good_one_shown(api: Api) -> None:
    api.serve(sample("query-get-account"))
    api.document = json.dumps(ACCOUNTS | {"accounts": [ACCOUNTS["accounts"][0]] * 2, "routes": []})
    api.clock[0] += 61_000

    answer = api.serve(sample("query-get-account"))

    assert answer.status == 200
    assert answer.json["problem"] == "accounts[1].name: is the name of another account too"


def test_a_document_that_was_never_good(api: Api) -> None:
    answer = Api(api.table, document="{}").serve(sample("query-list-accounts"))

    assert answer.status == 503
    assert answer.json["title"] == "Service Unavailable"


def test_a_check_stores_the_balance(api: Api) -> None:
    api.vendors.answers = {"": Response(200, {}, b"ok#8500")}

    checked = api.serve(sample("query-check-account"))

    assert checked.status == 200
    assert checked.json == {
        "reachable": True,
        "healthy": None,
        "balance": [{"product": "", "amount": "8500"}],
        "problem": None,
    }
    assert api.serve(sample("query-get-account")).json["balance"]["amounts"] == checked.json["balance"]


def test_a_check_respects_the_vendors_pacing(api: Api) -> None:
    api.vendors.answers = {"": Response(200, {}, b"")}
    first = api.call("POST", "/accounts/{name}/check", name="ly-bulk")
    api.clock[0] += 3000
    second = api.call("POST", "/accounts/{name}/check", name="ly-bulk")

    assert first.status == 200
    assert second.status == 429
    assert second.headers["Retry-After"] == ["8"]  # of the vendor's 10 seconds, and a little
    assert len(api.vendors.asked) == 1


@pytest.mark.parametrize(
    ("answer", "reachable", "problem"),
    [
        (NotSentError("no connection (ECONNREFUSED)"), False, "no connection (ECONNREFUSED)"),
        (AmbiguousError("HTTP status 500"), False, "HTTP status 500"),
        (Response(200, {}, b"<html>maintenance</html>"), True, None),
        (Response(200, {}, b"err#107"), True, None),
    ],
)
def test_a_check_that_brings_no_balance(
    api: Api, answer: Response | Exception, reachable: bool, problem: str | None
) -> None:
    api.vendors.answers = {"": answer}

    checked = api.serve(sample("query-check-account")).json

    assert checked["reachable"] is reachable
    assert checked["balance"] is None
    assert checked["problem"]
    assert problem in (None, checked["problem"])


@pytest.mark.parametrize("answer", [Response(200, {}, b"ok"), NotSentError("no connection")])
def test_the_health_of_a_vendor_that_has_a_query_for_it(api: Api, answer: Response | Exception) -> None:
    api.vendors.answers = {"": answer}

    checked = api.call("POST", "/accounts/{name}/check", name="jf-otp").json

    assert len(api.vendors.asked) == 2
    assert checked["healthy"] is not None
    assert isinstance(answer, Response) or checked["healthy"] is False


# Reports without a place


def unplaced(api: Api, index: int, account: str = "hb-main") -> str:
    """A report that came `index` milliseconds after the others' beginning; its id."""
    report = Report(f"id-{index}", "138****8000", ReportStatus.UNDELIVERED, "2 undeliver", Reason.UNREACHABLE)
    if index % 2:
        reports.keep_unmatched(api.table, account, [(report, "msg_1")], NOW + index, NOW // 1000 + 86_400)
    else:
        reports.keep_early(api.table, account, [report], NOW + index, NOW // 1000 + 86_400)
    return report.vendor_id


def test_reports_without_a_place_newest_first(api: Api) -> None:
    made = [unplaced(api, index) for index in range(5)]
    unplaced(api, 9, "ly-bulk")
    path = "/accounts/{name}/unplaced-reports"

    first = api.call("GET", path, name="hb-main", query={"limit": "3"})
    rest = api.call("GET", path, name="hb-main", query={"limit": "3", "next": first.json["next"]})

    assert (first.status, rest.status) == (200, 200)
    assert [item["vendor_id"] for item in first.json["items"] + rest.json["items"]] == made[::-1]
    assert rest.json["next"] is None
    assert first.json["items"][1] == {
        "to": "138****8000",
        "vendor_id": "id-3",
        "status": "undelivered",
        "reason": "unreachable",
        "vendor_status": "2 undeliver",
        "segment": None,
        "reported_at": None,
        "kept_at": "2026-01-22T09:30:26.003Z",
        "message_id": "msg_1",
    }
    assert first.json["items"][0]["message_id"] is None


def test_an_account_whose_reports_all_have_a_place(api: Api) -> None:
    assert api.serve(sample("query-list-unplaced-reports")).json == {"items": [], "next": None}
    assert api.call("GET", "/accounts/{name}/unplaced-reports", name="gone").status == 404
