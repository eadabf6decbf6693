"""What would happen to a post (`dry_run`): the accounts, their requests, and what recipients would read.

It holds texts and numbers: it goes back to the client who sent them, and nowhere else.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from smsgateway import queues
from smsgateway.calling import encoding
from smsgateway.clock import iso
from smsgateway.config.settings import Settings
from smsgateway.model import Account, Content, Message, Payload
from smsgateway.text import segments

SHOWN_CONTENTS = 10  # of a personalised message


def plan(message: Message, settings: Settings, payload: Payload, problems: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The accounts in order, each with what it would be asked, and those that cannot carry the message, with why."""
    return {
        "route": [_step(message, settings.accounts[name], payload) for name in message.route],
        "excluded": [{"account": name, "problem": problem} for name, problem in problems],
        "queue": "urgent" if queues.urgent(message) else "bulk",
        "valid_until": iso(message.valid_until),
    }


def _step(message: Message, account: Account, payload: Payload) -> dict[str, Any]:
    return {
        "account": account.name,
        "vendor": account.vendor,
        "requests": len(encoding.divide(account, payload)),
        "segments": sum(encoding.segments_of(message, account, payload).values()),
        "contents": list(_contents(message, account, payload)),
    }


def _contents(message: Message, account: Account, payload: Payload) -> Iterator[dict[str, Any]]:
    """The one content of all, or those of the first recipients."""
    if message.content:
        yield _content(None, encoding.content_for(message, account, message.content))
    for number, personal in zip(payload.numbers, payload.contents[:SHOWN_CONTENTS], strict=False):
        yield _content(number, encoding.content_for(message, account, personal))


def _content(number: str | None, content: Content) -> dict[str, Any]:
    template = content.template
    return {
        "to": number,
        "text": content.full,
        "segments": segments(content.full),
        "template": {"code": template.code, "params": list(template.values)} if template else None,
    }
