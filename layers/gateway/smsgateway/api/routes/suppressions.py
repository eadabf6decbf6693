"""Suppressed numbers: `GET`, `PUT`, `DELETE /suppressions/{number}`. An administrator writes them."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import NumberPath, number_at
from smsgateway.api.serving.context import new_router
from smsgateway.api.serving.gateway import gateway_of
from smsgateway.api.serving.problems import not_found
from smsgateway.clock import Millis, iso
from smsgateway.store import suppressions

router = new_router()


@router.put(
    "/suppressions/<number>",
    summary="Suppress a number",
    tags=["Suppressions"],
    operation_id="putSuppression",
    responses=responses.described({200: ("Nothing is accepted for it from now on", resources.Suppression)}, 404, 413),
)
def put_view(number: NumberPath) -> dict[str, Any]:
    """Suppresses a number: from now on nothing is accepted for it, whoever posts.

    What was accepted before, also what is scheduled, goes out unless you cancel it; only a reroute leaves the number
    out. The body, if any, is not read. For administrators.
    """
    gateway = gateway_of(router)
    normalised = number_at("number", number)
    return _view(normalised, suppressions.suppress(gateway.table, normalised, gateway.now()))


@router.get(
    "/suppressions/<number>",
    summary="Whether a number is suppressed",
    tags=["Suppressions"],
    operation_id="getSuppression",
    responses=responses.described({200: ("It is", resources.Suppression)}, 404, said={404: "It is not"}),
)
def show_view(number: NumberPath) -> dict[str, Any]:
    """Tells since when nothing is sent to a number."""
    normalised = number_at("number", number)
    since = suppressions.suppressed_at(gateway_of(router).table, normalised)
    if since is None:
        raise not_found("suppression")
    return _view(normalised, since)


@router.delete(
    "/suppressions/<number>",
    status_code=204,
    summary="Allow a number again",
    tags=["Suppressions"],
    operation_id="deleteSuppression",
    responses=responses.described({204: ("It may be sent to", None)}, 404),
)
def delete_view(number: NumberPath) -> Response[str]:
    """Lifts the suppression of a number: messages to it are accepted again. For administrators."""
    gateway = gateway_of(router)
    table = gateway.table
    normalised = number_at("number", number)
    if suppressions.suppressed_at(table, normalised) is None:
        raise not_found("suppression")
    suppressions.allow(table, normalised, gateway.now())
    return Response(204, body="")


def _view(number: str, since: Millis) -> dict[str, Any]:
    return {"number": number, "suppressed_at": iso(since)}
