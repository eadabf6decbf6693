"""The page of accounts and vendors: its document is valid, its tables are the profiles, the policy and the codes."""

import json
import re
from collections.abc import Mapping

import pytest

from smsgateway.codecs import VENDORS, infocloud
from smsgateway.codecs.charsets import written_in
from smsgateway.codecs.refusals import SIGNATURE
from smsgateway.config.accounts import parse_accounts
from smsgateway.model import About, Reason, Refused
from smsgateway.routing import Again, Doubt, End, Move, Tried, next_step
from tests.doubles.samples import samples
from tests.doubles.voices import account
from tests.simulators.accounts import default_accounts
from tests.tools import codes
from tests.tools.pages import ACCOUNTS as PAGE
from tests.tools.pages import ROOT, accounts_document, the_ticked, ticked
from tests.tools.template import of_type

CAPABILITIES = {
    "send": "send",
    "personalised": "batch",
    "balance": "balance",
    "report push": "report_push",
    "report poll": "report_poll",
    "reply push": "inbound_push",
    "reply poll": "inbound_poll",
    "statistics": "statistics",
    "health": "health",
}


def test_the_accounts_document_has_a_valid_account_at_each_vendor() -> None:
    settings = parse_accounts(json.dumps(accounts_document()))
    assert {each.vendor for each in settings.accounts.values()} == set(VENDORS)
    assert settings.routes


def test_the_accounts_document_has_the_accounts_that_there_are() -> None:
    local = {account.name for account in default_accounts()}
    assert {entry["name"] for entry in accounts_document()["accounts"]} == local


def test_the_fields_of_an_account_are_explained() -> None:
    explained = {the_ticked(row["field of an account"]) for row in PAGE.table_with("field of an account")}
    used = {name for entry in accounts_document()["accounts"] for name in entry}
    assert {name for name in explained if "." not in name} == used
    assert {name.removeprefix("push.") for name in explained if "." in name} == {"token", "source_ips", "credentials"}


def test_the_credentials_of_each_vendor_are_named() -> None:
    rows = PAGE.table_with("`credentials`, all required")
    assert [row["vendor"] for row in rows] == list(VENDORS)
    for row in rows:
        vendor = VENDORS[row["vendor"]]
        assert ticked(row["`credentials`, all required"]) == list(vendor.profile.credentials)
        assert set(ticked(row["`push.credentials`, all optional"])) == set(vendor.profile.push_credentials)
        polled = {"reports": vendor.report_poll, "inbound": vendor.inbound_poll}
        assert ticked(row["`poll` may name"]) == [kind for kind, codec in polled.items() if codec]
        assert row["pushes"] == ("yes" if vendor.report_push else "no")


def test_what_holds_where_an_option_is_not_set_is_the_codecs() -> None:
    rows = {the_ticked(row["option"]): row for row in PAGE.table_with("option", "default")}
    assert rows["charset"]["default"] == written_in(account("hbsmservice"))
    assert rows["sign_method"]["default"] == infocloud.DEFAULT_SIGN_METHOD
    assert set(ticked(rows["sign_method"]["meaning"])) == set(infocloud.SIGN_METHODS)
    assert set(ticked(rows["codes"]["meaning"])[1:]) == {*About, SIGNATURE} - {About.UNLISTED}


def test_what_has_no_effect_yet_is_said_to_have_none() -> None:
    code = {path: path.read_text(encoding="utf-8") for path in (ROOT / "layers/gateway/smsgateway").rglob("*.py")}
    readers = "".join(text for path, text in code.items() if path.name not in ("model.py", "options.py"))
    for row in PAGE.table_with("option", "default"):
        is_read = re.search(rf"\.{the_ticked(row['option'])}\b", readers) is not None
        assert ("not used yet" in row["meaning"]) == (not is_read), row["option"]


def test_the_push_addresses_are_those_that_are_deployed() -> None:
    listed = {
        (method, the_ticked(row["path"]))
        for row in PAGE.table_with("method", "path")
        for method in row["method"].split(", ")
    }
    events = [
        event["Properties"]
        for function in of_type("AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Api"
    ]
    assert listed == {(event["Method"], event["Path"]) for event in events if event["Path"].startswith("/push/")}


def test_the_matrix_is_the_registry() -> None:
    rows = PAGE.table_with("vendor", *CAPABILITIES)
    assert [row["vendor"] for row in rows] == list(VENDORS)
    for row in rows:
        for column, capability in CAPABILITIES.items():
            has = getattr(VENDORS[row["vendor"]], capability) is not None
            assert row[column] == ("yes" if has else ""), (row["vendor"], column)


def test_the_limits_are_the_profiles() -> None:
    rows = PAGE.table_with("vendor", "numbers a request")
    assert [row["vendor"] for row in rows] == list(VENDORS)
    for row in rows:
        profile = VENDORS[row["vendor"]].profile
        assert row["numbers a request"] == str(profile.recipients)
        assert row["personalised"] == (str(profile.batch) if profile.batch else "")
        assert row["characters of a text"] == str(samples(row["vendor"]).TEXT_LIMIT)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_has_a_section_on_what_to_register(vendor: str) -> None:
    assert f"\n### {vendor}\n" in PAGE.text, f"the page lacks a section ### {vendor} on what to register"


def test_what_a_refusal_leads_to_is_the_policy() -> None:
    words: Mapping[About, tuple[str, type, str]] = {
        About.MOMENT: ("the moment", Again, "the same account again"),
        About.ACCOUNT: ("the account", Move, "the next account of the route"),
        About.CONTENT: ("the content", Move, "the next account of the route that is another vendor's"),
        About.NUMBERS: ("the numbers", End, "those numbers `rejected`"),
        About.UNLISTED: ("not listed", Doubt, "`unconfirmed`"),
    }
    rows = PAGE.table_with("about", "next")
    assert len(rows) == len(About)
    tried = Tried("first", ("second", "third"), ("third",), 0, 0)
    for row, value in zip(rows, About, strict=True):
        beginning, step, following = words[value]
        assert row["about"].startswith(beginning)
        assert following in row["next"]
        assert isinstance(next_step(Refused(value, Reason.BUSY, "1"), tried, 0.5), step)


def test_the_codes_are_those_of_the_vendors_modules() -> None:
    assert codes.renewed(PAGE.text) == PAGE.text, "python -m tests.tools.codes writes the tables anew"
    assert set(codes.CODES) == set(codes.WORDS) == set(VENDORS)
