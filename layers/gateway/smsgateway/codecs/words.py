"""What the word of a delivery report says, whichever vendor passes it on.

Operators' gateways speak SMPP and CMPP, and vendors hand their words through. So the words of those protocols stand
here once; a vendor's own table goes before them, and the account's option `words` before both. Words are compared
trimmed, in capitals and in their narrow form, because platforms spell them as they like.
"""

import re
import unicodedata
from typing import NamedTuple

from smsgateway.codecs.answers import Fate, Words
from smsgateway.model import Account, Reason, ReportStatus

# SMPP 3.4, section 5.2.28 and appendix B; CMPP 2.0 and 3.0, the field Stat of a report.
SHARED_WORDS: Words = {
    "DELIVRD": (ReportStatus.DELIVERED, None),
    "EXPIRED": (ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
    "DELETED": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    "UNDELIV": (ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
    "REJECTD": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    "ACCEPTD": (ReportStatus.PENDING, None),
    "ENROUTE": (ReportStatus.PENDING, None),
    "UNKNOWN": (ReportStatus.UNKNOWN, None),
}
# What the account's option `words` may say of a word: it was delivered, it is still under way, or why it failed.
MEANINGS: Words = {
    "delivered": (ReportStatus.DELIVERED, None),
    "pending": (ReportStatus.PENDING, None),
} | {
    reason.value: (ReportStatus.UNDELIVERED, reason)
    for reason in (
        Reason.INVALID_NUMBER,
        Reason.BLACKLISTED,
        Reason.TOO_FREQUENT,
        Reason.UNREACHABLE,
        Reason.VALIDITY_EXPIRED,
        Reason.NETWORK_REJECTED,
        Reason.NETWORK_FAILURE,
        Reason.SENSITIVE_CONTENT,
        Reason.CONTENT_REFUSED,
        Reason.SIGNATURE_REFUSED,
        Reason.TEMPLATE_REFUSED,
        Reason.BUSY,
    )
}
# `MA:0001`, `CB:0010`, `ID:0076`: which gateway on the way gave up, and its own figure. All of them say that it did,
# and no table says why; so they settle the recipient, and never cause a second text.
OPERATOR_CODE: Fate = (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE)

_OPERATOR_CODE = re.compile("[A-Z]{2}:[0-9A-Z]{1,8}")


class Heard(NamedTuple):
    """What a word says, and whether a table lists it. A word that none lists says nothing for certain."""

    status: ReportStatus
    reason: Reason | None
    listed: bool


def folded(word: str) -> str:
    """A word as tables have it: without the blanks around it, narrow, in capitals."""
    return (word if word.isascii() else unicodedata.normalize("NFKC", word)).strip().upper()


def heard(account: Account, word: str, words: Words, others: Fate) -> Heard:
    """What a vendor's word says. `words`: its own table; `others`: what its document says of all words but those."""
    said = folded(word)
    if said in account.options.words:
        return Heard(*MEANINGS[account.options.words[said]], listed=True)
    for table in (words, SHARED_WORDS):
        if said in table:
            return Heard(*table[said], listed=True)
    return Heard(*(OPERATOR_CODE if _OPERATOR_CODE.fullmatch(said) else others), listed=False)
