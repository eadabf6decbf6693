"""The last look before the mark: is the message canceled by now, and who has opted out of it since it was accepted?

Whoever cancels, and whoever stops marketing to a number, writes that first. A worker has claimed the submission by the
time at which it looks: what was written before the claim is seen.
"""

from typing import NamedTuple

from smsgateway.sending.work import Work
from smsgateway.store.keys import message_key, suppression_key
from smsgateway.store.messages import is_canceled
from smsgateway.store.stops import keys_of_stops, stopped_since
from smsgateway.store.suppressions import load_items, not_to_be_texted
from smsgateway.store.table import Key, Table


class LastLook(NamedTuple):
    """What was seen."""

    canceled: bool = False
    stopped: frozenset[str] = frozenset()  # recipients of marketing who are not to get it any more
    took_long: bool = False  # the recipients' own items were read, of which there may be thousands


def last_look(table: Table, work: Work) -> LastLook:
    """Look whether a submission is still to be sent, and to whom. All reads are consistent.

    A message to one number, and a reroute made from it, is canceled by the mark's own condition. Of what is no
    marketing nobody can have opted out.
    """
    submission, message = work.submission, work.message
    if message.purpose != "marketing":
        return LastLook(submission.cancelable and is_canceled(table, message.id))
    numbers, of_message = work.sent_to.numbers, message_key(message.id)
    alone = [suppression_key(number) for number in numbers] if len(numbers) == 1 else []
    keys: list[Key] = [of_message] if submission.cancelable else []
    found = table.get_many([*keys, *(alone or keys_of_stops(message.client))])
    if "canceled_at" in found.get(of_message, {}):
        return LastLook(canceled=True)
    all_read = not alone and stopped_since(found, message.client, message.created_at)
    items = load_items(table, numbers) if all_read else found
    scope = message.opt_out_scope or message.client
    stopped = not_to_be_texted(items, numbers, message.purpose, scope)
    return LastLook(stopped=frozenset(stopped), took_long=all_read)
