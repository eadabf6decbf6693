"""The vendors. Adding one touches its module, one line here, its simulator, its cases and a README row."""

from collections.abc import Mapping
from types import MappingProxyType

from smsgateway.codecs import hbsmservice, heji, infocloud, langyu, qixintong
from smsgateway.codecs.base import Vendor

__all__ = ["VENDORS", "hbsmservice", "heji", "infocloud", "langyu", "qixintong"]

VENDORS: Mapping[str, Vendor] = MappingProxyType(
    {
        "hbsmservice": Vendor(
            send=hbsmservice,
            balance=hbsmservice,
            batch=hbsmservice,
            report_poll=hbsmservice,
            inbound_poll=hbsmservice,
            report_push=hbsmservice,
            inbound_push=hbsmservice,
        ),
        "infocloud": Vendor(
            send=infocloud,
            balance=infocloud,
            batch=infocloud,
            report_poll=infocloud,
            report_push=infocloud,
            inbound_push=infocloud,
            statistics=infocloud,
            health=infocloud,
        ),
        "langyu": Vendor(send=langyu, balance=langyu, report_push=langyu, inbound_push=langyu),
        "qixintong": Vendor(send=qixintong, balance=qixintong, report_poll=qixintong, inbound_poll=qixintong),
        "heji": Vendor(send=heji, balance=heji, report_push=heji, inbound_push=heji),
    }
)
