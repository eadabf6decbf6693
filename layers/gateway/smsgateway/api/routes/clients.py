"""Who may call the API: `POST /clients`, `GET /clients`, `DELETE /clients/{name}`."""

import secrets
from collections.abc import Sequence
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import NamePath
from smsgateway.api.schemas.requests import Caps, NewClient
from smsgateway.api.serving.authenticator import key_hash
from smsgateway.api.serving.context import new_router
from smsgateway.api.serving.gateway import gateway_of
from smsgateway.api.serving.problems import Errors, Problem, invalid, not_found
from smsgateway.model import ADMINISTRATOR, Cap, Client
from smsgateway.rules.caps import WINDOWS
from smsgateway.store import clients

KEY_BYTES = 20  # as 40 hexadecimal digits

router = new_router()


@router.post(
    "/clients",
    status_code=201,
    summary="Let somebody else call the API",
    tags=["Clients"],
    operation_id="createClient",
    responses=responses.described(
        {201: ("The client, with its key", resources.CreatedClient)},
        400,
        409,
        413,
        503,
        said={409: "The name is taken"},
    ),
)
def create_client(body: Annotated[NewClient, Body()]) -> Response[dict[str, Any]]:
    """Lets somebody else call the API. The answer shows `api_key`, this once. For administrators.

    A client is changed by deleting it and making it anew with the same name: it gets a new key, sees its messages as
    before, and what it has posted goes on.
    """
    gateway = gateway_of(router)
    if body.name == ADMINISTRATOR.name:
        raise invalid([("name", "is the administrator's own")])
    if body.accounts:
        configured = gateway.accounts.get().accounts
        if unknown := [index for index, name in enumerate(body.accounts) if name not in configured]:
            raise invalid([(f"accounts[{index}]", "there is no such account") for index in unknown])
    if errors := _signature_errors(body.signatures):
        raise invalid(errors)
    if clients.claimed_hash(gateway.table, body.name):
        raise _taken()
    api_key = secrets.token_hex(KEY_BYTES)
    key_id = gateway.keys.create(body.name, api_key)
    client = Client(
        body.name,
        body.role,
        tuple(body.purposes),
        tuple(body.accounts),
        body.daily_segments,
        key_id,
        tuple(body.signatures),
        {purpose: _caps(caps) for purpose, caps in body.caps.items()},
        body.test,
    )
    try:
        stored = clients.put_client(gateway.table, client, key_hash(api_key))
    except BaseException:
        gateway.keys.delete(key_id)
        raise
    if not stored:
        gateway.keys.delete(key_id)
        raise _taken()
    return Response(201, "application/json", _view(client) | {"api_key": api_key})


@router.get(
    "/clients",
    summary="Who may call the API",
    tags=["Clients"],
    operation_id="listClients",
    responses=responses.described({200: ("All but the stack's administrator", resources.ListOf[resources.Client])}),
)
def list_clients() -> dict[str, Any]:
    """Lists who may call the API, by name, without keys. The list is a moment old at most. For administrators."""
    return {"items": [_view(client) for client in clients.list_clients(gateway_of(router).table)], "next": None}


@router.delete(
    "/clients/<name>",
    status_code=204,
    summary="Let somebody call the API no more",
    tags=["Clients"],
    operation_id="deleteClient",
    responses=responses.described({204: ("Its key is gone", None)}, 404),
)
def delete_client(name: NamePath) -> Response[str]:
    """Lets a client call the API no more. What the client has posted is sent all the same.

    A name whose creation broke off is free again. For administrators.
    """
    gateway = gateway_of(router)
    claimed = clients.claimed_hash(gateway.table, name)
    if claimed is None:
        raise not_found("client")
    named = clients.named_client(gateway.table, name)
    if named:
        gateway.keys.delete(named[1].key_id)
    clients.delete_client(gateway.table, name, claimed)
    return Response(204, body="")


def _taken() -> Problem:
    return Problem(409, "there is a client of this name already")


def _signature_errors(signatures: Sequence[str]) -> Errors:
    """The places of signatures by which nobody can be told apart, each with what is wrong there."""
    problems = (
        "must not be empty" if not each else "is there twice" if each in signatures[:index] else ""
        for index, each in enumerate(signatures)
    )
    return [(f"signatures[{index}]", problem) for index, problem in enumerate(problems) if problem]


def _caps(caps: Caps | None) -> tuple[Cap, ...]:
    """The caps of a body; none where they are null."""
    allowed = caps.model_dump(exclude_none=True) if caps else {}
    return tuple((allowed[name], seconds) for name, seconds in WINDOWS.items() if name in allowed)


def _shown(caps: tuple[Cap, ...]) -> dict[str, int] | None:
    """Caps as a body has them."""
    names = {seconds: name for name, seconds in WINDOWS.items()}
    return {names[seconds]: texts for texts, seconds in caps} or None


def _view(client: Client) -> dict[str, Any]:
    return {
        "name": client.name,
        "role": client.role,
        "purposes": list(client.purposes),
        "accounts": list(client.accounts),
        "daily_segments": client.daily_segments,
        "signatures": list(client.signatures),
        "caps": {purpose: _shown(caps) for purpose, caps in client.caps.items()},
        "test": client.test,
    }
