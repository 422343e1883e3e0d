"""Numbers of validation rules: the current ones, and those that decided the events of a log.

The mesh chain is a function of git history and of the rules that turn a commit into events. When
rules change, commits that an older gitmesh logged may have another result. So the delivery chain
records the position from which other rules decide. The mesh chain itself must not depend on the
time of an upgrade. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from events.types import START, RulesChanged, Seq

RULES: Final = 5
"""Number of the current rules. Increase it by hand whenever a commit may have another result:
another verdict, spec, path, problem or position of a problem. Changed wording does not count."""

FIRST: Final = 1
"""Number of the rules if a log declares none."""


class WrongRules(Exception):
    """The log's declarations of rules contradict each other."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive mesh chain positions decided by the same rules; empty if ``last < first``."""

    rules: int
    first: Seq
    last: Seq | None = None
    """Last position; None if these rules still decide."""
    ended: Seq | None = None
    """Position in the delivery chain of the event that ends the stretch."""

    def holds(self, seq: int) -> bool:
        """Return whether a position is in this stretch."""
        return self.first <= seq and (self.last is None or seq <= self.last)


def stretches(changes: Iterable[tuple[Seq, RulesChanged]], head: Seq) -> list[Stretch]:
    """Return the stretches of a mesh chain, in order; at least one, the last one open.

    :param changes: declarations in the delivery chain, with their positions.
    :param head: the last position of the mesh chain.
    :raises WrongRules: the declarations contradict each other.
    """
    found = [Stretch(FIRST, Seq(START + 1))]
    for seq, change in changes:
        last = found[-1]
        if change.before != last.rules or not last.first - 1 <= change.mesh_seq <= head:
            raise WrongRules(
                f"event {seq} (RulesChanged) says that rules {change.before} decided up to mesh "
                f"event {change.mesh_seq}, which is impossible"
            )
        found[-1] = Stretch(last.rules, last.first, change.mesh_seq, seq)
        found.append(Stretch(change.after, Seq(change.mesh_seq + 1)))
    return found


def stretch_of(seq: int, among: Sequence[Stretch]) -> Stretch:
    """Return the stretch that contains a position of the mesh chain."""
    return next(stretch for stretch in reversed(among) if stretch.holds(seq))
