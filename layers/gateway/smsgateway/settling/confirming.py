"""The text that confirms an opt-out, once, where the account that the reply came to has one.

It is an ordinary post, of the purpose `notice`: whoever has stopped marketing gets it, and whom an administrator has
suppressed does not.
"""

from random import Random

from smsgateway.accepting.accept import accept
from smsgateway.accepting.acceptor import Acceptor
from smsgateway.accepting.post import Post, Refusal
from smsgateway.core import WakingCore
from smsgateway.model import ADMINISTRATOR, Client, Reply
from smsgateway.store.numbers import Suppression


def confirm(core: WakingCore, reply: Reply, stop: Suppression, scope: str, signature: str | None) -> None:
    """Post the confirmation of a stop that a reply has just begun, if its account has one.

    Its key is made of the reply's id, so that a reply that comes again posts nothing twice. `signature`: of the message
    that the reply answers. A refusal is told to the log alone: the stop holds all the same.
    """
    account = core.settings().accounts.get(reply.account)
    if account is None or account.options.opt_out_confirmation is None:
        return
    post = Post(
        purpose="notice",
        to=(reply.number,),
        text=account.options.opt_out_confirmation,
        signature=stop.signature or signature,
        account=account.name,
        opt_out_scope=scope,
        idempotency_key=f"confirms {reply.id}",
        body_hash=reply.id,  # the account's text may have changed by the time that the reply comes again
    )
    # The gateway's own text: a client's rights, and its segments of the day, are about what the client posts.
    name = stop.client or ADMINISTRATOR.name
    try:
        accept(_acceptor(core, reply.id), Client(name, ADMINISTRATOR.role), post)
    except Refusal as refusal:
        core.warn(f"an opt-out was not confirmed: {refusal.title}", reply.id)


def _acceptor(core: WakingCore, reply: str) -> Acceptor:
    """What accepting works with. The message's id follows from its key: nothing that is random here decides on it."""
    return Acceptor(
        table=core.table,
        settings=core.settings,
        now=core.now,
        retention=core.retention,
        wake_ups=core.wake_ups,
        random=Random(reply),  # noqa: S311  # nosec B311
        warn=core.warn,
    )
