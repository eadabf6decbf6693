"""The signatures of the accounts document: an account's own, and how each is filed (报备)."""

import re
from collections.abc import Collection
from types import MappingProxyType
from typing import cast, get_args

from smsgateway.config.settings import Filing, FilingState
from smsgateway.config.strict_json import Node
from smsgateway.rules.carriers import ANY_CARRIER, CARRIERS
from smsgateway.unseen import marks, named, trimmed

SIGNATURE_LIMIT = 20  # characters


def own_signature(node: Node) -> str:
    """An account's own signature, which may be empty: then it has none."""
    return signature(node) if node.any_text() else ""


def signature(node: Node) -> str:
    """A signature, without the blanks around it."""
    text = Node(node.path, trimmed(node.any_text())).text(SIGNATURE_LIMIT)
    if re.search(r"[【】\[\]]", text):
        raise node.wrong("must be without brackets: they are added")
    if unseen := marks(text):
        raise node.wrong(f"must not contain {named(unseen)}, which no eye sees")
    return text


def parse_signatures(node: Node, accounts: Collection[str]) -> dict[str, Filing]:
    """How signatures are filed, as far as the document says. `accounts`: the names of its accounts.

    Raises ConfigurationError for a signature that stands there twice, an account that there is not, and a carrier that
    an account has two states for.
    """
    filings: dict[str, Filing] = {}
    for item in node.items():
        fields = item.fields(["signature", "filing"])
        name = signature(fields["signature"])
        if name in filings:
            raise fields["signature"].wrong("stands here twice: put its filing into one entry")
        filings[name] = _filing(fields["filing"], accounts)
    return filings


def _filing(node: Node, accounts: Collection[str]) -> Filing:
    states: dict[tuple[str, str], FilingState] = {}
    for item in node.items():
        fields = item.fields(["account", "carrier", "state"])
        account = fields["account"].any_text()
        if account not in accounts:
            raise fields["account"].wrong("no account has this name")
        carrier = fields["carrier"].one_of([ANY_CARRIER, *CARRIERS])
        if (account, carrier) in states:
            raise fields["carrier"].wrong("this account has a state for this carrier already")
        states[account, carrier] = cast("FilingState", fields["state"].one_of(get_args(FilingState)))
    return MappingProxyType(states)
