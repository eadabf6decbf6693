"""The API about itself: `GET /openapi.json` and `GET /docs`, open to everybody."""

from typing import Any, cast

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from smsgateway.api.openapi import document, page
from smsgateway.api.routes import (
    accounts,
    clients,
    messages,
    post_message,
    replies,
    signatures,
    suppression_lists,
    suppressions,
    templates,
    verifications,
)
from smsgateway.api.serving.context import new_router

router = new_router()

QUERY_ROUTERS = (
    *(messages.router, replies.router, accounts.router),
    *(templates.router, suppression_lists.router, suppressions.router, signatures.router, clients.router, router),
)


@router.get(
    "/openapi.json",
    summary="This API as an OpenAPI document",
    tags=["About"],
    operation_id="getOpenApi",
    openapi_extensions={"security": []},
    responses={200: {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}},
)
def show_document() -> dict[str, Any]:
    """Describes all routes, schemas and errors, as OpenAPI 3.1."""
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
    """Shows the same description as a page for people."""
    html = page.html(document.openapi(_resolvers(), router.context["base_url"]))
    return Response(200, "text/html; charset=utf-8", html)


def _resolvers() -> list[APIGatewayRestResolver]:
    """The resolvers of `send`, whose routes this function only describes, and of `query`."""
    if post_message.router.api_resolver is None:
        of_send = APIGatewayRestResolver(enable_validation=True)
        of_send.include_router(post_message.router)
        of_send.include_router(verifications.router)
    return [cast("APIGatewayRestResolver", each.api_resolver) for each in (post_message.router, router)]
