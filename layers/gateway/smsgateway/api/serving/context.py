"""What the handling of a request works with: the collaborators of `query`, and who is calling."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import cast

from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from smsgateway.api.serving import cursors
from smsgateway.api.serving.api_keys import ApiKeys
from smsgateway.config.cache import AccountsCache
from smsgateway.model import Account, Client, Request, Response
from smsgateway.store.table import Table

LONGEST_ANSWER = 29_000  # milliseconds; API Gateway
TIME_TO_ANSWER = 3_000
TIME_FOR_A_PAGE = 8_000


@dataclass(frozen=True, slots=True)
class Gateway:
    """The collaborators of `query`. `now` gives epoch milliseconds, `call` makes one vendor call within its seconds."""

    table: Table
    accounts: AccountsCache
    call: Callable[[Account, Request, float], Response]
    keys: ApiKeys
    now: Callable[[], int]
    random: Random
    until: int = 0  # when (epoch ms) this worker is stopped; 0: nobody says

    def time_left(self) -> int:
        """Milliseconds until an answer must be on its way."""
        return (self.until or self.now() + LONGEST_ANSWER) - self.now() - TIME_TO_ANSWER

    def time_is_over(self) -> bool:
        return self.time_left() < 0

    def counting_is_over(self) -> bool:
        """So that a page can still be read, which is why most ask."""
        return self.time_left() < TIME_FOR_A_PAGE


def new_router() -> APIGatewayRouter:
    """For the routes of one module."""
    return APIGatewayRouter()  # type: ignore[no-untyped-call]


def gateway_of(router: APIGatewayRouter) -> Gateway:
    return cast("Gateway", router.context["collaborators"])


def client_of(router: APIGatewayRouter) -> Client:
    """Whoever makes the request."""
    return cast("Client", router.context["client"])


def list_of(router: APIGatewayRouter, *of: str) -> bytes:
    """What the cursors of a list are sealed with, for whoever makes the request (`cursors.list_of`)."""
    return cursors.list_of(router.context["api_key"], *of)
