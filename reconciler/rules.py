"""By which rules commits are decided: those of this gitmesh, and those that decided a log.

The mesh chain is a function of git history and of the rules by which a commit becomes events. When
they change, what an older gitmesh logged may come out otherwise. So the log says, in the delivery
chain, from which position on other rules decide: the mesh chain itself may not depend on when
somebody upgraded. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from events.types import START, RulesChanged, Seq

RULES: Final = 2
"""The number of the rules here, raised by hand whenever some commit may come out otherwise: another
verdict, another spec or path, other problems or places of problems. Not for other words."""

FIRST: Final = 1
"""The rules of a log that does not say."""


class WrongRules(Exception):
    """What a log says of its rules cannot be."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbours in the mesh chain that the same rules decided; none when ``last < first``."""

    rules: int
    first: Seq
    last: Seq | None = None
    """None when they still decide."""
    ended: Seq | None = None
    """The position in the delivery chain that says so."""

    def holds(self, seq: int) -> bool:
        """Tell whether an event stands in it."""
        return self.first <= seq and (self.last is None or seq <= self.last)


def stretches(changes: Iterable[tuple[Seq, RulesChanged]], head: Seq) -> list[Stretch]:
    """Return the stretches of a mesh chain, in order: at least one, of which the last is open.

    :param changes: what the delivery chain says of rules, with the positions there.
    :param head: the last position of the mesh chain.
    :raises WrongRules: they contradict each other.
    """
    found = [Stretch(FIRST, Seq(START + 1))]
    for seq, change in changes:
        last = found[-1]
        if change.before != last.rules or not last.first - 1 <= change.mesh_seq <= head:
            raise WrongRules(
                f"event {seq} (RulesChanged) says that rules {change.before} decided up to "
                f"mesh event {change.mesh_seq}, which cannot be"
            )
        found[-1] = Stretch(last.rules, last.first, change.mesh_seq, seq)
        found.append(Stretch(change.after, Seq(change.mesh_seq + 1)))
    return found


def stretch_of(seq: int, among: Sequence[Stretch]) -> Stretch:
    """Return the stretch that an event of the mesh chain stands in."""
    return next(stretch for stretch in reversed(among) if stretch.holds(seq))
