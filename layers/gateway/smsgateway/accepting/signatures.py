"""What was learned of a post's signatures with the accounts of its route: read before the route is decided on.

For one number this is part of the first read (`first_keys`). Only where its template brings another signature than the
account's, and for several numbers, one more read is made.
"""

from collections.abc import Iterable, Sequence

from smsgateway.accepting.acceptor import Acceptor, Draft
from smsgateway.accepting.post import Post
from smsgateway.calling.carriage import Carriage
from smsgateway.calling.signatures import SignatureStates, places_of
from smsgateway.config.settings import Settings
from smsgateway.store.signatures import refusals_in
from smsgateway.store.table import Key
from smsgateway.text import split_signature

MOST_KEYS = 100  # one call: where texts bring more signatures than that, a vendor's refusal will tell of the rest


def first_keys(post: Post, settings: Settings, route: Iterable[str], number: str) -> list[Key]:
    """Where it stands what was learned of the signature that this number would read, as far as it is known this early:
    the template that a post may name is not read yet."""
    plain = post.personal[0].text if post.personal else post.text
    own = split_signature(plain or "")[0] or post.signature
    accounts = [settings.accounts[name] for name in route if name in settings.accounts]
    signatures = {account.name: account.signature if own is None else own for account in accounts}
    return [each.key for name, signature in signatures.items() for each in places_of(name, {signature: [number]})]


def states_for(acceptor: Acceptor, draft: Draft, carriages: Sequence[Carriage]) -> SignatureStates:
    """What is known of the signatures of a draft, by hand and learned, with the accounts that may carry it."""
    checked = draft.checked
    numbers, read = list(checked.recipients.numbers), checked.first_reads.items
    had = first_keys(checked.post, checked.settings, checked.route, numbers[0]) if len(numbers) == 1 else []
    wanted = [each.key for carriage in carriages for each in places_of(carriage.account.name, carriage.signatures)]
    more = [key for key in wanted if key not in had][:MOST_KEYS]
    found = {**{key: read[key] for key in had if key in read}, **acceptor.table.get_many(more)}
    return SignatureStates(checked.settings.signatures, refusals_in(found.values()))
