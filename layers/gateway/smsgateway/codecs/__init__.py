"""The vendors. Adding one touches its module, a function and a line here, its simulator, its cases and a README row.

A vendor's module is loaded when the vendor is first asked for: a company has contracts with few of them.

    base.py           what a vendor's module offers: the capabilities, and its profile
    refusals.py       a vendor's answer as text, and its codes as refusals
    words.py          what the word of a delivery report says, whichever vendor passes it on
    forms.py          form requests and pushes, checks before encoding
    records.py        the records of a page, read one by one
    numbers.py        numbers as vendors write them
    times.py          times as vendors write them
    charsets.py       which charset an account writes in, and how its vendor's bytes are read
    xml.py            XML as flat records
    tolerant_json.py  JSON as vendors write it
    bounded.py        what a vendor says, cut to what an item of the table holds
    <vendor>          a vendor's protocol: a module, or a folder if it is large
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from smsgateway.codecs.base import Vendor

__all__ = ["VENDORS"]


@cache
def _hbsmservice() -> Vendor:
    from smsgateway.codecs import hbsmservice

    return Vendor(
        send=hbsmservice,
        balance=hbsmservice,
        batch=hbsmservice,
        report_poll=hbsmservice,
        inbound_poll=hbsmservice,
        report_push=hbsmservice,
        inbound_push=hbsmservice,
    )


@cache
def _infocloud() -> Vendor:
    from smsgateway.codecs import infocloud

    return Vendor(
        send=infocloud,
        balance=infocloud,
        batch=infocloud,
        report_poll=infocloud,
        report_push=infocloud,
        inbound_push=infocloud,
        statistics=infocloud,
        health=infocloud,
    )


@cache
def _langyu() -> Vendor:
    from smsgateway.codecs import langyu

    return Vendor(send=langyu, balance=langyu, report_push=langyu, inbound_push=langyu)


@cache
def _qixintong() -> Vendor:
    from smsgateway.codecs import qixintong

    return Vendor(send=qixintong, balance=qixintong, report_poll=qixintong, inbound_poll=qixintong)


@cache
def _heji() -> Vendor:
    from smsgateway.codecs import heji

    return Vendor(send=heji, balance=heji, report_push=heji, inbound_push=heji)


class _Vendors(Mapping[str, Vendor]):
    """By name; only what is looked up is loaded."""

    def __init__(self, **loaders: Callable[[], Vendor]) -> None:
        self._loaders = loaders

    def __getitem__(self, name: str) -> Vendor:
        return self._loaders[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    def __len__(self) -> int:
        return len(self._loaders)


VENDORS: Mapping[str, Vendor] = _Vendors(
    hbsmservice=_hbsmservice, infocloud=_infocloud, langyu=_langyu, qixintong=_qixintong, heji=_heji
)
