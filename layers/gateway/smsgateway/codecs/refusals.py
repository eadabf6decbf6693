"""How a vendor's answer becomes text, and how its codes become refusals.

Tables of codes are open: a vendor answers codes that its document does not list. Such a code is no refusal, for nobody
can say whether the vendor acted on the request, and its text is kept.
"""

from collections.abc import Collection, Mapping

from smsgateway.codecs.charsets import bare, patched, shown, unmarked
from smsgateway.errors import DecodeError
from smsgateway.model import About, Account, Reason, Refused, ReportStatus, Response

# Of one address: each code with what it is about, our reason, and the document's own words for it.
type Codes = Mapping[str, tuple[About, Reason, str]]
# What a delivery report's word says; OTHER_WORDS of a vendor is what any word says that its document does not list.
type Fate = tuple[ReportStatus, Reason | None]
type Words = Mapping[str, Fate]

SIGNATURE = "signature"  # of the account's option `codes`: a refusal of the content because of its signature


def decode_text(data: bytes, charset: str) -> str:
    """A vendor's bytes as text, without a byte order mark. DecodeError if they are something else."""
    rest, marked = unmarked(data, charset)
    try:
        return rest.decode(marked)
    except UnicodeDecodeError:
        raise DecodeError(f"not {marked.upper()}", data) from None


def answer_text(response: Response, charset: str, *, damaged: bool = False, statuses: Collection[int] = (200,)) -> str:
    """The whole answer without what is only around it (`bare`). DecodeError if it is empty or of another HTTP status.

    `statuses`: those that the document gives the vendor's own answers; its requests name them too (`Request.statuses`).

    `damaged`: bytes that are none of its charset are no error, but U+FFFD, where codes and ids are checked on their
    own, and what is left is only shown.
    """
    if response.status not in statuses:
        raise DecodeError(f"HTTP status {response.status}", response.body)
    text = shown(patched(*unmarked(response.body, charset))) if damaged else decode_text(response.body, charset)
    text = bare(text)
    if not text:
        raise DecodeError("an empty answer", response.body)
    return text


def refusal(codes: Codes, account: Account, code: str, text: str = "") -> Refused:
    """What a code says at the address the table belongs to; `text` is what the vendor itself added to it.

    A code that is not listed, or only vaguely (About.UNLISTED), is not known to be a refusal until the account's
    option `codes` says what it is about.
    """
    about, reason, meaning = codes.get(code, (About.UNLISTED, Reason.UNLISTED_CODE, ""))
    if about is About.UNLISTED:
        said = account.options.codes.get(code, About.UNLISTED)
        about, reason = (About.CONTENT, Reason.SIGNATURE_REFUSED) if said == SIGNATURE else (About(said), reason)
    return Refused(about, reason, " ".join(part for part in dict.fromkeys((code, meaning, text)) if part))
