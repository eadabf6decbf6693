"""What the control API may change while the simulators run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Settings:
    report_delay: float = 0.3  # seconds from acceptance to the report
    reply_delay: float = 0.3  # seconds from the report to a magic reply
    late_delay: float = 5.0  # seconds, for numbers that end in 9101
    time_scale: float = 1.0  # of the pause between two tries of a push
    timeout_scale: float = 1.0  # of the time a push has for its answer
    pacing_scale: float = 1.0  # of every pacing interval; 0 switches pacing off
    clock_offset: float = 0.0  # seconds the simulators' clock is ahead of the machine's
    magic: bool = True  # whether the last four digits of a number decide its fate
    forbidden_word: str = "违禁词"  # a text with it is refused where the document has a code for that
    push_concurrency: int = 4  # pushes at a time by account and kind (infocloud: always one)
    infocloud_push_page: int = 100
    hbsmservice_sub_seq: str = "segments"  # segments: 1…n for a long message; whole: one report with 0
    hbsmservice_inbound_ext: str = "extension"  # or access_number: the whole number, extension included
    qixintong_ids: str = "per_number"  # or batch: one id for all
    qixintong_reads: str = "all"  # or query: as the document shows it, and nothing of a body
    qixintong_inbound_separator: str = ";"  # or "," as in the document's example


CHOICES: Mapping[str, tuple[str, ...]] = {
    "hbsmservice_sub_seq": ("segments", "whole"),
    "hbsmservice_inbound_ext": ("extension", "access_number"),
    "qixintong_ids": ("per_number", "batch"),
    "qixintong_reads": ("all", "query"),
    "qixintong_inbound_separator": (";", ","),
}


def changed(settings: Settings, document: Mapping[str, Any]) -> Settings:
    """The settings with some values replaced; ValueError names an unknown one or a wrong type."""
    known = {field.name: getattr(settings, field.name) for field in fields(settings)}
    for name, value in document.items():
        if name not in known:
            raise ValueError(f"{name}: unknown; known are {', '.join(known)}")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name}: one of {', '.join(CHOICES[name])}")
        expected: tuple[type, ...] = (int, float) if isinstance(known[name], float) else (type(known[name]),)
        if not isinstance(value, expected):
            raise ValueError(f"{name}: expected {expected[-1].__name__}")  # noqa: TRY004 - one error for all
    return replace(settings, **document)
