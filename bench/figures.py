"""Figures: what was measured, in which unit, beside what, and the bar it is held to."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a run."""

    what: str
    value: float
    unit: str
    bar: str = ""
    """What is asked of it: ``< 3``, ``> 100,000``; empty where it is only told. Of a figure that
    stands beside another it is asked of their ratio."""
    beside: float | None = None
    """The same of the limit server or of another, measured in the same run by turns."""
    other: str = "limit"
    """What that other is."""

    @property
    def ratio(self) -> float | None:
        """How many times the limit server's it is."""
        return self.value / self.beside if self.beside else None

    @property
    def holds(self) -> bool:
        """Whether the number meets its bar."""
        if not self.bar:
            return True
        sign, limit = self.bar.split()
        wanted = float(limit.replace(",", ""))
        value = self.value if self.ratio is None else self.ratio
        return value < wanted if sign == "<" else value > wanted


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as lines for a terminal."""
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
    """Return the figures for a machine."""
    found = [{**asdict(f), "ratio": f.ratio, "holds": f.holds} for f in figures]
    return json.dumps(found, indent=2)
