"""One submission as its vendor's request, and the vendor's answer as a value: by the codec that its account names."""

from datetime import datetime

from smsgateway.codecs import VENDORS, bounded
from smsgateway.model import Accepted, Account, Refused, Request, Response, Submission


def encode(account: Account, submission: Submission, now: datetime, nonce: str, *, personalised: bool) -> Request:
    """The vendor's request. `now` (with zone) and `nonce` (20 digits) go into the signatures of some vendors.

    `personalised`: each number has a content of its own. Raises EncodeError for what the vendor's protocol cannot say.
    """
    vendor = VENDORS[account.vendor]
    if personalised and vendor.batch:
        return vendor.batch.encode_batch(account, submission, now, nonce)
    return vendor.send.encode_send(account, submission, now, nonce)


def decode(account: Account, submission: Submission, response: Response, *, personalised: bool) -> Accepted | Refused:
    """The vendor's answer to that request, with words of bounded length. Raises DecodeError for what is no answer."""
    vendor = VENDORS[account.vendor]
    if personalised and vendor.batch:
        answer = vendor.batch.decode_batch(account, submission, response)
    else:
        answer = vendor.send.decode_send(account, submission, response)
    return bounded.answered(answer, len(submission.numbers))
