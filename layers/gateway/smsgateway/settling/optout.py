"""What a reply asks for, and what follows: who wrote stop gets no more marketing, at once, until they ask for it again.

All of it is written before the reply is stored: a worker that dies in between has the reply come again, and nothing
here does harm twice.
"""

from dataclasses import dataclass

from smsgateway.clock import Millis
from smsgateway.core import WakingCore
from smsgateway.model import Message, Reply
from smsgateway.rules.keywords import Wish, wish_of
from smsgateway.settling.confirming import confirm
from smsgateway.store.numbers import EVERYBODY, NumberState, OptIn, Suppression
from smsgateway.store.replies import is_stored
from smsgateway.store.stops import allow_marketing, stop_marketing

SECOND: Millis = 1_000
MINUTE: Millis = 60_000
OPT_OUT = "opt_out"  # the reason of a stop that a person asked for


@dataclass(frozen=True, slots=True)
class Answered:
    """The message that a reply answers. `client`: whose it is; `message`: None if it is gone."""

    client: str
    message: Message | None

    @property
    def scope(self) -> str:
        """Whose marketing a stop in answer to this message is about (store/numbers.py)."""
        return (self.message.opt_out_scope if self.message else "") or self.client

    @property
    def signature(self) -> str | None:
        """The signature that the message asked for; None: its account's."""
        return self.message.signature if self.message else None


def said_at(at: Millis, arrived: Millis, index: int) -> Millis:
    """When a reply was written, so that whoever wrote two can be taken at the later word.

    `at`: the vendor's time, in whole seconds or minutes; within them, what arrived first was written first. `arrived`:
    when the push or page with it came, after which no reply was written, whatever a vendor's clock says. `index`: the
    reply's place in that.
    """
    whole = MINUTE if at % MINUTE == 0 else SECOND
    return min(at + whole - 1, arrived) + index


def wish_in(core: WakingCore, reply: Reply) -> Wish | None:
    """What a reply asks for, by the usual words and those of the account that it came to."""
    account = core.settings().accounts.get(reply.account)
    if account is None:
        return wish_of(reply.text)
    return wish_of(reply.text, account.options.opt_out_words, account.options.opt_in_words)


def obey(core: WakingCore, reply: Reply, wish: Wish, answered: Answered | None, said_at: Millis) -> None:
    """Stop marketing, or let it go on, as a reply asks. `said_at`: when it was written, as far as that is known.

    A reply that answers no known message stops, or allows, the marketing that is of everybody.
    """
    scope = answered.scope if answered else EVERYBODY
    if wish == "start":
        _let_go_on(core, reply, scope, said_at)
        return
    client, _, signature = scope.partition("#")
    stop = Suppression(
        at=said_at,
        reason=OPT_OUT,
        source="reply",
        reply_id=reply.id,
        account=reply.account,
        client="" if client == EVERYBODY else client,
        signature=signature,
        vendor=reply.vendor,
    )
    _, after = stop_marketing(core.table, reply.number, stop, core.now())
    standing = after.stops.get(scope)
    if standing and standing.reply_id == reply.id:
        confirm(core, reply, standing, scope, answered.signature if answered else None)


def _let_go_on(core: WakingCore, reply: Reply, scope: str, said_at: Millis) -> NumberState | None:
    """Undo the stop of a scope. None: the reply has done that already, and a vendor has pushed it once more."""
    if is_stored(core.table, reply.id):
        return None
    opt_in = OptIn(said_at, said_at, "reply", reply.id, reply.account, reply.vendor)
    return allow_marketing(core.table, reply.number, scope, opt_in, core.now())[1]
