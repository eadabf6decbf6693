"""What a report may say that no table lists, at every vendor, through the vendor's own decoder.

Such a report never leads to a second text, and its word is shown when the wait for a known one is over.
"""

from functools import lru_cache
from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from smsgateway.codecs import VENDORS
from smsgateway.codecs.words import SHARED_WORDS, folded
from smsgateway.ids import SubmissionKey
from smsgateway.model import Reason, Status
from smsgateway.store.recipients import RecipientRow, load_rows
from smsgateway.store.submissions import load_submission
from tests.doubles.receipts import WORDS, masked_report, report_of
from tests.doubles.samples import samples
from tests.doubles.world import World, accounts_document, numbers, post
from tests.tools.codes import WORDS as TABLES

WINDOW = 600  # seconds
(FIRST,) = numbers(1)
every_vendor = pytest.mark.parametrize("vendor", VENDORS)
both_layouts = pytest.mark.parametrize("count", [1, 2])


@lru_cache
def sent(vendor: str, count: int) -> tuple[World, SubmissionKey]:
    """A message that may be sent again, taken by the first of two accounts."""
    accounts = (("a", vendor, 0), ("b", "langyu" if vendor != "langyu" else "hbsmservice", 0))
    world = World(accounts_document(accounts, report_window=WINDOW))
    _, answer = world.accept(post(*numbers(count), resend_undelivered=True))
    world.settle(world.now)
    return world, SubmissionKey(answer["id"], "00000")


def told(vendor: str, count: int, *words: str, **fields: int) -> tuple[World, RecipientRow]:
    """What becomes of the first recipient by these words of the vendor, and the end of the wait."""
    origin, key = sent(vendor, count)
    world = origin.copy()
    (seen,) = world.vendors.seen
    for word in words:
        world.ingest(report_of(world, "a", seen.id_of(FIRST), FIRST, word=word, **fields))  # type: ignore[arg-type]
        world.settle(world.now)
    return world, ended(world, key)


def ended(world: World, key: SubmissionKey) -> RecipientRow:
    world.settle()
    assert not world.parked
    submission = load_submission(world.table, key)
    assert submission
    return load_rows(world.table, submission, (FIRST,))[FIRST]


def texts(world: World) -> int:
    return len(world.vendors.requests_for(FIRST))


def listed(vendor: str, word: str) -> bool:
    return folded(word) in {*TABLES[vendor][0], *SHARED_WORDS}


def strange_words(vendor: str) -> st.SearchStrategy[str]:
    """Words that no table lists: of operators, misspelt ones, and anything that the vendor's form can carry."""
    if samples(vendor).WORDS_ARE_NUMBERS:
        return st.integers(-99_999, 99_999).map(str)
    known = sorted({*TABLES[vendor][0], *SHARED_WORDS})
    operators = st.from_regex(r"\A(M[A-Z]|CB|ID|DB|IC|XA):[0-9A-Z]{1,8}\Z")
    misspelt = st.tuples(st.sampled_from(known), st.integers(0, 9), st.sampled_from("ABXZ019:_ ")).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    )
    anything = st.text(st.characters(codec="gbk", exclude_categories=["C", "Z"]), min_size=1, max_size=40)
    return st.one_of(
        operators, misspelt, anything, st.sampled_from(["失败", "UNDELIVERED", "FAILED", "未知", "-1", "3"])
    )


@every_vendor
@settings(max_examples=100, deadline=None)
@given(data=st.data(), count=st.sampled_from([1, 2]))
def test_an_unlisted_word_sends_no_second_text(vendor: str, data: st.DataObject, count: int) -> None:
    """GIVEN `resend.undelivered` WHEN a vendor reports in a word that no table lists THEN nobody else is asked, and the
    word is shown: of a failure, if its document says that all such words are one, else of an unknown end."""
    word = data.draw(strange_words(vendor))
    # Platforms write a word that is absent as "null": such a report says nothing, and is parked.
    assume(not listed(vendor, word) and word.strip("0 ") and word.strip().lower() != "null")
    world, outcome = told(vendor, count, word)
    assert texts(world) == 1
    assert outcome.status in (Status.UNDELIVERED, Status.UNKNOWN)
    assert outcome.reason in (Reason.UNLISTED_CODE, Reason.NETWORK_FAILURE)
    assert outcome.vendor_status.strip() == word.strip()
    events = [event.detail for event in world.events() if event.detail.get("to") == FIRST]
    assert [(event["status"], event["vendor_status"]) for event in events] == [(outcome.status, outcome.vendor_status)]


SPELLINGS = (str.lower, str.title, " {} ".format, "\t{}\n".format, lambda word: "".join(map(_wide, word)))


def _wide(character: str) -> str:
    """The wide form of a letter or digit, as an input method makes it."""
    return chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character


