"""What the routes of `query` work with."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import cast

from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from smsgateway.api.serving.api_keys import ApiKeys
from smsgateway.clock import Millis
from smsgateway.config.cache import AccountsCache
from smsgateway.model import Account, Request, Response
from smsgateway.store.table import Table

LONGEST_ANSWER = 29_000  # milliseconds; API Gateway
TIME_TO_ANSWER = 3_000  # milliseconds that the answer itself may take
TIME_FOR_A_PAGE = 8_000  # milliseconds that reading a page of recipients may take


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the routes of `query` work with. `call` makes one vendor call, in so many seconds at most."""

    table: Table
    accounts: AccountsCache
    call: Callable[[Account, Request, float], Response]
    keys: ApiKeys
    now: Callable[[], Millis]
    random: Random
    until: Millis = 0  # when Lambda stops this worker; 0: nobody says

    def time_left(self) -> Millis:
        """How long it is until an answer must be on its way."""
        return (self.until or self.now() + LONGEST_ANSWER) - self.now() - TIME_TO_ANSWER

    def time_is_over(self) -> bool:
        """True if an answer must be on its way now."""
        return self.time_left() < 0

    def counting_is_over(self) -> bool:
        """True if counting must stop, so that a page can still be read, for which most clients ask."""
        return self.time_left() < TIME_FOR_A_PAGE


def gateway_of(router: APIGatewayRouter) -> Gateway:
    """What the request's route works with."""
    return cast("Gateway", router.context["collaborators"])
