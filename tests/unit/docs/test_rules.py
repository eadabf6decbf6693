"""The page of rules: its examples are answered as it shows, its tables are the code's."""

import json
import re
from typing import get_args

from smsgateway.api.routes.post_message import post_of
from smsgateway.api.schemas.requests import NewMessage
from smsgateway.api.schemas.suppression_bodies import MOST_ENTRIES
from smsgateway.api.spreadsheet import COLUMNS
from smsgateway.codecs import VENDORS
from smsgateway.codecs.words import MEANINGS, SHARED_WORDS
from smsgateway.config.accounts import parse_accounts
from smsgateway.config.settings import FilingState
from smsgateway.model import FindingCode, Reason, ReportStatus
from smsgateway.rules.caps import DEFAULT_CAPS
from smsgateway.rules.carriers import ANY_CARRIER, CARRIERS
from tests.doubles.samples import samples
from tests.doubles.world import World
from tests.tools.pages import RULES as PAGE
from tests.tools.pages import accounts_document, commands_of, statuses, the_ticked, ticked


def test_preflight_answers_what_the_page_shows() -> None:
    (command,) = [block for block in PAGE.blocks("sh") if "t.cn" in block]
    (body,) = re.findall(r"-d '(.*?)'", command)
    post = post_of(NewMessage.model_validate_json(body), "", "")
    _, answer = World(json.dumps(accounts_document())).accept(post)
    assert answer["warnings"] == PAGE.json_with("warnings")["warnings"]


def test_each_code_of_a_finding_is_explained() -> None:
    assert [the_ticked(row["code of a finding"]) for row in PAGE.table_with("code of a finding")] == list(FindingCode)


def test_the_entry_of_a_signature_is_valid_and_its_fields_are_explained() -> None:
    entry = PAGE.json_with("filing")
    settings = parse_accounts(json.dumps({**accounts_document(), "signatures": [entry]}))
    assert settings.signatures["示例"]["hb-1", "broadnet"] == "pending"
    rows = {the_ticked(row["field of a signature"]): row for row in PAGE.table_with("field of a signature")}
    used = {f"filing.{name}" for state in entry["filing"] for name in state}
    assert set(rows) == {*entry, *used}
    assert set(ticked(rows["filing.carrier"]["meaning"])) == {ANY_CARRIER, *CARRIERS}
    assert set(ticked(rows["filing.state"]["meaning"])) >= set(get_args(FilingState))


def test_the_codes_and_words_about_signatures_are_those_that_are_told_of() -> None:
    """GIVEN all codes and words of all vendors WHEN they are asked what teaches that a signature is refused THEN it is
    those that the page names."""
    tables = {vendor: samples(vendor) for vendor in VENDORS}
    refused = {
        (vendor, code)
        for vendor, says in tables.items()
        for table in says.CODES.values()
        for code, (_, reason, _) in table.items()
        if reason == Reason.SIGNATURE_REFUSED
    }
    words = {
        (vendor, word)
        for vendor, says in tables.items()
        for word, (_, reason) in says.TABLE_OF_WORDS[0].items()
        if reason == Reason.SIGNATURE_REFUSED
    }
    about_signatures = {
        (vendor, code)
        for vendor, says in tables.items()
        for table in says.CODES.values()
        for code, (_, _, meaning) in table.items()
        if "签名" in meaning
    }
    assert refused == about_signatures == {("langyu", "116")}
    assert words == {("langyu", "SIGNERR")}
    assert not [word for word, (_, reason) in SHARED_WORDS.items() if reason == Reason.SIGNATURE_REFUSED]
    assert MEANINGS["signature_refused"] == (ReportStatus.UNDELIVERED, Reason.SIGNATURE_REFUSED)
    told = PAGE.text.partition("What vendors say is learned, too")[2].partition("Each such lesson")[0]
    assert all(f"{vendor}'s `{said}`" in told for vendor, said in refused | words)


def test_the_columns_of_an_import_are_explained() -> None:
    assert [the_ticked(row["column"]) for row in PAGE.table_with("column", "default")] == list(COLUMNS)
    assert f"At most {MOST_ENTRIES:,} entries" in PAGE.text


def test_every_command_says_its_status() -> None:
    for block in commands_of(PAGE):
        assert len(statuses(block)) == len(re.findall(r"^curl -s|^code ", block, flags=re.MULTILINE)), block


def test_what_holds_by_purpose_is_the_codes() -> None:
    (row,) = [row for row in PAGE.table_with("`otp`", "`notice`", "`marketing`") if row[""].startswith("texts to one")]
    said = {purpose: [int(number) for number in re.findall("[0-9]+", row[f"`{purpose}`"])] for purpose in DEFAULT_CAPS}
    assert said == {purpose: [texts for texts, _ in caps] for purpose, caps in DEFAULT_CAPS.items()}