@every_vendor
@both_layouts
def test_a_spelling_is_the_word(vendor: str, count: int) -> None:
    """GIVEN the vendor's words in any spelling WHEN they say that it was delivered THEN it was, and WHEN they are
    certain that it was not THEN the next account is asked."""
    for spell in SPELLINGS[2:3] if samples(vendor).WORDS_ARE_NUMBERS else SPELLINGS:
        world, outcome = told(vendor, count, spell(WORDS[vendor]["delivered"]))
        assert (texts(world), outcome.status) == (1, Status.DELIVERED), spell
        failed = WORDS[vendor].get("failed", WORDS[vendor]["undelivered"])
        world, _ = told(vendor, count, spell(failed))
        assert texts(world) == 2, spell


@every_vendor
@both_layouts
def test_a_word_that_is_not_final_is_shown_at_the_end(vendor: str, count: int) -> None:
    """GIVEN a message that the vendor still calls under way WHEN its time is over THEN it is unknown, with that word,
    and nobody else is asked: it may arrive yet."""
    if "pending" not in WORDS[vendor]:  # hbsmservice reports ends alone
        return
    word = WORDS[vendor]["pending"]
    world, outcome = told(vendor, count, word)
    assert texts(world) == 1
    assert (outcome.status, outcome.reason, outcome.vendor_status) == (Status.UNKNOWN, Reason.NO_REPORT, word)


@every_vendor
@both_layouts
def test_nothing_heard_is_no_guess(vendor: str, count: int) -> None:
    """GIVEN a client that asked for it WHEN nothing at all is heard in time THEN the next account is asked."""
    world, _ = told(vendor, count)
    assert texts(world) == 2


@every_vendor
@both_layouts
def test_a_certain_failure_after_a_strange_word_counts(vendor: str, count: int) -> None:
    """GIVEN a word that leaves it open WHEN a listed failure follows THEN the next account is asked."""
    failed = WORDS[vendor].get("failed", WORDS[vendor]["undelivered"])
    world, _ = told(vendor, count, WORDS[vendor]["strange"], failed)
    assert texts(world) == 2


def test_a_masked_report_that_fits_several_is_none_of_nobody() -> None:
    """GIVEN two recipients that a masked number fits WHEN it is reported as anything THEN neither is sent to again, and
    both end with that word."""
    to = ("13811110000", "13822220000")
    for status, count in product(("delivered", "undelivered", "pending"), (1, 2)):
        accounts = (("a", "infocloud", 0), ("b", "langyu", 0))
        world = World(accounts_document(accounts, report_window=WINDOW))
        _, answer = world.accept(post(*to, resend_undelivered=True))
        world.settle(world.now)
        for _ in range(count):
            world.ingest(masked_report(world, "a", world.vendors.seen[0].ids[0], "138****0000", status))
        world.settle()
        assert len(world.vendors.seen) == 1
        submission = load_submission(world.table, SubmissionKey(answer["id"], "00000"))
        assert submission
        for outcome in load_rows(world.table, submission, to).values():
            assert (outcome.status, outcome.reason) == (Status.UNKNOWN, Reason.REPORTS_UNDECIDED)
            assert outcome.vendor_status == WORDS["infocloud"][status]


@settings(max_examples=60, deadline=None)
@given(words=st.permutations(["00", "2", "77"]), count=st.sampled_from([1, 2]))
@example(words=["00", "77", "2"], count=1)
def test_the_first_failure_decides(words: list[str], count: int) -> None:
    """GIVEN a failure by an unlisted word and one by a listed word WHEN they come in any order THEN the first stands,
    and only a listed one leads to the next account."""
    world, outcome = told("hbsmservice", count, *words)
    first = next(word for word in words if word != "00")
    assert texts(world) == (2 if first == "2" else 1)
    if first == "77":
        assert (outcome.status, outcome.vendor_status) == (Status.UNDELIVERED, "77")


def test_a_whole_that_failed_after_a_part_arrived_is_a_contradiction() -> None:
    """GIVEN a long text of which a part was delivered WHEN the vendor says that the whole was not THEN that stands, and
    no second text goes out."""
    accounts = (("a", "hbsmservice", 0), ("b", "langyu", 0))
    world = World(accounts_document(accounts, report_window=WINDOW))
    _, answer = world.accept(post(FIRST, text="长" * 100, resend_undelivered=True))
    world.settle(world.now)
    (seen,) = world.vendors.seen
    world.ingest(report_of(world, "a", seen.ours, FIRST, word="0", segment=1))
    world.ingest(report_of(world, "a", seen.ours, FIRST, word="2"))
    outcome = ended(world, SubmissionKey(answer["id"], "00000"))
    assert (texts(world), outcome.status, outcome.vendor_status) == (1, Status.UNDELIVERED, "2")
