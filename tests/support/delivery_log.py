"""A delivery tracker with time and events in the hands of a test."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from events.publication import Publication
from events.state import MeshState
from events.types import CommitId, DeliveryEvent, Seq, ServerStarted
from xds.delivery.delivery_tracker import DeliveryTracker
from xds.delivery.recorder import Recorder
from xds.delivery.stream_facts import Fact

MS = 1_000_000
ONE, TWO = 1, 2


@dataclass
class Timing:
    """A timer that a test fires."""

    delay_s: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class DeliveryLog:
    """The tracker of these servers, which have started with commit ``c0``."""

    def __init__(self, *servers: int) -> None:
        self._servers = servers
        self._told: list[DeliveryEvent] = []
        told = self._told

        class Telling(Recorder):
            def record(self, events: Iterable[DeliveryEvent]) -> None:
                told.extend(events)

        self.timers: list[Timing] = []
        self.now_ns = 0
        self.tracker = DeliveryTracker(
            Telling(lambda batch: None), self._later, lambda: self.now_ns
        )
        self.begin(1, "c0", moved=None)
        [started] = self.taken()
        assert isinstance(started, ServerStarted), "first of all that a server tells"

    def _later(self, delay_s: float, call: Callable[[], None]) -> Timing:
        timer = Timing(delay_s, call)
        self.timers.append(timer)
        return timer

    def pass_time(self, delay_s: float) -> list[DeliveryEvent]:
        """Fire every timer with at most this delay; return the events that follow."""
        due = [timer for timer in self.timers if timer.delay_s <= delay_s]
        self.timers = [timer for timer in self.timers if timer.delay_s > delay_s]
        for timer in due:
            if not timer.cancelled:
                timer.call()
        return self.taken()

    def begin(
        self,
        seq: int,
        commit: str,
        moved: int | None = 0,
        seen: int | None = None,
        planned: int | None = None,
    ) -> None:
        state = MeshState(Seq(seq), CommitId(commit), CommitId(commit))
        published = Publication(state, moved_ns=moved, seen_ns=seen, planned_ns=planned)
        self.tracker.begin(published, servers=self._servers)

    def tell(self, server: int, *facts: Fact) -> list[DeliveryEvent]:
        """Report facts of a server; return the events that follow."""
        for fact in facts:
            self.tracker.report(fact, server)
        return self.taken()

    def taken(self) -> list[DeliveryEvent]:
        """Return the events since the last call."""
        taken = self._told[:]
        self._told.clear()
        return taken
