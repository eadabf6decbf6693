"""What the word of a delivery report says, whichever vendor passes it on.

Operators' gateways speak SMPP and CMPP, and vendors hand their words through. So the words of those protocols stand
here once; a vendor's own table goes before them, and the account's option `words` before both. Words are compared
trimmed, in capitals and in their narrow form, because platforms spell them as they like.
"""

import re
import unicodedata
from typing import NamedTuple

from smsgateway.codecs.charsets import AROUND
from smsgateway.codecs.refusals import Fate, Words
from smsgateway.model import Account, Reason, ReportStatus

# SMPP 3.4: the seven letters of appendix B, which are also what CMPP 2.0 and 3.0 have in the field Stat, and the names
# of section 5.2.28 in full. Then the blacklists of vendors' platforms, of which tables of operators' codes agree
# (cnblogs.com/yhdkzy/p/4238029.html).
SHARED_WORDS: Words = {
    "DELIVRD": (ReportStatus.DELIVERED, None),
    "DELIVERED": (ReportStatus.DELIVERED, None),
    "EXPIRED": (ReportStatus.UNDELIVERED, Reason.VALIDITY_EXPIRED),
    "DELETED": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    "UNDELIV": (ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
    "UNDELIVERABLE": (ReportStatus.UNDELIVERED, Reason.UNREACHABLE),
    "REJECTD": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    "REJECTED": (ReportStatus.UNDELIVERED, Reason.NETWORK_REJECTED),
    "MBBLACK": (ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
    "DBBLACK": (ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
    "DTBLACK": (ReportStatus.UNDELIVERED, Reason.BLACKLISTED),
    "ACCEPTD": (ReportStatus.PENDING, None),
    "ACCEPTED": (ReportStatus.PENDING, None),
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
# Which gateway on the way gave up, and its own figure. China Mobile's (blog.csdn.net/qqxinxi/article/details/2138114):
# CA and CB from the SCP, DA and DB from the DSMP, IA to ID from the next ISMG, MA to MN from the SMSC. CJ, HD, NP and
# others are of platforms before it (anxin163.com/news_view.asp?id=78); some leave the colon out, as in `MI00020`
# (support.huaweicloud.com/devg-iotcom/iotcom_04_0303.html). CMPP, SMGP and SGIP, with a number, are the protocols of
# China Mobile, China Telecom and China Unicom. All of them are failures. About what a figure means, published tables
# contradict each other: MA:0001 is a blacklist in one, and all of MA are lost connections in another. So they settle
# the recipient, for a reason that holds for all, and never cause a second text. A figure of zeros says nothing.
OPERATOR_CODE: Fate = (ReportStatus.UNDELIVERED, Reason.NETWORK_FAILURE)

_OPERATOR_CODE = re.compile(
    "(?:[A-Z]{2}|(?:CMPP|SMGP|SGIP|SMPP)(?:ERR)?):(?!0*$)-?[0-9A-Z]{1,8}|(?:CJ|[CDHIM][A-Z])(?!0*$)[0-9]{2,6}"
)


class HeardWord(NamedTuple):
    """What a word says, and whether a table lists it. A word that none lists says nothing for certain."""

    status: ReportStatus
    reason: Reason | None
    listed: bool


def folded(word: str) -> str:
    """A word as tables have it: without the blanks around it, narrow, in capitals."""
    return (word if word.isascii() else unicodedata.normalize("NFKC", word)).strip(AROUND).upper()


def heard(account: Account, word: str, words: Words, others: Fate) -> HeardWord:
    """What a vendor's word says. `words`: its own table; `others`: what its document says of all words but those."""
    said = folded(word)
    if said in account.options.words:
        return HeardWord(*MEANINGS[account.options.words[said]], listed=True)
    for table in (words, SHARED_WORDS):
        if said in table:
            return HeardWord(*table[said], listed=True)
    return HeardWord(*(OPERATOR_CODE if _OPERATOR_CODE.fullmatch(said) else others), listed=False)
