"""The vendors' codes and what the gateway makes of them, as tables for the page of accounts and vendors.

    PYTHONPATH=layers/gateway .local/venv/bin/python -m tests.tools.codes

writes them anew into the page, between the comments that name them.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from smsgateway.codecs import VENDORS
from smsgateway.codecs.refusals import Codes, Fate, Words
from smsgateway.codecs.words import OPERATOR_CODE, SHARED_WORDS
from smsgateway.config.options import OPTIONS
from smsgateway.model import About, Options, Reason, Refused, ReportStatus
from smsgateway.routing import Again, Doubt, End, Move, Tried, alert_for, next_step
from tests.doubles.samples import OfEach, samples
from tests.tools.pages import ACCOUNTS

# By vendor and by address, because the same code can mean different things at different addresses.
CODES: Mapping[str, Mapping[str, Codes]] = OfEach(lambda vendor: samples(vendor).CODES)
WORDS: Mapping[str, tuple[Words, Fate]] = OfEach(lambda vendor: samples(vendor).TABLE_OF_WORDS)
ABOUT = {
    About.MOMENT: "the moment",
    About.ACCOUNT: "the account",
    About.CONTENT: "the content",
    About.NUMBERS: "the numbers",
    About.UNLISTED: "vague",
}

OPERATORS = "operators' codes, such as `MA:0001`, `CB:0010` or `SGIP:67`"

type Judgement = tuple[About, Reason]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


def code_table(vendor: str) -> str:
    """One row a judgement, with all codes that have it."""
    head = ("code, and the vendor's words", "about", "next step", "reason")
    rows = by_judgement(CODES[vendor])
    ordered = sorted(rows, key=lambda judgement: list(ABOUT).index(judgement[0]))
    return table(
        head,
        (
            ("; ".join(rows[about, reason]), ABOUT[about], following(about, reason), f"`{reason}`")
            for about, reason in ordered
        ),
    )


def by_judgement(tables: Mapping[str, Codes]) -> Mapping[Judgement, list[str]]:
    """The codes with their words; where a code has several judgements, with its address too."""
    found: dict[tuple[str, Judgement], tuple[str, list[str]]] = {}
    for address, codes in tables.items():
        for code, (about, reason, words) in codes.items():
            found.setdefault((code, (about, reason)), (words, []))[1].append(address)
    judgements = Counter(code for code, _ in found)
    rows: dict[Judgement, list[str]] = {}
    for (code, judgement), (words, addresses) in found.items():
        place = f"({', '.join(addresses)})" if judgements[code] > 1 else ""
        rows.setdefault(judgement, []).append(" ".join(filter(None, (f"`{code}`", words, place))))
    return rows


def following(about: About, reason: Reason) -> str:
    """What the policy does next, where the route has an account of the same vendor and one of another."""
    refused = Refused(about, reason, "")
    match next_step(refused, Tried("first", ("second", "third"), ("third",), failures=0, busy=0), jitter=0):
        case Again():
            return "a free account, else the same later"
        case Move("second") if about == About.MOMENT:
            return "the next account, at once"
        case Move("second"):
            return f"the next account; alert `{alert_for(refused)}`"
        case Move("third"):
            return "the next account of another vendor"
        case End():
            return "the numbers are `rejected`"
        case Doubt():
            return "`unconfirmed`"
    raise AssertionError(f"no words for what follows {about}")


def word_table() -> str:
    """One row a vendor and fate, with all words that have it."""
    return table(("vendor", "word", "the recipient", "reason"), word_rows())


def word_rows() -> Iterator[tuple[str, ...]]:
    recipients = {ReportStatus.DELIVERED: "`delivered`", ReportStatus.UNDELIVERED: "`undelivered`"}
    shared = [*((f"`{word}`", fate) for word, fate in SHARED_WORDS.items()), (OPERATORS, OPERATOR_CODE)]
    tables = {"all, unless it has a row of its own below": shared} | {
        vendor: [*((f"`{word}`", fate) for word, fate in words.items()), ("any other", others)]
        for vendor, (words, others) in WORDS.items()
    }
    for vendor, listed in tables.items():
        rows: dict[Fate, list[str]] = {}
        for word, fate in listed:
            rows.setdefault(fate, []).append(word)
        for (status, reason), named in rows.items():
            yield vendor, ", ".join(named), recipients.get(status, "stays open"), f"`{reason}`" if reason else ""


def option_table() -> str:
    """One row an option: first those that every vendor takes."""
    ordered = sorted(OPTIONS, key=lambda name: OPTIONS[name].of_some)
    return table(("option", "default", "vendors", "meaning"), map(option_row, ordered))


def option_row(name: str) -> tuple[str, ...]:
    option, default = OPTIONS[name], getattr(Options(), name)
    takers = [vendor for vendor, codec in VENDORS.items() if name in codec.profile.options]
    written = option.unset if default in (None, {}, ()) else f"`{json.dumps(default).removesuffix('.0')}`"
    return f"`{name}`", written, ", ".join(takers) if option.of_some else "all", option.sentence


def renewed(page: str) -> str:
    """The page with these tables in their places."""
    tables = {f"codes: {vendor}": code_table(vendor) for vendor in CODES}
    for name, content in (tables | {"codes: words": word_table(), "options": option_table()}).items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name.split(':')[0]} -->"
        table = f"{begin}\n\n{content}\n{end}"
        parts = re.split(f"{begin}.*?{end}", page, flags=re.DOTALL)
        if len(parts) != 2:
            raise LookupError(f"the page has {len(parts) - 1} places for a table, not one: {begin} {end}")
        page = table.join(parts)
    return page


if __name__ == "__main__":
    ACCOUNTS.path.write_text(renewed(ACCOUNTS.text), encoding="utf-8")
