"""The parameters that several routes have: pages, numbers, moments, names."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from smsgateway.api.models import NAME, moment
from smsgateway.api.problems import invalid
from smsgateway.text import normalise_number

Limit = Annotated[int, Query(ge=1, le=1000, description="the most items of a page")]
# Longer ones, if somebody makes them up, hold keys that DynamoDB refuses.
Next = Annotated[str | None, Query(alias="next", max_length=600, description="`next` of the page before")]
Since = Annotated[str | None, Query(max_length=40, description="ISO 8601 with zone, inclusive")]
NamePath = Annotated[str, Path(pattern=NAME)]
NumberPath = Annotated[str, Path(max_length=64, description="with or without +86")]
MessageId = Annotated[str, Path(max_length=64, description="msg_ and 26 letters and digits")]


def number_at(loc: str, raw: str) -> str:
    """The number as it is filed. Raises Problem when it is none. A `+` of a query arrives as a space."""
    number = normalise_number(raw.strip(" "))
    if number is None:
        raise invalid([(loc, "is not a mainland number (11 digits, 13… to 19…, with or without +86)")])
    return number


def moment_at(loc: str, raw: str) -> int:
    """Epoch milliseconds. Raises Problem for what is no time with zone."""
    try:
        return moment(raw)
    except ValueError as error:
        raise invalid([(loc, str(error))]) from None
