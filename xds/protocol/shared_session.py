"""Sharing of session state between clients with equal history. Pure.

A thousand proxies of one node subscribe to the same resources in the same order and give the same
answers. Their sessions share one state, and each transition that one of them makes is cached for
the others. When a session comes to rest, it shares its state with all sessions in an equal state,
whatever their history. A session that differs gets its own state.
"""

from collections import deque
from collections.abc import Callable, Hashable
from math import inf
from typing import Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from xds.protocol.session_state import SessionState

T = TypeVar("T")

GRAIN: Final = 0.1
"""Seconds for which a cached transition is reused. Deadlines in a shared state are those of its
first session, so for other sessions they may be early by this much."""


class Step(NamedTuple):
    """A cached transition from one shared state to another."""

    at: float
    to: "SharedState"
    result: object
    """Return value of the transition."""


class SharedState:
    """A state that several sessions share. It never changes while it is shared."""

    __slots__ = (
        "__weakref__", "_deadline",
        "born", "members", "quiet", "state", "steps", "taken", "wake_at",
    )  # fmt: skip

    def __init__(self, state: SessionState, now: float) -> None:
        self.state = state
        self.taken = False
        """True if the last session took the state as its own."""
        self.born = now
        self.members = 0
        """Number of sessions in this state."""
        self.quiet = state.quiet
        self.wake_at = state.wake_at
        self._deadline = inf if self.wake_at is None else self.wake_at
        self.steps: dict[Hashable, Step] = {}
        """Recent transitions from this state, by cause."""

    def step(self, key: Hashable, now: float) -> Step | None:
        """Return the cached transition for this cause, if it is still valid."""
        step = self.steps.get(key)
        if step is None or step.to.taken or not step.at <= now <= step.at + GRAIN:
            return None
        # Transitions before and after a deadline differ.
        return None if step.at < self._deadline <= now else step

    def lone(self, now: float) -> bool:
        """Return whether only one session is in this state and no cached transition leads to it."""
        return self.members == 1 and now > self.born + GRAIN

    def take(self) -> SessionState:
        """Give the state to its only session."""
        self.taken = True
        self.steps.clear()
        return self.state


class SharedStates:
    """All shared states of a server, and its nonce counter."""

    def __init__(self) -> None:
        self.nonces = 0
        """Number of nonces given so far; streams that share a response share its nonce."""
        self._recent: deque[tuple[SharedState, Hashable, Step]] = deque()
        self._start: dict[Hashable, SharedState] = {}
        self._at_rest: WeakValueDictionary[Hashable, SharedState] = WeakValueDictionary()

    def start(self, kind: Hashable, make: Callable[[], SessionState], now: float) -> SharedState:
        """Return the shared initial state for sessions of a kind."""
        found = self._start.get(kind)
        if found is None or found.taken:
            # Count one member too many, so that no session takes this state as its own.
            found = self._start[kind] = SharedState(make(), now)
            found.members = 1
        return found

    def of(self, state: SessionState, now: float) -> SharedState:
        """Return a shared state for this state, which must not change from now on."""
        return self.at_rest(state, now) or SharedState(state, now)

    def at_rest(self, state: SessionState, now: float) -> SharedState | None:
        """Return a shared state like :meth:`of`, or ``None`` if a response is in flight."""
        rest = state.rest()
        if rest is None:
            return None
        found = self._at_rest.get(rest)
        if found is None or found.taken:
            found = self._at_rest[rest] = SharedState(state, now)
        return found

    def remember(self, shared: SharedState, key: Hashable, step: Step) -> None:
        """Cache a transition from a shared state."""
        self.forget(step.at)
        shared.steps[key] = step
        self._recent.append((shared, key, step))

    def forget(self, now: float) -> None:
        """Drop expired transitions."""
        recent = self._recent
        while recent and recent[0][2].at + GRAIN < now:
            shared, key, step = recent.popleft()
            if shared.steps.get(key) is step:
                del shared.steps[key]
