"""What would happen to a post (`dry_run`): the accounts, their requests, and what recipients would read.

It holds texts and numbers: it goes back to the client who sent them, and nowhere else.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from smsgateway import queues
from smsgateway.accepting.acceptor import Routed
from smsgateway.accepting.idempotency import answer_to
from smsgateway.accepting.template_slips import slips
from smsgateway.accepting.timing import postponed
from smsgateway.calling.carriage import Carriage
from smsgateway.calling.signatures import KnownState, SignatureStates
from smsgateway.clock import iso
from smsgateway.model import Content
from smsgateway.text import segments

SHOWN_CONTENTS = 10  # of a personalised message
SHOWN_SIGNATURES = 20  # of an account's, each by carrier


def answer_to_dry_run(routed: Routed) -> dict[str, Any]:
    """The body of the answer to a dry run: that of a post, and its plan. It has no id, for nothing is stored."""
    return answer_to(routed.message, routed.draft.recipients) | {"id": None, "dry_run": True, "plan": _plan(routed)}


def _plan(routed: Routed) -> dict[str, Any]:
    """The accounts in order, each with what it would be asked, and those that cannot carry the message, with why."""
    message, template = routed.message, routed.draft.template
    return {
        "route": [_step(carriage, routed.states) for carriage in routed.carriages],
        "excluded": [{"account": name, "problem": problem} for name, problem in routed.problems],
        "queue": "urgent" if queues.urgent(message) else "bulk",
        "postponed": postponed(message),
        "valid_until": iso(message.valid_until),
        "warnings": slips(template.text) if template else [],
        "examined": routed.examined,
    }


def _step(carriage: Carriage, states: SignatureStates) -> dict[str, Any]:
    """What one account would be asked."""
    return {
        "account": carriage.account.name,
        "vendor": carriage.account.vendor,
        "requests": len(carriage.parts),
        "segments": carriage.segments_of(carriage.payload),
        "signatures": [_signature(each) for each in islice(_known(carriage, states), SHOWN_SIGNATURES)],
        "contents": [_content(number, content) for number, content in carriage.contents(SHOWN_CONTENTS)],
    }


def _known(carriage: Carriage, states: SignatureStates) -> Iterator[KnownState]:
    """The states of the message's signatures with an account and the carriers of its numbers, where one is known."""
    return filter(None, states.of_message(carriage.account.name, carriage.signatures))


def _signature(known: KnownState) -> dict[str, Any]:
    """The state of one signature with one carrier."""
    return {"signature": known.place.signature, "carrier": known.place.carrier, "state": known.state}


def _content(number: str | None, content: Content) -> dict[str, Any]:
    """What one recipient would read, or all if `number` is None."""
    template = content.template
    return {
        "to": number,
        "text": content.full,
        "segments": segments(content.full),
        "template": {"code": template.code, "params": list(template.values)} if template else None,
    }
