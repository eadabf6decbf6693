"""Magic numbers: the last four digits of a number decide what becomes of its message.

The table is in README.md. Numbers that begin with 199 are never magic, for broadcasts over long ranges.
"""

from dataclasses import dataclass
from typing import Literal

type Outcome = Literal["delivered", "failed", "pending", "delivered-other"]
type Part = Literal["all", "last-fails", "last-missing"]

PLAIN_PREFIX = "199"


@dataclass(frozen=True)
class ReportStep:
    """A report at `after` report delays (`late`: at the setting `late_delay` instead)."""

    outcome: Outcome = "delivered"
    index: int = 0  # into the vendor's table of failures; beyond its end: an unlisted status
    after: float = 1.0
    late: bool = False
    part: Part = "all"
    prefix: str = ""  # of the number, as the vendor writes it


@dataclass(frozen=True)
class Reply:
    """A reply; `order` picks its parts (1-based) at vendors that push parts, () for one plain text."""

    text: str
    order: tuple[int, ...] = ()
    times: int = 1
    raw: bool = False
    prefix: str = ""  # of the number, as the vendor writes it


@dataclass(frozen=True)
class Fate:
    name: str
    reports: tuple[ReportStep, ...] = (ReportStep(),)
    reply: Reply | None = None
    rejected: Literal["", "invalid", "blacklisted"] = ""
    first_account_only: bool = False  # any other account that sends to the number afterwards delivers


DELIVERED = Fate("delivered")
LONG_REPLY = "".join(f"第{n:02d}句：这是一条很长的回复，会分成几段到达。" for n in range(1, 9))  # three parts of 67

FATES: dict[int, Fate] = {
    9100: Fate("no-report", ()),
    9101: Fate("late", (ReportStep(late=True),)),
    9102: Fate("duplicate", (ReportStep(), ReportStep(after=1.5), ReportStep(after=2.0))),
    9103: Fate("pending-then-delivered", (ReportStep("pending"), ReportStep(after=2.0))),
    9104: Fate("delivered-then-failed", (ReportStep(), ReportStep("failed", after=2.0))),
    9105: Fate("failed-then-delivered", (ReportStep("failed"), ReportStep(after=2.0))),
    9106: Fate("at-once", (ReportStep(after=0.0),)),
    9107: Fate("last-segment-fails", (ReportStep(part="last-fails"),)),
    9108: Fate("delivered-other", (ReportStep("delivered-other"),)),
    9109: Fate("last-segment-missing", (ReportStep(part="last-missing"),)),
    9110: Fate("failed-at-first", (ReportStep("failed", -1),), first_account_only=True),
    9111: Fate("report-86", (ReportStep(prefix="86"),)),
    9112: Fate("report-plus-86", (ReportStep(prefix="+86"),)),
    9200: Fate("reply", reply=Reply("收到，谢谢")),
    9201: Fate("opt-out", reply=Reply("TD")),
    9202: Fate("opt-out", reply=Reply("退订")),
    9203: Fate("long-reply", reply=Reply(LONG_REPLY, (3, 1, 2))),
    9204: Fate("long-reply-repeated", reply=Reply(LONG_REPLY, (2, 2, 1, 3))),
    9205: Fate("long-reply-incomplete", reply=Reply(LONG_REPLY, (1, 3))),
    9206: Fate("reply-separators", reply=Reply("a|b;c,d#@#e<f>&g'h\"i")),
    9207: Fate("reply-empty", reply=Reply("")),
    9208: Fate("reply-twice", reply=Reply("再来一次", times=2)),
    9209: Fate("reply-raw", reply=Reply("5<6 & 7>6", raw=True)),
    9210: Fate("opt-out-86", reply=Reply("TD", prefix="86")),
    9211: Fate("opt-out-plus-86", reply=Reply("退订", prefix="+86")),
    # langyu cannot refuse single numbers: it reports these, as REJECT and MBBLACK
    9300: Fate("rejected", (ReportStep("failed", 2),), rejected="invalid"),
    9301: Fate("blacklisted", (ReportStep("failed", 0),), rejected="blacklisted"),
}


def fate_of(number: str, *, magic: bool = True) -> Fate:
    """What becomes of a message to `number`."""
    ending = number[-4:]
    if not magic or number.startswith(PLAIN_PREFIX) or not (ending.isascii() and ending.isdigit()):
        return DELIVERED
    value = int(ending)
    if 9000 <= value < 9100:
        return Fate(f"failed-{value - 9000}", (ReportStep("failed", value - 9000),))
    return FATES.get(value, DELIVERED)
