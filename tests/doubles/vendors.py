"""A scripted vendor behind the gateway's `call` argument, which answers in each vendor's own words.

It notes every request, with whether the vendor may have acted on it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from smsgateway.errors import AmbiguousError, NotSentError
from smsgateway.model import Account, Request, Response
from tests.doubles.samples import OfEach, samples

HTML = b"<html><body>502 Bad Gateway</body></html>"


def _answers(vendor: str) -> Mapping[str, Callable[[int, str], str]]:
    says = samples(vendor)

    def accepted(taken: int, new: str) -> str:
        count = says.ids(taken)
        ids = [new] if count == 1 else [f"{new}{place}" for place in range(count)]
        return says.accepted(ids, taken).decode(says.CHARSET)

    return {"accepted": accepted, **says.ANSWERS}


# What a vendor can do with a submission, by vendor: the answer, given how many numbers there were and a fresh id.
# `moment` and `vague` stand for codes about the moment, and codes that no document lists.
ANSWERS: Mapping[str, Mapping[str, Callable[[int, str], str]]] = OfEach(_answers)
REFUSALS = frozenset({"moment", "account", "credentials", "content", "numbers"})
FAILURES = ("ambiguous", "not sent", "html")


def behaviours(vendor: str) -> list[str]:
    """Everything that this vendor can do with a submission."""
    return [*ANSWERS[vendor], *FAILURES]


@dataclass(frozen=True)
class Seen:
    """One request as the vendor saw it. `possible`: the recipients may get a text because of it."""

    account: str
    numbers: tuple[str, ...]
    behaviour: str
    possible: bool
    ids: tuple[str, ...]
    ours: str = ""  # the submission's id, where the vendor reports by it
    items: tuple[str, ...] = ()  # of a personalised batch: each number's own

    def id_of(self, number: str) -> str:
        """What the vendor's report of this number will name."""
        if self.items:
            return self.items[self.numbers.index(number)]
        return self.ours or self.ids[self.numbers.index(number) % len(self.ids)]


class Vendors:
    """All vendors. `script` says what each request meets, in order; the last goes on for good."""

    def __init__(self, script: Sequence[str] = ("accepted",)) -> None:
        self.script = tuple(script)
        self.seen: list[Seen] = []
        self.calls = 0
        self.rejects: tuple[str, ...] = ()  # numbers that infocloud names in failPhones

    def copy(self) -> "Vendors":
        other = Vendors(self.script)
        other.seen, other.calls, other.rejects = list(self.seen), self.calls, self.rejects
        return other

    def call(self, account: Account, request: Request, _seconds: float, /) -> Response:
        behaviour = self.script[min(self.calls, len(self.script) - 1)]
        self.calls += 1
        if behaviour == "not sent":
            raise NotSentError("refused")
        asked, fresh = samples(account.vendor).asked(request), f"id{account.name}{self.calls:04d}"
        numbers = asked.numbers
        answer = ANSWERS[account.vendor][behaviour](len(numbers), fresh) if behaviour not in FAILURES else ""
        if self.rejects and account.vendor == "infocloud" and behaviour == "accepted":
            answer = json.dumps({"code": "200", "data": {"msgId": fresh, "failPhones": list(self.rejects)}})
        ids = tuple(word for word in answer.replace('"', "|").replace("\n", "|").replace(",", "|").split("|"))
        ids = tuple(word for word in ids if word.startswith("id" + account.name))
        ours = asked.reference if samples(account.vendor).ids(1) == 0 else ""
        self.seen.append(Seen(account.name, numbers, behaviour, behaviour not in REFUSALS, ids, ours, asked.items))
        if behaviour == "ambiguous":
            raise AmbiguousError("read timeout")
        return Response(200, {}, HTML if behaviour == "html" else answer.encode())

    def requests_for(self, number: str) -> list[Seen]:
        return [seen for seen in self.seen if number in seen.numbers]
