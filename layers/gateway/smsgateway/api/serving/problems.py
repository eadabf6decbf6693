"""What goes wrong, as clients read it: application/problem+json (RFC 9457). No problem ever quotes a value."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from smsgateway.accepting.post import Refusal
from smsgateway.api.schemas import wording
from smsgateway.errors import GatewayError

PROBLEM_JSON = "application/problem+json"
SHOWN_ERRORS = 100  # of a body with 50000 wrong numbers, the first are enough

_SHOWN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_WHERE = frozenset({"body", "query", "path", "header"})

type Errors = Sequence[tuple[str, str]]  # place and what is wrong there


class Problem(GatewayError):  # noqa: N818  an answer, not an error of ours
    """A request that gets no other answer. `errors` are places in it and what is wrong there.

    `members`: what the answer has beside these, for programs.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Errors = (),
        *,
        title: str = "",
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def refused(refusal: Refusal) -> Problem:
    """The problem of a post, or of another request, that is not accepted."""
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return Problem(
        refusal.status,
        refusal.detail,
        refusal.errors,
        title=refusal.title,
        headers=headers,
        members=refusal.members,
    )


def invalid(errors: Errors) -> Problem:
    """A request that is JSON but not valid: places in it, each with what is wrong there."""
    return Problem(422, "the request is not valid", errors)


def not_found(what: str) -> Problem:
    """A request for something that there is not, or that is another client's."""
    return Problem(404, f"there is no such {what}")


def problem_response(problem: Problem) -> Response[str]:
    """The problem as an HTTP response."""
    shown = problem.errors[:SHOWN_ERRORS]
    detail = problem.detail
    if len(problem.errors) > len(shown):
        detail += f" (the first {len(shown)} of {len(problem.errors)} errors)"
    body: dict[str, Any] = {"title": problem.title, "status": problem.status, "detail": detail, **problem.members}
    if shown:
        body["errors"] = [{"loc": loc, "msg": msg} for loc, msg in shown]
    return Response(problem.status, PROBLEM_JSON, json.dumps(body, ensure_ascii=False), headers=problem.headers)


def validation_problem(errors: Iterable[Mapping[str, Any]], body: type[BaseModel] | None) -> Problem:
    """The problem behind pydantic's errors, as Powertools hands them on. `body`: the model of the request's body."""
    found = list(errors)
    if any(tuple(error["loc"]) == ("body",) and error["type"] == "missing" for error in found):
        return Problem(400, "the body is empty; a JSON object belongs there")
    return invalid([(place(error["loc"]), wording.plain(error, body)) for error in found])


def place(loc: Iterable[str | int]) -> str:
    """A pydantic location as clients read it: `to[3]`, `messages[2].text`. Names that nobody should see are hidden."""
    parts = list(loc)
    where = parts.pop(0) if parts and parts[0] in _WHERE else ""
    if where == "header":
        return ".".join(map(str, parts)).title()  # as it is written; Powertools has it in lower case
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part == "[key]":
            text += " (the name)"
        else:
            shown = part if _SHOWN_NAME.fullmatch(part) else "?"
            text += f".{shown}" if text else shown
    return text or str(where) or "body"
