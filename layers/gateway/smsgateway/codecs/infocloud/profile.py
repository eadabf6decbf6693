"""What is fixed of infocloud: credentials, options, addresses, limits, pacing."""

from collections.abc import Mapping
from types import MappingProxyType

from smsgateway.codecs.base import Profile

SIGN_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "HmacMD5": "md5",
        "HmacSHA1": "sha1",
        "HmacSHA224": "sha224",
        "HmacSHA256": "sha256",
        "HmacSHA384": "sha384",
        "HmacSHA512": "sha512",
    }
)

PROFILE = Profile(
    credentials=("api_key", "access_key"),
    push_credentials=("api_key",),  # beside the account's own, while it changes: a push carries nothing else
    options=frozenset(
        {"ack", "sign_method", "free_text_template", "free_text_signature", "access_number", "figures_tolerance"}
    ),
    paths=MappingProxyType(
        {
            "send": "/message/send",
            "batch": "/message/sendBatch",
            "report_poll": "/sms/arriveRes/qry",  # the Java demo's `sms/arrive/qry` is not the published SDK's
            "balance": "/sms/residueValue/qry",
            "statistics": "/sms/send/statistics",
            "health": "/health/info",
        }
    ),
    recipients=1000,
    batch=500,  # "1000" in 批量发送, "500" in the Java demo
    needs_template=True,
    sign_methods=tuple(SIGN_METHODS),
    # Receipts: once a minute is advised. Queries: "三次" a minute, stricter than 15 s for the balance and four a
    # minute for the statistics.
    pace=MappingProxyType({"report_poll": 60.0, "balance": 20.0, "statistics": 20.0}),
)
