"""What each status and each reason means, as the API's description has it (`GET /docs`, `GET /openapi.json`).

Only the description reads these sentences, so `send` does not load them.
"""

from collections.abc import Mapping

from smsgateway.model import Reason, Status

STATUSES: Mapping[Status, str] = {
    Status.SCHEDULED: "the recipient waits for the message's `send_at`, or for the end of quiet hours",
    Status.QUEUED: "the message waits to be sent to this recipient, or is being sent",
    Status.SUBMITTED: "the vendor took it; its report has not come",
    Status.UNCONFIRMED: "it may have reached the vendor, which gave no answer or an unclear one; a report settles it",
    Status.DELIVERED: "final: the phone has it, says the vendor; all segments of it",
    Status.UNDELIVERED: "final: it was sent and did not arrive",
    Status.REJECTED: "final: it was refused by the gateway, or by every account that was tried",
    Status.SUPPRESSED: "final: the number is suppressed, or over a cap; such numbers are among the `refused` of a post."
    " Or it opted out of marketing after that was accepted, and before it was sent",
    Status.EXPIRED: "final: `valid_for` passed before it was sent",
    Status.CANCELED: "final: you cancelled it before it was sent",
    Status.UNKNOWN: "final: no report that settles it came within the account's `report_window`, 72 hours by default;"
    " `vendor_status` is the last word that was heard",
}

REASONS: Mapping[Reason, str] = {
    Reason.INVALID_NUMBER: "not a number that can be sent to",
    Reason.LANDLINE: "a landline number (小灵通) that no account of the message takes",
    Reason.BLACKLISTED: "on a blacklist of the vendor or operator",
    Reason.SUPPRESSED: "suppressed in this gateway",
    Reason.TOO_FREQUENT: "this number got too many messages: by the caps of this gateway, where `until` says when there"
    " is room again, or as the vendor or operator counts",
    Reason.UNREACHABLE: "switched off, out of reach, or the number does not exist",
    Reason.VALIDITY_EXPIRED: "the operators gave up",
    Reason.NETWORK_REJECTED: "the operator's message centre refused it",
    Reason.NETWORK_FAILURE: "a route or gateway of the vendor or operator failed",
    Reason.SENSITIVE_CONTENT: "forbidden words",
    Reason.CONTENT_REFUSED: "an audit or a whitelist of contents refused it",
    Reason.CONTENT_TOO_LONG: "longer than the vendor takes",
    Reason.CONTENT_EMPTY: "no content",
    Reason.CONTENT_NOT_ENCODABLE: "a character or separator that the vendor's protocol cannot carry",
    Reason.SIGNATURE_REFUSED: "the signature is missing or not registered",
    Reason.TEMPLATE_REFUSED: "the template is missing, or its variables do not fit",
    Reason.EXTENSION_REFUSED: "the vendor does not take this extension",
    Reason.PARTS_MISSING: "parts of a long message were lost on the way",
    Reason.PARAMETER_REFUSED: "another field that the vendor does not take",
    Reason.CREDENTIALS_REFUSED: "the account's name or password was refused",
    Reason.BALANCE_EXHAUSTED: "no balance is left",
    Reason.ACCOUNT_CLOSED: "the account is closed, locked or expired",
    Reason.ADDRESS_REFUSED: "the vendor does not take calls from the gateway's address",
    Reason.SERVICE_REFUSED: "service code, product, permission, or an account that is configured no more",
    Reason.OUTSIDE_HOURS: "the vendor does not send at this hour",
    Reason.QUIET_HOURS: "marketing is not sent in the quiet hours of its route",
    Reason.BUSY: "the vendor was busy",
    Reason.TOO_FAST: "the vendor's pacing",
    Reason.NOT_REACHED: "no connection to the vendor could be made",
    Reason.AMBIGUOUS_ANSWER: "nobody can say whether the vendor took it",
    Reason.UNLISTED_CODE: "a code that the vendor's document does not explain",
    Reason.VALIDITY_PASSED: "the message's `valid_for` passed",
    Reason.CANCELED_BY_CLIENT: "your `DELETE`",
    Reason.NO_REPORT: "no final report came in time",
    Reason.REPORTS_UNDECIDED: "reports came, but decided nothing: they were of some parts of a long message only, or"
    " for a masked number that fits several recipients",
}

STATUS = """What became of one recipient.

`delivered` stands for good, but for the one case below. Any other final status gives way to `delivered` only. A report
that contradicts a final status is kept in the recipient's `history`, and changes nothing.

hbsmservice reports long messages part by part. Such a message is delivered when every part is, and undelivered with
the first part that is not. If the vendor reports more parts than the gateway counts, the vendor's number stands: a
message that was called `delivered`, because all counted parts were, is then `undelivered` after all when a further
part failed (or `unknown`, when nobody knows what became of that part). In no other case is `delivered` taken back."""

REASON = """Why a recipient has its status. The list is closed, so you may switch on it; `vendor_status` beside it is
the vendor's own code and text."""


def described_values() -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """By the name of its schema: what an enumeration is, and what each of its values means."""
    return {
        Status.__name__: (STATUS, {str(status): meaning for status, meaning in STATUSES.items()}),
        Reason.__name__: (REASON, {str(reason): meaning for reason, meaning in REASONS.items()}),
    }
