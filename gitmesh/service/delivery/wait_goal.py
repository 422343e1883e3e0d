"""Goal of ``gitmesh wait``: the value of ``--for``. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from mesh.errors import UsageError

STAGES: Final = ("applied", "published", "converged")
_ACKED: Final = re.compile(r"acked=([1-9][0-9]?|100)%")


@dataclass(frozen=True, slots=True)
class Goal:
    """The goal: a stage of delivery, or a percentage of proxies."""

    stage: str
    """``applied``, ``published`` or ``converged``."""
    percent: int = 100
    """Percentage of proxies that must acknowledge a commit for ``converged``."""

    def __str__(self) -> str:
        return self.stage if self.percent == 100 else f"acked={self.percent}%"


def parse_goal(text: str) -> Goal:
    """Parse the value of ``--for``; ``acked=100%`` is ``converged``.

    :raises UsageError: the text is invalid.
    """
    if acked := _ACKED.fullmatch(text):
        return Goal("converged", int(acked[1]))
    if text in STAGES:
        return Goal(text)
    if text.startswith("acked"):
        hint = "acked takes a whole percentage from 1 to 100: acked=50%"
    else:
        hint = f"one of {', '.join(STAGES)}, acked=N%"
    raise UsageError(f"cannot wait for {text!r}", hint=hint)
