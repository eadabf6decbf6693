"""The routers of both functions, and the client that makes a request."""

from typing import cast

from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from smsgateway.model import Client


def new_router() -> APIGatewayRouter:
    """A router for the routes of one module."""
    return APIGatewayRouter()  # type: ignore[no-untyped-call]


def client_of(router: APIGatewayRouter) -> Client:
    """The client that makes the request."""
    return cast("Client", router.context["client"])


def api_key_of(router: APIGatewayRouter) -> str:
    """The key that the request came with, for the cursors of its lists."""
    return str(router.context["api_key"])
