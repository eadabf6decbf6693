"""Accepting what a client posted: everything is checked before anything is stored, and what was answered 202 is stored.

Five steps, each of which adds to what the one before has found (acceptor.py): who may post this, who gets it, which
accounts carry it, then it is filed, and woken up. There are two ways out between: a repeated post gets its first answer
after the first step, and a dry run gets its plan after the third.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from smsgateway.accepting.acceptor import Acceptor, CheckedPost, Draft, FirstReads, ReadBefore
from smsgateway.accepting.contents import contents_of, kept_place, template_of
from smsgateway.accepting.counting import Limits, apart_of, caps_of
from smsgateway.accepting.dry_run import answer_to_dry_run
from smsgateway.accepting.filing import file_message, wake_up
from smsgateway.accepting.idempotency import first_answer, standing, standing_keys
from smsgateway.accepting.opt_out_scope import scope_of_post
from smsgateway.accepting.post import Post
from smsgateway.accepting.preflight import look_over
from smsgateway.accepting.recipients import check_somebody, recipients_of, set_apart, without_landlines
from smsgateway.accepting.route import accounts_for, check_rights, route_draft, route_of
from smsgateway.accepting.signatures import first_keys
from smsgateway.accepting.timing import Times, times_of
from smsgateway.clock import Millis
from smsgateway.config.settings import Settings
from smsgateway.ids import keyed_message_id, message_id
from smsgateway.model import Client, Message, Payload, Personal, SetApart, Template
from smsgateway.store import breakers
from smsgateway.store.keys import breaker_key, suppression_key
from smsgateway.store.numbers import Counted, NumberState, load_numbers, read_number
from smsgateway.store.table import Item, Key


def accept(
    acceptor: Acceptor, client: Client, post: Post, read: ReadBefore | None = None
) -> tuple[int, dict[str, Any]]:
    """Accept a post, or say what would happen to it (`dry_run`). `read`: what need not be read any more.

    Returns the status and body of the answer. Raises Refusal: then nothing of the post is sent.
    """
    checked = _who_may(acceptor, client, post, read)
    if first := _answered_before(acceptor, checked):
        return 202, first
    draft = look_over(_who_gets_it(acceptor, checked))
    routed = route_draft(acceptor, draft)
    if post.dry_run:
        return 200, answer_to_dry_run(routed)
    filed = file_message(acceptor, routed)
    wake_up(acceptor, filed)
    return 202, filed.answer


def _who_may(acceptor: Acceptor, client: Client, post: Post, read: ReadBefore | None) -> CheckedPost:
    """The post of a client with the right to it, and what is read before anything is decided. Raises Refusal."""
    check_rights(client, post)
    recipients = recipients_of(post)
    settings = acceptor.settings()
    if post.idempotency_key:
        identity = keyed_message_id(client.name, post.idempotency_key)
    else:
        identity = message_id(acceptor.now(), acceptor.random.getrandbits(80))
    route = route_of(acceptor, post, settings)
    numbers = list(recipients.numbers)
    if read and read.new and len(numbers) == 1:
        first_reads = _reads(read.items, route, read.read_at)
    else:
        first_reads = _read_first(acceptor, post, identity, numbers, route, settings)
    if read:
        first_reads = replace(first_reads, items={**read.items, **first_reads.items})
    return CheckedPost(client, post, identity, settings, route, recipients, first_reads)


def _read_first(
    acceptor: Acceptor, post: Post, identity: str, numbers: Sequence[str], route: Sequence[str], settings: Settings
) -> FirstReads:
    """What is read of a post before anything is decided, in one request to the table.

    One number: an earlier message under its Idempotency-Key, the number's own item, the breakers of the route, and
    what was learned of the signature there.
    Several numbers: only the earlier message; their items are read once a repeated post has been ruled out.
    """
    read_at, keys = acceptor.now(), standing_keys(identity) if post.idempotency_key else []
    if len(numbers) > 1 or not numbers:
        return FirstReads(acceptor.table.get_many(keys), frozenset(), read_at)
    return _reads(acceptor.table.get_many([*keys, *keys_of_one(post, settings, route, numbers[0])]), route, read_at)


def keys_of_one(post: Post, settings: Settings, route: Sequence[str], number: str) -> list[Key]:
    """Where it stands what decides on a post to one number: the number's own item, breakers, signatures."""
    return [suppression_key(number), *map(breaker_key, route), *first_keys(post, settings, route, number)]


