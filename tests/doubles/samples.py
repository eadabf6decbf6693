"""What each vendor says, in its own words: one module a vendor in tests/vendors, read by all suites and by the bench.

`samples(vendor)` is that module; `Samples` says what it has, and `missing` what one lacks. The simulators do not read
it: they are written from the documents alone, so that two readers of a document check each other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol, cast, get_type_hints

from smsgateway.codecs import VENDORS
from smsgateway.codecs.refusals import Codes, Fate, Words
from smsgateway.model import Account, Kind, Request
from smsgateway.queues import Source

GUIDE = "layers/gateway/smsgateway/codecs/ADDING.md"

type Damage = Callable[[bytes], bytes]  # of a record


class Asked(NamedTuple):
    """What a request asks a vendor for."""

    numbers: tuple[str, ...]
    reference: str = ""  # the submission's id, where the vendor carries one
    items: tuple[str, ...] = ()  # of a personalised batch: each number's own id of ours, where the vendor carries one


class Samples(Protocol):
    """The members of a module of tests/vendors. Bytes are as they go over the wire; moments are written as given."""

    # An account, as the accounts document has it.
    CREDENTIALS: Mapping[str, str]  # all that the profile names
    PUSH_CREDENTIALS: Mapping[str, str]  # of `push.credentials`, as far as a push of `page` carries them
    OPTIONS: Mapping[str, Any]  # options that an account cannot do without

    # What the document says, where a table of the codec or of a page is compared with it.
    LIMITS: tuple[int, int]  # numbers a request, and numbers a personalised one; 0: there is none
    TEXT_LIMIT: int  # characters, as the codec counts them
    CODES: Mapping[str, Codes]  # the codec's tables, by the address that they belong to
    TABLE_OF_WORDS: tuple[Words, Fate]  # the codec's words of reports, and what any other word says
    PLACES: Mapping[str, tuple[str, Sequence[str]]]  # place of codes.document.txt → key of CODES, operations
    PLACE_OF_WORDS: str  # the place of codes.document.txt that lists the words of reports
    SUCCESSES: Mapping[tuple[str, str], bytes]  # place, code → an answer with it: there is nothing to judge
    TAKEN: bytes  # a success of sending with all that the document asks of one; empty: those of SUCCESSES are
    VAGUE: frozenset[str]  # listed codes that may mean that the message was taken

    # Answers.
    UNLISTED: str  # a code that the document has not
    BALANCE: bytes  # an answer with a balance
    ANSWERS: Mapping[str, Callable[[int, str], str]]  # by what it is: "account", "content", … (doubles/vendors.py)
    WORDY: Mapping[str, str]  # answers that say more than they must

    def asked(self, request: Request, /) -> Asked:
        """What a request to send, or to send a personalised batch, asks for."""
        ...

    def read(self, request: Request, /) -> tuple[bytes, bytes]:
        """The signature that a request to send has beside the text, if it has one there, and the text."""
        ...

    def ids(self, numbers: int, /) -> int:
        """How many ids of its own the vendor gives a request to so many numbers. 0: its reports carry ours."""
        ...

    def accepted(self, ids: Sequence[str], taken: int, /) -> bytes:
        """The answer that so many numbers were taken."""
        ...

    def refused(self, code: str, text: bytes = b"", /) -> bytes:
        """A refusal with a code and, where there is a place for it, a text."""
        ...

    # Reports and replies. A record is bytes as it stands in a page, so that a test can damage it.
    CHARSET: str
    TIME: str  # a moment, as the vendor writes it
    # A report's words: "delivered"; "undelivered"; "failed", if another account may not be tried after "undelivered";
    # "pending", where there is one; "strange", which leaves it open.
    WORDS: Mapping[str, str]
    WORDS_ARE_NUMBERS: bool  # a report with any other word cannot be read
    PUSH_HEADERS: Mapping[str, str]
    PROVED: frozenset[Kind]  # the pushes that carry a proof of who sends them
    ONE_BY_ONE: frozenset[Kind]  # the pushes that hold one record each
    REPORTS_A_PAGE: int
    UNREADABLE: Mapping[Kind, Mapping[str, Damage]]  # what makes one record unreadable, and no other of its page

    def report(
        self,
        source: Source,
        number: str,
        vendor_id: str,
        word: str,
        time: str,
        reference: str = "",
        segment: int = 0,
        /,
    ) -> bytes:
        """A delivery report. `vendor_id`: the id it carries, ours where the vendor gives none; `reference`: ours beside
        it; `segment`: of a long message, where the vendor reports each."""
        ...

    def reply(self, number: str, text: str, time: str, /) -> bytes:
        """A reply."""
        ...

    def page(self, kind: Kind, source: Source, records: Sequence[bytes], account: Account | None = None, /) -> bytes:
        """Records as the vendor hands them out: an answer to a poll, or the body of a push, which proves itself with
        the credentials of the account where one is given."""
        ...

    def escaped(self, text: bytes, /) -> bytes:
        """Bytes as they are written in a record."""
        ...

    def noted(self, record: bytes, noise: bytes, /) -> bytes:
        """The record with noise in a field that nobody reads; as it was, where there is no such field."""
        ...

    # What it costs: `pytest tests/unit/bench/test_costs.py` shows the figures.
    REPORT_CALLS: Mapping[str, int]  # function → calls of AWS that bring one report
    CALLS_OF_A_THOUSAND: int  # calls of AWS for a message to a thousand numbers, to its last event


class OfEach[T](Mapping[str, T]):
    """A value for each vendor, made when it is asked for: a vendor that is not finished stops nobody else's test."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = cache(make)

    def __getitem__(self, vendor: str) -> T:
        if vendor not in VENDORS:
            raise KeyError(vendor)
        return self._make(vendor)

    def __iter__(self) -> Iterator[str]:
        return iter(VENDORS)

    def __len__(self) -> int:
        return len(VENDORS)


@cache
def samples(vendor: str) -> Samples:
    """A vendor's module of tests/vendors. Raises LookupError, in words, when there is none, or it lacks something."""
    if lacking := missing(vendor):
        raise LookupError(lacking)
    return cast("Samples", import_module(f"tests.vendors.{vendor}"))


def missing(vendor: str) -> str:
    """What a vendor's module lacks, as a sentence; empty: nothing."""
    if find_spec(f"tests.vendors.{vendor}") is None:
        return f"tests/vendors/{vendor}.py is missing: what the vendor says, for all tests ({GUIDE})"
    module = import_module(f"tests.vendors.{vendor}")
    names = [*get_type_hints(Samples), *(name for name in vars(Samples) if not name.startswith("_"))]
    lacking = ", ".join(name for name in dict.fromkeys(names) if not hasattr(module, name))
    return f"tests/vendors/{vendor}.py lacks {lacking}: tests/doubles/samples.py says what each is" if lacking else ""
