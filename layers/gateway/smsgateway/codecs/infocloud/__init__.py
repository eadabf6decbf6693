"""infocloud, 经分助手 短信服务接口: signed JSON over HTTPS, templates only (manual: "短信服务接口对接帮助手册").

Section names in this package's comments are the manual's own headings; it has no numbers.

    profile.py     what is fixed: credentials, addresses, limits, pacing
    signing.py     a signed request
    reading.py     an answer: its JSON, and its code
    sending.py     messages to many numbers, and personalised ones
    incoming.py    delivery reports and replies, polled and pushed
    receipts.py    the records of delivery reports, parsed
    figures.py     balance, statistics, health
"""

from smsgateway.codecs.infocloud.figures import (
    decode_balance,
    decode_health,
    decode_statistics,
    encode_balance,
    encode_health,
    encode_statistics,
)
from smsgateway.codecs.infocloud.incoming import (
    OTHER_WORDS,
    REPORT_WORDS,
    acknowledgement,
    decode_inbound_push,
    decode_report_poll,
    decode_report_push,
    encode_report_poll,
    failure,
    verify_push,
)
from smsgateway.codecs.infocloud.profile import PROFILE, SIGN_METHODS
from smsgateway.codecs.infocloud.reading import CLOCK_CODES, CODES
from smsgateway.codecs.infocloud.sending import CONTENT_LIMIT, decode_batch, decode_send, encode_batch, encode_send
from smsgateway.codecs.infocloud.signing import DEFAULT_SIGN_METHOD, signature, string_to_sign

__all__ = [
    "CLOCK_CODES",
    "CODES",
    "CONTENT_LIMIT",
    "DEFAULT_SIGN_METHOD",
    "OTHER_WORDS",
    "PROFILE",
    "REPORT_WORDS",
    "SIGN_METHODS",
    "acknowledgement",
    "decode_balance",
    "decode_batch",
    "decode_health",
    "decode_inbound_push",
    "decode_report_poll",
    "decode_report_push",
    "decode_send",
    "decode_statistics",
    "encode_balance",
    "encode_batch",
    "encode_health",
    "encode_report_poll",
    "encode_send",
    "encode_statistics",
    "failure",
    "signature",
    "string_to_sign",
    "verify_push",
]
