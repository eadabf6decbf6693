"""A report and the id that it carries come in either order; none is lost, none is believed of a stranger's message."""

from collections.abc import Iterable
from copy import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from smsgateway.model import Accepted, Reason, Report, ReportStatus
from smsgateway.store import reports, transitions
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import ConditionFailed, Item, Key, Table
from tests.doubles import aws
from tests.unit.store.given import KEY, NOW, NUMBER, TTL, current, marked, one_of_many, queued, sent

REPORT = Report(
    "5010",
    NUMBER,
    ReportStatus.UNDELIVERED,
    "EXPIRED",
    Reason.VALIDITY_EXPIRED,
    reported_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    segment=2,
    raw="<report/>",
)
OURS = replace(REPORT, vendor_id=KEY.reference, ours=True)


def find(table: Table, report: Report, account: str = "hb-main") -> StoredSubmission | None:
    return reports.find_submissions(table, account, [report]).get(reports.ids_of(report))


def test_a_report_names_its_submission_by_our_id_or_by_the_vendors(table: Table) -> None:
    queued(table)
    submission = sent(table, "5010")
    assert find(table, REPORT) == submission
    assert find(table, OURS) == submission
    assert find(table, replace(OURS, vendor_id="not ours", alternative_id="5010")) == submission
    assert find(table, replace(REPORT, vendor_id="other")) is None
    assert find(table, replace(OURS, vendor_id="5010")) is None  # it says that it is ours


def test_an_id_with_a_place_of_its_own_is_found_among_many(table: Table) -> None:
    queued(table)
    submission = sent(table, "5010")
    strangers = [replace(REPORT, vendor_id=f"9{index:05d}") for index in range(120)]
    assert reports.find_submissions(table, "hb-main", [*strangers, REPORT]) == {reports.ids_of(REPORT): submission}


def test_only_an_id_that_says_so_is_of_a_message_to_one_number(table: Table) -> None:
    queued(table)
    sent(table, "5010")
    assert reports.find_one(table, "hb-main", REPORT)[0] == KEY
    assert reports.find_one(table, "hb-main", replace(OURS, vendor_id=KEY.reference + "s"))[0] == KEY
    assert reports.find_one(table, "hb-main", OURS)[0] is None
    assert reports.find_one(table, "ly-bulk", REPORT)[0] is None


def test_nor_is_the_id_of_a_message_to_several(table: Table) -> None:
    one_of_many(table)
    sent(table, "5010")
    assert reports.find_one(table, "hb-main", REPORT)[0] is None


@pytest.mark.parametrize("vendor_id", ["", "x" * 31, KEY.reference[:-1], KEY.reference + "000", "İ" * 31])
def test_what_is_no_id_of_ours_names_nothing(vendor_id: str, table: Table) -> None:
    queued(table)
    sent(table)
    assert find(table, replace(OURS, vendor_id=vendor_id)) is None


def test_an_account_has_no_say_in_what_another_was_given(table: Table) -> None:
    queued(table)
    submission = sent(table, "5010")
    for report in (REPORT, OURS):
        assert find(table, report, "ly-bulk") is None
    assert submission.account == "hb-main"


def test_an_account_that_was_tried_before_may_still_report(table: Table) -> None:
    queued(table)
    then = transitions.NextAttempt("ly-bulk", "langyu", NOW, tried=["hb-main"])
    transitions.waiting(table, marked(table), {}, then)
    assert find(table, OURS) == find(table, OURS, "ly-bulk") == current(table)


def test_an_early_report_is_kept_whole(table: Table) -> None:
    assert reports.keep_early(table, "hb-main", [REPORT], NOW, TTL) == []
    ((key, kept),) = reports.early_reports(table, "vid#hb-main#5010")
    assert kept == REPORT
    assert table.get(key)
    plain = replace(REPORT, reason=None, reported_at=None, status=ReportStatus.DELIVERED)
    reports.keep_early(table, "hb-main", [plain], NOW, TTL)
    assert {report.status for _, report in reports.early_reports(table, "vid#hb-main#5010")} == {
        ReportStatus.UNDELIVERED,
        ReportStatus.DELIVERED,
    }


def test_an_early_report_of_the_version_before_has_its_number_in_the_one_form(table: Table) -> None:
    reports.keep_early(table, "hb-main", [REPORT], NOW, TTL)
    (stored,) = [item for item in aws.scan(table) if item["sk"].startswith("early#")]
    table.put(stored | {"report": stored["report"] | {"number": f"+86 {NUMBER}"}})
    ((_, kept),) = reports.early_reports(table, "vid#hb-main#5010")
    assert kept.number == NUMBER


