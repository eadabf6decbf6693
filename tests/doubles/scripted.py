"""A world in which each account answers in a way of its own."""

from collections.abc import Sequence

from smsgateway.errors import NotSentError
from smsgateway.model import Account, Request, Response
from tests.doubles.vendors import ANSWERS
from tests.doubles.world import World


class Scripted(World):
    """A world in which each account has its own way of answering; the last one goes on."""

    def __init__(self, document: str, **answers: Sequence[str]) -> None:
        super().__init__(document)
        self.answers = answers
        self.asked: list[tuple[int, str]] = []  # when (ms from the start), and who
        self.begun = self.now
        self.vendors.call = self._answer  # type: ignore[method-assign]

    def _answer(self, account: Account, request: Request, seconds: float) -> Response:
        before = sum(name == account.name for _, name in self.asked)
        script = self.answers[account.name]
        said = script[min(before, len(script) - 1)]
        self.asked.append((self.now - self.begun, account.name))
        if said == "not sent":
            raise NotSentError("refused")
        known = ANSWERS[account.vendor]
        return Response(200, {}, (known[said](1, f"id{len(self.asked)}") if said in known else said).encode())

    def names(self) -> list[str]:
        return [name for _, name in self.asked]
