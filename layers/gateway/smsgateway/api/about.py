"""The API about itself: `GET /openapi.json` and `GET /docs`, open to everybody."""

from functools import cache
from typing import Any, cast

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from smsgateway.api import accounts, document, inbound, messages, registers, registrations, sending
from smsgateway.api.calls import new_router

router = new_router()

QUERY_ROUTERS = (messages.router, inbound.router, accounts.router, registers.router, registrations.router, router)


@router.get(
    "/openapi.json",
    summary="This API as an OpenAPI document",
    tags=["About"],
    operation_id="getOpenApi",
    openapi_extensions={"security": []},
    responses={200: {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}},
)
def show_document() -> dict[str, Any]:
    """All routes, schemas and problems."""
    return document.openapi(_resolvers(), router.context["base_url"])


@router.get(
    "/docs",
    summary="This API, to be read",
    tags=["About"],
    operation_id="getDocs",
    openapi_extensions={"security": []},
    responses={200: {"description": "HTML", "content": {"text/html": {"schema": {"type": "string"}}}}},
)
def show_page() -> Response[str]:
    """The same as a page."""
    html = document.page(document.openapi(_resolvers(), router.context["base_url"]))
    return Response(200, "text/html; charset=utf-8", html)


@cache
def _sending() -> APIGatewayRestResolver:
    """The routes of `send`, which this function only describes."""
    app = APIGatewayRestResolver(enable_validation=True)
    app.include_router(sending.router)
    return app


def _resolvers() -> list[APIGatewayRestResolver]:
    return [_sending(), cast("APIGatewayRestResolver", router.api_resolver)]
