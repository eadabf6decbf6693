"""The one table: what was measured, beside its goal."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One measure. `most` and `least` are its goal; without them it is only shown."""

    what: str
    value: float | str
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def verdict(self) -> str:
        if (self.most is None and self.least is None) or isinstance(self.value, str):
            return ""
        fits = (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)
        return "ok" if fits else "missed"

    @property
    def goal(self) -> str:
        if self.most is None:
            return ""
        return f"{self.least:.2f} to {self.most:.2f}" if self.least is not None else f"≤ {_shown(self.most, self.unit)}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}


def _shown(value: float | str, unit: str) -> str:
    if isinstance(value, str):
        figures = value
    else:
        figures = f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"
    return figures + (unit if unit == "×" else f" {unit}" if unit else "")


def markdown(rows: Iterable[Row]) -> str:
    """The table as README.md beside this file has it."""
    lines = ["| what | measured | goal | |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.what} | {_shown(row.value, row.unit)} | {row.goal} | {row.verdict} |" for row in rows]
    return "\n".join(lines)
