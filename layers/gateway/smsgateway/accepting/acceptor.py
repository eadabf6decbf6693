"""What accepting works with, and what each of its steps adds to a post until it is a stored message."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from smsgateway.accepting.counting import Limits
from smsgateway.accepting.post import Post
from smsgateway.accepting.recipients import Recipients
from smsgateway.calling.carriage import Carriage
from smsgateway.calling.signatures import SignatureStates
from smsgateway.clock import Millis
from smsgateway.config.settings import Settings
from smsgateway.core import WakingCore
from smsgateway.ids import BLOCK_ROOTS, SubmissionKey
from smsgateway.model import Account, Client, Message, Payload, SetApart, Template
from smsgateway.store.numbers import NumberState
from smsgateway.store.table import Item, Key

CLEAR_FOR: Millis = 500  # that an account whose calls go well is taken to go on so


@dataclass(frozen=True, slots=True)
class Acceptor(WakingCore):
    """The collaborators of accepting."""

    random: Random
    until: Millis = 0  # when this worker is stopped; 0: nobody says
    block: int = BLOCK_ROOTS  # submissions under one partition key


@dataclass(frozen=True, slots=True)
class FirstReads:
    """What is read before anything is decided."""

    items: Mapping[Key, Item]
    clear: Collection[str]  # accounts whose breakers have nothing to consider
    read_at: Millis

    def clear_until(self, account: str) -> Millis:
        """The time until which workers need not read an account's breaker (queues.WakeUp); 0: they must."""
        return self.read_at + CLEAR_FOR if account in self.clear else 0


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """What whoever has a post accepted has read for it: its template at least.

    `new`: its message cannot stand there yet, and all of `keys_of_one` was read.
    """

    items: Mapping[Key, Item]
    read_at: Millis
    new: bool


@dataclass(frozen=True, slots=True)
class CheckedPost:
    """A post of a client who may make it, with what is read before anything is decided. `recipients`: all but the
    invalid."""

    client: Client
    post: Post
    message_id: str
    settings: Settings
    route: Sequence[str]  # accounts that may be asked, whoever posts
    recipients: Recipients
    first_reads: FirstReads


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked post with who gets the message, and what each reads.

    `accounts`: those of the route that the client may use. `recipients`: without those that are set apart. `message`:
    its route, segments and blocks are not known yet.

    `apart`: numbers whose own items speak against the message, as far as they have been read: of several numbers that
    caps hold for, they are not before they are counted (filing.py). `state`: of the only number.
    """

    checked: CheckedPost
    accounts: Sequence[Account]
    recipients: Recipients
    template: Template | None
    payload: Payload
    message: Message
    limits: Limits
    apart: SetApart
    state: NumberState | None = None


@dataclass(frozen=True, slots=True)
class Routed:
    """A draft with the accounts that can carry it.

    `carriages`: by these accounts, in the order of the message's route. `problems`: accounts of the route that cannot,
    each with why.
    """

    draft: Draft
    message: Message
    carriages: Sequence[Carriage]
    problems: Sequence[tuple[str, str]]
    examined: int  # contents that were encoded to see that; of a dry run not all
    store_by: Millis  # when it must be stored
    states: SignatureStates  # what is known of its signatures


@dataclass(frozen=True, slots=True)
class Filed:
    """A message that is stored, by this request or by another with the same Idempotency-Key."""

    message: Message
    answer: dict[str, Any]
    to_wake: Sequence[SubmissionKey]  # in the order in which they should be woken up
    clear_until: Millis  # queues.WakeUp
