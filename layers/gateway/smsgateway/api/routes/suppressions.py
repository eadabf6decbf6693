"""One number that is not to be texted: `GET`, `PUT`, `DELETE /suppressions/{number}`."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import NumberPath, number_at
from smsgateway.api.schemas.requests import CLIENT_NAME
from smsgateway.api.schemas.suppression_bodies import Stop
from smsgateway.api.serving.context import client_of, new_router
from smsgateway.api.serving.gateway import Gateway, gateway_of
from smsgateway.api.serving.problems import Problem, invalid, not_found
from smsgateway.api.suppression_rights import OTHERS, Whose, forbidden, named_by, no_room, problems_of, signatures_of
from smsgateway.api.suppression_view import number_view
from smsgateway.model import Client
from smsgateway.store import stops, suppressions
from smsgateway.store.numbers import EVERYBODY, NumberState, OptIn, Suppression, load_number, scope_of

FOR_ALL = Stop(purpose="all")  # what a request without a body asks for

router = new_router()


@router.put(
    "/suppressions/<number>",
    summary="Suppress a number, or stop its marketing",
    tags=["Suppressions"],
    operation_id="putSuppression",
    responses=responses.described({200: ("It holds from now on", resources.Suppression)}, 400, 404, 413),
)
def put_view(number: NumberPath, body: Annotated[Stop, Body()] = FOR_ALL) -> dict[str, Any]:
    """Suppresses a number, or stops marketing to it. What stands already stays as it is.

    Without a body, or with the purpose `all`, nothing is accepted for the number from now on, whoever posts. For
    administrators. With a body, marketing is stopped: a sender stops its own, an administrator that of the `client`, or
    everybody's.

    Of what was accepted before and is not with a vendor yet, marketing is left out. Verification codes and notices go
    out unless you cancel them; only a reroute leaves a suppressed number out.
    """
    gateway, client = gateway_of(router), client_of(router)
    if errors := forbidden(client, body):
        raise Problem(403, "a sender may stop its own marketing alone", errors)
    normalised = number_at("number", number)
    whose = named_by(client, body.client, body.signature)
    if errors := problems_of(body, whose, signatures_of(gateway.table, client, {whose.client} - {""})):
        raise invalid(errors)
    if body.purpose == "all":
        state = suppressions.suppress(gateway.table, normalised, gateway.now(), body.reason or "")
    else:
        state = _stop(gateway, normalised, whose, body.reason or "")
    return number_view(state, client) or {}


def _stop(gateway: Gateway, number: str, whose: Whose, reason: str) -> NumberState:
    now = gateway.now()
    stop = Suppression(now, reason, "api", client=whose.client, signature=whose.signature)
    try:
        return stops.stop_marketing(gateway.table, number, stop, now)[1]
    except stops.NumberFull as full:
        raise invalid([no_room(full)]) from None


@router.get(
    "/suppressions/<number>",
    summary="What stands against texts to a number",
    tags=["Suppressions"],
    operation_id="getSuppression",
    responses=responses.described(
        {200: ("Something does", resources.Suppression)}, 404, said={404: "Nothing does, as far as you may see"}
    ),
)
def show_view(number: NumberPath) -> dict[str, Any]:
    """Tells since when nothing is sent to a number, and whose marketing it has stopped. A sender sees what is about its
    own marketing, or everybody's."""
    normalised = number_at("number", number)
    view = number_view(load_number(gateway_of(router).table, normalised), client_of(router))
    if view is None:
        raise not_found("suppression")
    return view


@router.delete(
    "/suppressions/<number>",
    status_code=204,
    summary="Allow a number again",
    tags=["Suppressions"],
    operation_id="deleteSuppression",
    responses=responses.described({204: ("It may be sent to", None)}, 404),
)
def delete_view(
    number: NumberPath,
    purpose: Annotated[
        Literal["marketing", "all"] | None,
        Query(description="which stop it is; left out: `marketing` where a client or a signature is named, else `all`"),
    ] = None,
    client: Annotated[
        str | None, Query(pattern=CLIENT_NAME, description="whose marketing goes on; left out: yours, or everybody's")
    ] = None,
    signature: Annotated[str | None, Query(max_length=20, description="the signature that was stopped")] = None,
) -> Response[str]:
    """Lifts the suppression of a number. For administrators. With `purpose=marketing`, or a `client`, a stop of
    marketing is lifted: a sender lifts its own, when the person has asked for it.

    Only that stop goes: the others stay, and so does an administrator's suppression.
    """
    gateway, asking = gateway_of(router), client_of(router)
    normalised = number_at("number", number)
    named = client is not None or signature is not None
    if purpose == "all" or (purpose is None and not named):
        _allow_all(gateway, asking, normalised, named=named)
    else:
        if not asking.administrator and client not in (None, asking.name):
            raise Problem(403, "a sender may lift its own stops alone", [("client", OTHERS)])
        _let_go_on(gateway, asking, normalised, named_by(asking, client, signature))
    return Response(204, body="")


def _allow_all(gateway: Gateway, asking: Client, number: str, *, named: bool) -> None:
    if not asking.administrator:
        raise Problem(403, "only an administrator may do this; a sender names purpose=marketing")
    if named:
        raise invalid([("purpose", "must be marketing where a client or a signature is named")])
    if suppressions.suppressed_at(gateway.table, number) is None:
        raise not_found("suppression")
    suppressions.allow(gateway.table, number, gateway.now())


def _let_go_on(gateway: Gateway, asking: Client, number: str, whose: Whose) -> None:
    now, scope = gateway.now(), scope_of(whose.client or EVERYBODY, whose.signature)
    before, after = stops.allow_marketing(gateway.table, number, scope, OptIn(now, 0, "api"), now)
    if before != after:
        return
    if not asking.administrator and (before.suppressed or EVERYBODY in before.stops):
        raise Problem(403, "what stops you is not yours alone but everybody's: only an administrator may lift it")
    raise not_found("suppression")