def test_a_reports_record_is_kept_as_text(table: Table) -> None:
    record = '{"tel": "187****8801", "bid": null, "x": ["收到"]}'
    reports.keep_early(table, "hb-main", [replace(REPORT, raw=memoryview(record.encode()))], NOW, TTL)
    ((_, kept),) = reports.early_reports(table, "vid#hb-main#5010")
    assert kept.raw == record


def test_a_repeated_early_report_is_kept_once_and_each_recipients_is(table: Table) -> None:
    for report in (REPORT, REPORT, replace(REPORT, number="13900139000"), replace(REPORT, segment=1)):
        reports.keep_early(table, "hb-main", [report], NOW, TTL)
    assert len(list(reports.early_reports(table, "vid#hb-main#5010"))) == 3


def test_early_reports_with_long_words_are_told_apart(table: Table) -> None:
    """A vendor's word may be longer than the 1024 bytes of a sort key, and differ only at its end."""
    words = ["很" * 2000 + end for end in ("长", "短")]
    for word in (*words, words[0], "\ud800" * 901):
        reports.keep_early(table, "hb-main", [replace(REPORT, vendor_status=word)], NOW, TTL)
    found = [report.vendor_status for _, report in reports.early_reports(table, "vid#hb-main#5010")]
    assert sorted(found) == sorted([*words, "\ufffd" * 901])
    assert all(len(key[1].encode()) <= 1024 for key, _ in reports.early_reports(table, "vid#hb-main#5010"))


def test_early_reports_of_one_recipient_have_a_bound(table: Table) -> None:
    """GIVEN hundreds of words for one recipient before its message is known THEN few are kept, of each status the last
    one among them, so that whoever applies them gets done."""
    for index in range(200):
        for status, listed in product(ReportStatus, (True, False)):
            report = replace(REPORT, status=status, vendor_status=f"W{index}", listed=listed)
            reports.keep_early(table, "hb-main", [report], NOW, TTL)
    kept = [report for _, report in reports.early_reports(table, "vid#hb-main#5010")]
    assert len(kept) <= 2 * len(ReportStatus) * reports.WORDS
    assert {(report.status, report.listed) for report in kept} == set(product(ReportStatus, (True, False)))
    assert {report.status for report in kept if report.vendor_status == "W199"} == set(ReportStatus)


def test_early_reports_are_filed_under_the_vendors_id_even_when_they_carry_ours(table: Table) -> None:
    reports.keep_early(table, "ic-main", [replace(OURS, alternative_id="5010")], NOW, TTL)
    assert len(list(reports.early_reports(table, "vid#ic-main#5010"))) == 1


def test_early_reports_go_with_time(table: Table) -> None:
    reports.keep_early(table, "hb-main", [REPORT], NOW, TTL)
    assert {item["ttl"] for item in aws.scan(table)} == {TTL}


def test_the_flag_does_not_touch_a_mapping_that_is_there(table: Table) -> None:
    queued(table)
    sent(table, "5010")
    before = table.get(("vid#hb-main#5010", "map")) or {}
    assert reports.keep_early(table, "hb-main", [REPORT], NOW, TTL + 1) == [REPORT]
    assert table.get(("vid#hb-main#5010", "map")) == before | {"early": True}
    assert find(table, REPORT) == current(table)


@pytest.mark.parametrize("ids", [("5010",), ("5010", "5011"), ("4010", "5010")])
@pytest.mark.parametrize("first", ["report", "mapping"])
def test_whoever_comes_second_sees_the_other(first: str, ids: tuple[str, ...], table: Table) -> None:
    queued(table)
    submission = marked(table)
    if first == "report":
        assert reports.keep_early(table, "hb-main", [REPORT], NOW, TTL) == []
        with pytest.raises(ConditionFailed):
            transitions.submitted(table, submission, Accepted(ids))
    else:
        transitions.submitted(table, submission, Accepted(ids))
        assert reports.keep_early(table, "hb-main", [REPORT], NOW, TTL) == [REPORT]


def test_many_reports_take_three_reads_at_most(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(table)
    submission = sent(table, "5010", "5011")
    asked = [replace(REPORT, vendor_id=str(5010 + index)) for index in range(48)] + [OURS]
    reads: list[int] = []
    get_many = Table.get_many

    def counted(table: Table, keys: Iterable[Key]) -> dict[Key, Item]:
        reads.append(1)
        return get_many(table, keys)

    monkeypatch.setattr(Table, "get_many", counted)
    monkeypatch.setattr(Table, "get", None)
    found = reports.find_submissions(table, "hb-main", asked * 2)
    assert found == {reports.ids_of(report): submission for report in (*asked[:2], OURS)}
    assert len(reads) == 3