def _reads(items: Mapping[Key, Item], route: Sequence[str], read_at: Millis) -> FirstReads:
    """What was read, with the accounts of the route whose breakers have nothing to consider."""
    clear = {name for name in route if breakers.read_breaker(items.get(breaker_key(name))).clear}
    return FirstReads(items, clear, read_at)


def _answered_before(acceptor: Acceptor, checked: CheckedPost) -> dict[str, Any] | None:
    """The answer that the first post with this Idempotency-Key got, or None. Raises Refusal if it had another body."""
    if checked.post.dry_run:
        return None
    there = standing(checked.first_reads.items, checked.message_id)
    return first_answer(acceptor.table, there, checked.post, checked.recipients)


def _who_gets_it(acceptor: Acceptor, checked: CheckedPost) -> Draft:
    """The post with its recipients, of whom nobody is set apart, as far as is known by now, and what each reads.

    Raises Refusal when it is too late, when there is no account, when nobody is left, or a content cannot be made.
    """
    post = checked.post
    times = times_of(post, checked.settings.quiet_hours_of(post.purpose), acceptor.now())
    accounts = accounts_for(checked.client, post, checked.settings, checked.route)
    template = template_of(acceptor.table, post, checked.first_reads.items)
    scope = scope_of_post(checked.client, post, template, accounts)
    limits = _limits_of(checked, scope, times)
    apart, state = _set_apart(acceptor, checked, limits)
    recipients = set_apart(checked.recipients, apart, post)
    check_somebody(recipients, apart, times.created_at)
    recipients, mobiles_only = without_landlines(recipients, accounts, post)
    payload, common = contents_of(post, template, recipients)
    message = replace(
        _message_of(checked, times, template, payload, common),
        opt_out_scope=scope if scope != checked.client.name else "",
        mobiles_only=mobiles_only,
    )
    return Draft(checked, accounts, recipients, template, payload, message, limits, apart, state)


def _limits_of(checked: CheckedPost, scope: str, times: Times) -> Limits:
    """What the numbers of a post are held to. `scope`: of the opt-outs that it heeds."""
    client, post = checked.client, checked.post
    return Limits(
        purpose=post.purpose,
        scope=scope,
        caps=caps_of(checked.settings, client, post.purpose),
        uncapped=checked.settings.uncapped,
        text=Counted(max(times.created_at, times.send_at or 0), checked.message_id, times.spread),
        now=times.created_at,
    )


def _set_apart(acceptor: Acceptor, checked: CheckedPost, limits: Limits) -> tuple[SetApart, NumberState | None]:
    """Those whose own items speak against the message, and the state of the only number.

    Several numbers that caps hold for are not read here: that is done as they are counted.
    """
    numbers = list(checked.recipients.numbers)
    if len(numbers) == 1:
        state = read_number(checked.first_reads.items.get(suppression_key(numbers[0])), numbers[0])
        return apart_of([state], limits), state
    if limits.caps and not checked.post.dry_run:
        return SetApart(), None
    return apart_of(load_numbers(acceptor.table, numbers).values(), limits), None


def _message_of(
    checked: CheckedPost, times: Times, template: Template | None, payload: Payload, common: Personal | None
) -> Message:
    """The message of a post, before its route is known. `common`: what all read, or None."""
    post = checked.post
    return Message(
        id=checked.message_id,
        client=checked.client.name,
        purpose=post.purpose,
        created_at=times.created_at,
        valid_until=times.valid_until,
        route=(),
        recipients=len(payload.numbers),
        segments=0,
        content=common,
        signature=post.signature,
        signature_place=kept_place(template, (common,) if common else payload.contents),
        templates=template.vendor_templates if template else {},
        extension=post.extension,
        reference=post.reference,
        send_at=times.send_at,
        postponed_from=times.postponed_from,
        spread=times.spread,
        resend_unconfirmed=post.resend_unconfirmed,
        resend_undelivered=post.resend_undelivered,
        body_hash=post.body_hash,
        fleeting=bool(post.secret),
    )
