"""The parameters that several routes have: pages, numbers, moments, names."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from smsgateway.api.schemas.moments import asked_moment
from smsgateway.api.schemas.requests import NAME
from smsgateway.api.serving.problems import invalid
from smsgateway.clock import Millis
from smsgateway.text import normalise_number, problem_with_number

Limit = Annotated[int, Query(ge=1, le=1000, description="the most items of a page")]
# Longer ones, if somebody makes them up, hold keys that DynamoDB refuses.
Next = Annotated[str | None, Query(alias="next", max_length=600, description="`next` of this list's page before")]
Since = Annotated[
    str | None, Query(max_length=40, description="ISO 8601 with zone, inclusive; a `+` needs no encoding")
]
NamePath = Annotated[str, Path(pattern=NAME)]
NumberPath = Annotated[str, Path(max_length=64, description="with or without +86")]
MessageId = Annotated[str, Path(max_length=64, description="msg_ and 26 letters and digits")]


def number_at(loc: str, raw: str) -> str:
    """The number as it is filed. Raises Problem, for the place `loc`, if it is none.

    A `+` of a query that is not encoded arrives as a blank, which does no harm.
    """
    number = normalise_number(raw)
    if number is None:
        raise invalid([(loc, problem_with_number(raw))])
    return number


def moment_at(loc: str, raw: str) -> Millis:
    """The time that a query names. Raises Problem, for the place `loc`, if it is no time with a zone."""
    try:
        return asked_moment(raw)
    except ValueError as error:
        raise invalid([(loc, str(error))]) from None
