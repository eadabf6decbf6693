"""What would happen to a post (`dry_run`): the accounts, their requests, and what recipients would read.

It holds texts and numbers: it goes back to the client who sent them, and nowhere else.
"""

from collections.abc import Sequence
from typing import Any

from smsgateway import queues
from smsgateway.calling.carriage import Carriage
from smsgateway.clock import iso
from smsgateway.model import Content, Message
from smsgateway.text import segments

SHOWN_CONTENTS = 10  # of a personalised message


def plan(message: Message, able: Sequence[Carriage], problems: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The accounts in order, each with what it would be asked, and those that cannot carry the message, with why."""
    return {
        "route": [_step(carriage) for carriage in able],
        "excluded": [{"account": name, "problem": problem} for name, problem in problems],
        "queue": "urgent" if queues.urgent(message) else "bulk",
        "valid_until": iso(message.valid_until),
    }


def _step(carriage: Carriage) -> dict[str, Any]:
    return {
        "account": carriage.account.name,
        "vendor": carriage.account.vendor,
        "requests": len(carriage.parts),
        "segments": carriage.segments_of(carriage.payload),
        "contents": [_content(number, content) for number, content in carriage.contents(SHOWN_CONTENTS)],
    }


def _content(number: str | None, content: Content) -> dict[str, Any]:
    template = content.template
    return {
        "to": number,
        "text": content.full,
        "segments": segments(content.full),
        "template": {"code": template.code, "params": list(template.values)} if template else None,
    }
