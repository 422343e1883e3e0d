"""Measured figures: value, unit, comparison and bar."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a run."""

    what: str
    value: float
    unit: str
    bar: str = ""
    """Requirement: ``< 3``, ``> 100,000``; empty for information only. If there is a comparison,
    the requirement applies to the ratio."""
    beside: float | None = None
    """The same figure of the limit server or another one, measured in turns in the same run."""
    other: str = "limit"
    """Name of the comparison."""

    @property
    def ratio(self) -> float | None:
        """The figure divided by that of the comparison."""
        return self.value / self.beside if self.beside else None

    @property
    def holds(self) -> bool:
        """True if the figure meets its bar."""
        if not self.bar:
            return True
        sign, limit = self.bar.split()
        wanted = float(limit.replace(",", ""))
        value = self.value if self.ratio is None else self.ratio
        return value < wanted if sign == "<" else value > wanted


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table for a terminal."""
    lines = []
    for figure in figures:
        bar = f"{'ok  ' if figure.holds else 'MISS'} {figure.bar}" if figure.bar else ""
        beside = ""
        if figure.ratio is not None:
            beside = f"{figure.other} {figure.beside:>9,.2f}  {figure.ratio:.2f} times"
        line = f"{figure.what:<58} {figure.value:>12,.2f} {figure.unit:<9} {beside:<31} {bar}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def as_json(figures: Iterable[Figure]) -> str:
    """Return the figures as JSON."""
    found = [{**asdict(f), "ratio": f.ratio, "holds": f.holds} for f in figures]
    return json.dumps(found, indent=2)
