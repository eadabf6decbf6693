"""While a client's codes look like pumping, a number that nobody texted before gets one only behind a challenge.

Who asks for the codes that pumping has sent is a program, which a CAPTCHA stops; a person whose number is known goes on
as before. The alert tells the operator. When approvals recover, or requests fall, nothing is left of it.
"""

from collections.abc import Mapping

from smsgateway import routing
from smsgateway.accepting.post import Refusal
from smsgateway.clock import Millis
from smsgateway.model import Client
from smsgateway.store import conversions, listing
from smsgateway.store.table import Item, Key
from smsgateway.verifying import watch
from smsgateway.verifying.verifier import Verifier

ALERT = "pumping_suspected"


def keys_to_judge(client: str, now: Millis) -> list[Key]:
    """What must be read to judge a client's last hour."""
    return [
        *conversions.keys_between(client, *watch.judged(now)),
        *conversions.keys_between(client, *watch.day_before(now)),
    ]


def challenge(
    verifier: Verifier, client: Client, number: str, items: Mapping[Key, Item], now: Millis, *, challenged: bool
) -> None:
    """Raises Refusal if a person behind this number must pass a challenge first. `items`: of `keys_to_judge`."""
    today = conversions.between(items, client.name, *watch.judged(now))
    before = conversions.between(items, client.name, *watch.day_before(now))
    if not watch.suspected(today, before):
        return
    _alert(verifier, client, today, before, now)
    if not challenged and not _known(verifier, number):
        raise challenge_required()


def challenge_required() -> Refusal:
    """The refusal of a code for a number that may belong to whoever pumps."""
    detail = (
        "far fewer codes than usual are typed in, so this number, which was never texted, needs a challenge first:"
        " have the person pass a CAPTCHA, and repeat the request with `challenged`: true"
    )
    return Refusal(403, "Challenge required", detail, members={"challenge_required": True})


def _known(verifier: Verifier, number: str) -> bool:
    """Whether any message to the number, or reply from it, is still kept."""
    found, _ = listing.to_number(verifier.table, number, None, 1, None)
    return bool(found)


def _alert(
    verifier: Verifier, client: Client, today: conversions.Conversions, before: conversions.Conversions, now: Millis
) -> None:
    """Tell the operator, once in each hour of the clock for each client."""
    settings = verifier.settings()
    route = routing.route_for(settings.routes, "otp", verifier.random.random)
    account = next((settings.accounts[name] for name in route if name in settings.accounts), None)
    if account is None:
        return
    detail = (
        f"client {client.name}: {today.approved} of {today.requested} codes of the last hour were typed in,"
        f" {before.approved} of {before.requested} in the same hour of the day before"
    )
    occasion = f"{now // conversions.HOUR}#{client.name}"
    verifier.alert(account.name, account.vendor, ALERT, detail, occasion=occasion)
