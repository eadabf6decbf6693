"""What a simulated vendor is: addresses, an answer to every call, and its wording of reports and pushes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.simulators.engine import Engine
from tests.simulators.fates import Outcome, Reply, ReportStep
from tests.simulators.model import (
    Account,
    Answer,
    Inbound,
    Kind,
    Message,
    PushPolicy,
    PushRequest,
    PushTarget,
    Raw,
    Report,
    Request,
    Tweak,
)
from tests.simulators.pushing import Item
from tests.simulators.sms import decoded, form

# what a script may call a refusal, instead of the vendor's own code
SYMBOLS = frozenset({"busy", "too_fast", "wrong_password", "unknown_account", "closed", "address", "no_balance"})


@dataclass(frozen=True)
class Call:
    """A request, read: which operation, whose account (None: unknown), which fields."""

    operation: str
    request: Request
    fields: Mapping[str, str]
    account: Account | None
    garbled: bool = False
    tweak: Tweak = field(default_factory=Tweak)


class Vendor(ABC):
    """One vendor's protocol over the engine."""

    name: ClassVar[str]
    charset: ClassVar[str] = "utf-8"
    identity: ClassVar[str]  # the credential that names the account
    account_name: ClassVar[str]  # of the account that the simulator starts with
    credentials: ClassVar[Mapping[str, str]]  # of that account; every account has these names
    secret_fields: ClassVar[frozenset[str]]  # of requests, in lower case: the log has stars in their place
    push_credentials: ClassVar[Mapping[str, str]] = {}  # what a push proves itself with, unless its target says more
    items: ClassVar[Sequence[str]] = ("短信",)  # what an account has a balance of; the first is the default
    options: ClassVar[Mapping[str, Any]] = {}  # what an account's entry needs in the accounts document
    polls: ClassVar[frozenset[Kind]] = frozenset()
    policy: ClassVar[PushPolicy] = PushPolicy()
    paths: ClassVar[Mapping[str, str]]  # path → operation, exactly as the document writes it
    symbols: ClassVar[Mapping[str, Mapping[str, str]]]  # operation → symbol → code
    shapes: ClassVar[Mapping[Kind, Sequence[str]]] = {"reports": (), "inbound": ()}  # what `shaped` takes

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # -- requests ----------------------------------------------------------------------------------------------

    def operation_at(self, path: str) -> str:
        """The operation at a path, "" where only the body can tell, "unknown" for no address of this vendor."""
        return self.paths.get(path, "unknown")

    def read(self, request: Request) -> Call:
        """Form vendors: query and body are one set of fields in the vendor's charset."""
        fields, garbled = decoded(form(request.query) + form(request.body), self.charset)
        account = self.engine.account_with(self.name, self.identity, fields.get(self.identity, ""))
        return Call(self.operation_at(request.path), request, fields, account, garbled)

    @abstractmethod
    def answer(self, call: Call) -> Answer:
        """Carries a call out and answers it."""

    @abstractmethod
    def refusal(self, operation: str, code: str) -> Answer:
        """The vendor's refusal with this code at this operation."""

    def code_for(self, operation: str, code: str) -> str:
        """A scripted code, symbols translated; ValueError when the vendor has no such code there."""
        if code not in SYMBOLS:
            return code
        known = {**self.symbols.get("*", {}), **self.symbols.get(operation, {})}
        if code not in known:
            raise ValueError(f"{self.name} documents no code for {code} at {operation}")
        return known[code]

    # -- reports and replies -----------------------------------------------------------------------------------

    @abstractmethod
    def status(self, outcome: Outcome, index: int) -> tuple[str, str] | None:
        """Status and description of an outcome; None when the vendor has no word for it and says nothing."""

    def reports(self, message: Message, step: ReportStep, at: float) -> list[Report]:
        """One report for the whole message: a failed segment fails it, a missing one silences it."""
        if step.part == "last-missing":
            return []
        outcome: Outcome = "failed" if step.part == "last-fails" else step.outcome
        worded = self.status(outcome, step.index)
        return [] if worded is None else [self.report(message, *worded, at)]

    def report(self, message: Message, status: str, description: str, at: float, sub_seq: int = 0) -> Report:
        return Report(
            account=message.account,
            number=message.number,
            vendor_id=message.vendor_id,
            our_id=message.our_id,
            status=status,
            description=description,
            at=at,
            sub_seq=sub_seq,
        )

    def replies(self, message: Message, reply: Reply, at: float) -> list[Inbound]:
        """The reply as one text, as often as the fate says."""
        once = self.inbound(message.account, message.number, reply.text, message.extension, at, raw=reply.raw)
        return [once] * reply.times

    def parted(
        self, account: str, number: str, text: str, extension: str, at: float, order: Sequence[int]
    ) -> list[Inbound]:
        """The parts of a long reply; `order` counts from 1 and may repeat or leave out parts."""
        raise ValueError(f"parts: {self.name} sends none")

    def inbound(self, account: str, number: str, text: str, extension: str, at: float, *, raw: bool = False) -> Inbound:
        return Inbound(account, number, text, extension, at, str(self.engine.identifier()), raw=raw)

    # -- pushes ------------------------------------------------------------------------------------------------

    def push(self, target: PushTarget, kind: Kind, page: Sequence[Item]) -> PushRequest:
        first = page[0]
        if isinstance(first, Raw):
            url = f"{target.url(kind)}?{first.query}" if first.query else target.url(kind)
            return PushRequest(first.method, url, {"Content-Type": first.content_type}, first.body)
        reports = [item for item in page if isinstance(item, Report)]
        inbound = [item for item in page if isinstance(item, Inbound)]
        return self.push_reports(target, reports) if kind == "reports" else self.push_inbound(target, inbound)

    def push_reports(self, target: PushTarget, reports: Sequence[Report]) -> PushRequest:
        raise NotImplementedError(f"{self.name} pushes no reports")

    def push_inbound(self, target: PushTarget, inbound: Sequence[Inbound]) -> PushRequest:
        raise NotImplementedError(f"{self.name} pushes no replies")

    def shaped(self, target: PushTarget, kind: Kind, items: Sequence[Item], shape: str, at: int) -> Raw:
        """A page of these items as the field has been seen to write it: item `at` of it, or the whole, in a `shape`."""
        raise ValueError(f"shape: {self.name} has no {shape}; known are {', '.join(self.shapes[kind]) or 'none'}")

    def page_size(self, kind: Kind) -> int:
        return 1

    def same_page(self, first: Item, other: Item) -> bool:
        return True

    def acknowledged(self, status: int, body: bytes) -> bool:
        """Undocumented by most vendors: any 2xx."""
        return 200 <= status < 300
