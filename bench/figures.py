"""Figures: what was measured, in which unit, and the bar it is held to."""

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
    """What is asked of it: ``< 3``, ``> 100,000``; empty where it is only told."""

    @property
    def holds(self) -> bool:
        """Whether the number meets its bar."""
        if not self.bar:
            return True
        sign, limit = self.bar.split()
        wanted = float(limit.replace(",", ""))
        return self.value < wanted if sign == "<" else self.value > wanted


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as lines for a terminal."""
    lines = []
    for figure in figures:
        bar = f"{'ok  ' if figure.holds else 'MISS'} {figure.bar}" if figure.bar else ""
        lines.append(f"{figure.what:<64} {figure.value:>12,.2f} {figure.unit:<12} {bar}".rstrip())
    return "\n".join(lines)


def as_json(figures: Iterable[Figure]) -> str:
    """Return the figures for a machine."""
    return json.dumps([{**asdict(figure), "holds": figure.holds} for figure in figures], indent=2)
