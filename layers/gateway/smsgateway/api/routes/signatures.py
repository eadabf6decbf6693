"""Signatures and their filing (报备): `GET /signatures`, `DELETE /signatures/learned`."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.requests import NAME, Signature
from smsgateway.api.serving.context import client_of, new_router
from smsgateway.api.serving.gateway import gateway_of
from smsgateway.api.serving.problems import invalid, not_found
from smsgateway.api.signature_view import seen_by, signature_views
from smsgateway.rules.carriers import ANY_CARRIER, CARRIERS, Carrier
from smsgateway.store import signatures
from smsgateway.store.signatures import SignaturePlace

router = new_router()


@router.get(
    "/signatures",
    summary="Signatures and their filing (报备)",
    tags=["Signatures"],
    operation_id="listSignatures",
    responses=responses.described({200: ("All, by signature", resources.ListOf[resources.Signature])}, 503),
)
def list_signatures() -> dict[str, Any]:
    """Lists signatures with the state of their filing by account and carrier: as the accounts document says, and as
    vendors' refusals have taught.

    An administrator sees all, with the vendors' words. A sender sees its own signatures and those of the accounts that
    it may use, with these accounts.
    """
    gateway = gateway_of(router)
    settings = gateway.accounts.get()
    seen = seen_by(client_of(router), settings)
    found = gateway.table.at_once(lambda name: list(signatures.refusals_of(gateway.table, name)), list(seen.accounts))
    return {"items": signature_views(settings, (each for of_one in found for each in of_one), seen), "next": None}


@router.delete(
    "/signatures/learned",
    status_code=204,
    summary="Have a refused signature tried again",
    tags=["Signatures"],
    operation_id="forgetSignature",
    responses=responses.described(
        {204: ("It is tried again from now on", None)}, 404, 503, said={404: "Nothing was learned of it there"}
    ),
)
def forget_signature(
    signature: Annotated[Signature, Query(min_length=1, description="without brackets")],
    account: Annotated[str, Query(pattern=NAME, description="the account's name")],
    carrier: Annotated[
        Carrier | None, Query(description="the carrier; without it, what was learned of any carrier, and of all, goes")
    ] = None,
) -> Response[str]:
    """Forgets what vendors' refusals have taught of a signature with an account: its filing is mended, so that it is to
    be tried again before a week has passed. What the accounts document says of it stays. For administrators."""
    gateway = gateway_of(router)
    if account not in gateway.accounts.get().accounts:
        raise invalid([("account", "there is no such account")])
    now, carriers = gateway.now(), [carrier] if carrier else [ANY_CARRIER, *CARRIERS]
    forgotten = [signatures.forget(gateway.table, SignaturePlace(account, each, signature), now) for each in carriers]
    if not any(forgotten):
        raise not_found("refused signature")
    return Response(204, body="")
