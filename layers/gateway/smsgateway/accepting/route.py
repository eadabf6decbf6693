"""Which accounts carry a message: those of the route that its client may use, and of them those that can."""

from collections.abc import Sequence
from dataclasses import replace

from smsgateway import routing
from smsgateway.accepting import capacity
from smsgateway.accepting.acceptor import Acceptor, Draft, Routed
from smsgateway.accepting.post import Post, Refusal
from smsgateway.accepting.signatures import states_for
from smsgateway.calling.carriage import Carriage
from smsgateway.calling.signatures import SignatureStates
from smsgateway.config.settings import Settings
from smsgateway.errors import EncodeError
from smsgateway.ids import blocks_of
from smsgateway.model import Account, Client, Payload, Reason

EXAMINED = 1000  # texts that a dry run encodes for each account
PLACES = {  # the field that a reason is about, where it is not the content
    Reason.EXTENSION_REFUSED: "extension",
    Reason.SIGNATURE_REFUSED: "signature",
    Reason.INVALID_NUMBER: "to",
    Reason.LANDLINE: "to",
}


def check_rights(client: Client, post: Post) -> None:
    """Raises Refusal if the client may not use the account that its post names, or the purpose, or only test."""
    if post.account and client.accounts and post.account not in client.accounts:
        raise Refusal(403, "Not your account", f"this client may not use the account {post.account}")
    if client.purposes and post.purpose not in client.purposes:
        raise Refusal(403, "Not your purpose", f"this client may not send messages of purpose {post.purpose}")
    if client.test and not post.dry_run:
        detail = "this key is for tests and reaches no vendor: use `dry_run`, or POST /verifications to a magic number"
        raise Refusal(403, "A test key", detail)


def route_of(acceptor: Acceptor, post: Post, settings: Settings) -> tuple[str, ...]:
    """The accounts that may be asked, in their order, whoever posts. One whose name is in the post may not exist."""
    if post.account:
        return (post.account,)
    route = routing.route_for(settings.routes, post.purpose, acceptor.random.random)
    last_asked = {name: place for place, name in enumerate(post.asked)}
    return tuple(sorted(route, key=lambda name: last_asked.get(name, -1)))


def accounts_for(client: Client, post: Post, settings: Settings, route: Sequence[str]) -> list[Account]:
    """The accounts of the route that this client may use. Raises Refusal when there are none."""
    if post.account:
        if post.account not in settings.accounts:
            errors = [("account", "there is no account of this name")]
            raise Refusal(422, "Unknown account", f"there is no account {post.account}", errors)
        return [settings.accounts[post.account]]
    if not route:
        problem = f"no route of the accounts document serves the purpose {post.purpose}"
        raise Refusal(422, "No route", problem, [("purpose", "no route serves it: add one to the accounts document")])
    allowed = [settings.accounts[name] for name in route if not client.accounts or name in client.accounts]
    if not allowed:
        raise Refusal(403, "Not your account", f"this client may use no account of the route for {post.purpose}")
    return allowed


def route_draft(acceptor: Acceptor, draft: Draft) -> Routed:
    """The draft with the accounts that can carry it. Raises Refusal when none can, or not in the time of a request.

    Left out are also the accounts with which its signature is refused, as far as that is known.
    Each request of the message is encoded for each account, to see; of a dry run with many texts, some of them.
    """
    post, payload = draft.checked.post, draft.payload
    carriages = [Carriage(account, draft.message, payload) for account in draft.accounts]
    store_by = capacity.latest(acceptor.until, acceptor.now())
    capacity.check(acceptor.now, store_by, carriages, stored=not post.dry_run, counted=bool(draft.limits.caps))
    examined = capacity.sample_of(payload, EXAMINED) if post.dry_run and payload.contents else payload
    states = states_for(acceptor, draft, carriages)
    able, problems = _able(post, carriages, states, examined)
    message = replace(
        draft.message,
        route=tuple(carriage.account.name for carriage in able),
        segments=able[0].segments_of(payload),
        blocks=blocks_of(len(able[0].parts), acceptor.block),
    )
    return Routed(draft, message, able, problems, len(examined.contents) or 1, store_by, states)


def _able(
    post: Post, carriages: Sequence[Carriage], states: SignatureStates, examined: Payload
) -> tuple[list[Carriage], list[tuple[str, str]]]:
    """The carriages that are possible, and why those by other accounts are not. Raises Refusal when none is.

    `examined`: the part of the payload that is encoded to see that.
    """
    able: list[Carriage] = []
    problems: list[tuple[str, str]] = []
    errors: list[tuple[str, str]] = []
    for carriage in carriages:
        looked_at = carriage if examined is carriage.payload else replace(carriage, payload=examined)
        name = carriage.account.name
        if error := looked_at.problem or carriage.refused_signature(states):
            problems.append((name, error.problem))
            errors.append((_place_of(error, post, carriage), f"{name}: {error.problem}"))
        else:
            able.append(carriage)
    if not able:
        raise Refusal(422, "No account can carry this", "no account of the route can carry the content", errors)
    return able, problems


def _place_of(error: EncodeError, post: Post, carriage: Carriage) -> str:
    """The field of the post that an account cannot carry."""
    if place := PLACES.get(error.reason):
        return place
    payload = carriage.payload
    for index in range(len(payload.contents)):
        if replace(carriage, payload=payload.part(index, index + 1)).problem:
            return f"messages[{index}]"
    return "template" if post.template else "messages[0]" if post.personal else "text"
