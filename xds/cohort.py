"""Clients who went through the same stand where one another stand: it is worked out once. Pure.

A thousand proxies of one node ask for the same in the same order, are sent the same, and take it.
So their streams share one state, a *cohort*, and each step that one of them takes is remembered for
those who take it next. Whoever comes to rest joins those who rest at the same place, whatever the
ways there were; whoever goes a way of his own has a state of his own.
"""

from collections import deque
from collections.abc import Callable, Hashable
from math import inf
from typing import Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from xds.session_state import SessionState

T = TypeVar("T")

GRAIN: Final = 0.1
"""For how many seconds a step that was taken is the same step. Deadlines of a cohort are those of
its first: for the others they may be early by this much."""


class Step(NamedTuple):
    """What became of a cohort, once something had happened to it."""

    at: float
    to: "Cohort"
    result: object
    """What the state returned."""
    cause: object
    """What happened, where it is told from others by identity: kept, so that it stays itself."""


class Cohort:
    """A state that sessions share. It never changes while it is shared."""

    __slots__ = (
        "__weakref__", "_deadline",
        "born", "members", "quiet", "state", "steps", "taken", "wake_at",
    )  # fmt: skip

    def __init__(self, state: SessionState, now: float) -> None:
        self.state = state
        self.taken = False
        """Whether the last session took the state for itself."""
        self.born = now
        self.members = 0
        """How many sessions stand here."""
        self.quiet = state.quiet
        self.wake_at = state.wake_at
        self._deadline = inf if self.wake_at is None else self.wake_at
        self.steps: dict[Hashable, Step] = {}
        """What became of those who were here a moment ago."""

    def step(self, key: Hashable, now: float) -> Step | None:
        """Return what became of those to whom the same happened at this time."""
        step = self.steps.get(key)
        if step is None or step.to.taken or not step.at <= now <= step.at + GRAIN:
            return None
        # Nothing is the same before and after a deadline.
        return None if step.at < self._deadline <= now else step

    def lone(self, now: float) -> bool:
        """Whether one session stands here, and nobody is about to come the way that it came."""
        return self.members == 1 and now > self.born + GRAIN

    def take(self) -> SessionState:
        """Give the state to the only session that stands here."""
        self.taken = True
        self.steps.clear()
        return self.state


class Cohorts:
    """All cohorts of a server, and its nonces."""

    def __init__(self) -> None:
        self.nonces = 0
        """How many nonces have been given: streams that share a response share its nonce."""
        self._recent: deque[tuple[Cohort, Hashable, Step]] = deque()
        self._start: dict[Hashable, Cohort] = {}
        self._at_rest: WeakValueDictionary[Hashable, Cohort] = WeakValueDictionary()

    def start(self, kind: Hashable, make: Callable[[], SessionState], now: float) -> Cohort:
        """Return those to whom nothing has happened yet, of sessions of a kind."""
        found = self._start.get(kind)
        if found is None or found.taken:
            # One more member than it has: it is never anybody's own.
            found = self._start[kind] = Cohort(make(), now)
            found.members = 1
        return found

    def of(self, state: SessionState, now: float) -> Cohort:
        """Return those who stand where this state does, which from now on is not to change."""
        return self.at_rest(state, now) or Cohort(state, now)

    def at_rest(self, state: SessionState, now: float) -> Cohort | None:
        """Do as :meth:`of` does if nothing is under way; else return ``None``."""
        rest = state.rest()
        if rest is None:
            return None
        found = self._at_rest.get(rest)
        if found is None or found.taken:
            found = self._at_rest[rest] = Cohort(state, now)
        return found

    def remember(self, cohort: Cohort, key: Hashable, step: Step) -> None:
        """Let others take the same step from there, for a moment."""
        self.forget(step.at)
        cohort.steps[key] = step
        self._recent.append((cohort, key, step))

    def forget(self, now: float) -> None:
        """Let go of steps that nobody takes any more."""
        recent = self._recent
        while recent and recent[0][2].at + GRAIN < now:
            cohort, key, step = recent.popleft()
            if cohort.steps.get(key) is step:
                del cohort.steps[key]
