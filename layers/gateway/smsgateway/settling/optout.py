"""What a reply asks for, and what follows: who wrote stop gets no more marketing, at once, until they ask for it again.

All of it is written before the reply is stored: a worker that dies in between has the reply come again, and nothing
here does harm twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from smsgateway.clock import Millis
from smsgateway.core import WakingCore
from smsgateway.model import Message, Reply
from smsgateway.rules.keywords import Wish, wish_of
from smsgateway.settling.confirming import confirm
from smsgateway.store.numbers import EVERYBODY, OptIn, Suppression
from smsgateway.store.replies import is_stored
from smsgateway.store.stops import allow_marketing, stop_marketing

SECOND: Millis = 1_000
MINUTE: Millis = 60_000
OPT_OUT = "opt_out"  # the reason of a stop that a person asked for


@dataclass(frozen=True, slots=True)
class Answered:
    """A message that a reply may answer. `client`: whose it is; `message`: None if it is gone."""

    client: str
    message: Message | None

    @property
    def scope(self) -> str:
        """Whose marketing a stop in answer to this message is about (store/numbers.py)."""
        return (self.message.opt_out_scope if self.message else "") or self.client

    @property
    def advertises(self) -> bool:
        """True for marketing."""
        return self.message is not None and self.message.purpose == "marketing"

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


def whose_marketing(answered: Iterable[Answered]) -> Mapping[str, str | None]:
    """Whose marketing a reply is about: scopes, each with the signature that its newest message asked for.

    `answered`: what was sent to the person, the newest first. Nobody can say which of several advertisers a stop is
    meant for, so it is about all of them, and a password that came after them changes nothing. Where nobody advertised,
    it is about the newest message; where nothing was sent, about everybody's.
    """
    sent = list(answered)
    whose: dict[str, str | None] = {}
    for each in [each for each in sent if each.advertises] or sent[:1]:
        whose.setdefault(each.scope, each.signature)
    return whose or {EVERYBODY: None}


def obey(core: WakingCore, reply: Reply, wish: Wish, answered: Iterable[Answered], said_at: Millis) -> None:
    """Stop marketing, or let it go on, as a reply asks. `said_at`: when it was written, as far as that is known.

    `answered`: what was sent to the person through the reply's account, the newest first.
    """
    whose = whose_marketing(answered)
    if wish == "start":
        _let_go_on(core, reply, whose, said_at)
        return
    begun = []
    for scope, signature in whose.items():
        _, after = stop_marketing(core.table, reply.number, _stop_of(reply, scope, said_at), core.now())
        standing = after.stops.get(scope)
        if standing and standing.reply_id == reply.id:
            begun.append((standing, scope, signature))
    if begun:  # one text for all of them
        confirm(core, reply, *begun[0])


def _stop_of(reply: Reply, scope: str, said_at: Millis) -> Suppression:
    client, _, signature = scope.partition("#")
    return Suppression(
        at=said_at,
        reason=OPT_OUT,
        source="reply",
        reply_id=reply.id,
        account=reply.account,
        client="" if client == EVERYBODY else client,
        signature=signature,
        vendor=reply.vendor,
    )


def _let_go_on(core: WakingCore, reply: Reply, scopes: Iterable[str], said_at: Millis) -> None:
    """Undo the stops of some scopes, unless the reply has done that already, and a vendor has pushed it once more."""
    if is_stored(core.table, reply.id):
        return
    opt_in = OptIn(said_at, said_at, "reply", reply.id, reply.account, reply.vendor)
    for scope in scopes:
        allow_marketing(core.table, reply.number, scope, opt_in, core.now())
