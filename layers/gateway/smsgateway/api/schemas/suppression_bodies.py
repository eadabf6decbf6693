"""The bodies by which somebody says who is not to be texted: one number's, and a whole list of them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from smsgateway.api.schemas.requests import CLIENT_NAME, Body, Moment, Name, Number, Signature, one_line

MOST_ENTRIES = 10_000  # of one import: more would not be written before API Gateway gives up
EXPORTED = "as an export has it"


class Stop(Body):
    """Which texts to a number are stopped, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"purpose": "marketing", "client": "shop", "reason": "asked by telephone"}]}
    )

    purpose: Literal["marketing", "all"] = Field(
        "marketing", description="`all`: whoever posts, and whatever for; for administrators"
    )
    client: Annotated[str, Field(pattern=CLIENT_NAME)] | None = Field(
        None, description="whose marketing is stopped; null: a sender's own, or, for an administrator, everybody's"
    )
    signature: Signature | None = Field(
        None, description="under which it is stopped, of a client that has several; null: under all"
    )
    reason: Annotated[str, Field(max_length=200), AfterValidator(one_line)] | None = Field(
        None, description="why, in your own words"
    )


class StopEntry(Stop):
    """One entry of an import: as an export has it, or with less."""

    number: Number = Field(description="in any form that `NewMessage` takes")
    at: Moment | None = Field(
        None, description="since when, not in the future; null: now. What was stopped before a later opt-in is left out"
    )
    source: Annotated[str, Field(max_length=20)] | None = Field(None, description=f"{EXPORTED}; `import` stands there")
    reply_id: Annotated[str, Field(max_length=64)] | None = Field(None, description=EXPORTED)
    account: Name | None = Field(None, description=EXPORTED)


class StopList(Body):
    """Numbers that are not to be texted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"number": "13800138000", "client": "shop", "reason": "old list"},
                        {"number": "13900139000", "purpose": "all", "at": "2026-01-31T09:30:00+08:00"},
                    ]
                }
            ]
        }
    )

    items: Annotated[list[StopEntry], Field(min_length=1, max_length=MOST_ENTRIES)] = Field(description="the entries")
