"""What becomes of a pushed commit, read from the log while the pusher waits."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.codec import decode
from events.store import EventLog
from events.types import (
    Chain,
    CommitApplied,
    CommitId,
    CommitRejected,
    Event,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from gitmesh.narration import narrate, problem_lines, short
from gitmesh.output import milliseconds
from gitmesh.pins import pinned
from gitmesh.visible import visible
from mesh.errors import GitmeshError

NOTICED_S: Final = 2.0
"""A server takes notes several times a second: after this none is there."""
_LOOK_EVERY_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a commit has come."""

    applied: CommitApplied | None = None
    rejected: CommitRejected | None = None
    published: SnapshotPublished | None = None
    converged: SnapshotConverged | None = None
    refusals: tuple[SnapshotRejected, ...] = ()

    @property
    def ended(self) -> bool:
        """Tell whether nothing more is to be waited for."""
        return bool(self.rejected or self.converged or self.refusals)


def progress(mesh: Iterable[Event], delivery: Iterable[Event]) -> Progress:
    """Return how far a commit has come by the events that carry it, in their order. Pure.

    A commit that was served before, and is again, has come as far as its last time.
    """
    found = Progress()
    for event in mesh:
        match event:
            case CommitApplied():
                found = Progress(applied=event)
            case CommitRejected():
                found = Progress(rejected=event)
    for event in delivery:
        match event:
            case SnapshotPublished():
                found = Progress(found.applied, found.rejected, event)
            case SnapshotConverged():
                found = Progress(
                    found.applied, found.rejected, found.published, event, found.refusals
                )
            case SnapshotRejected():
                found = Progress(
                    found.applied,
                    found.rejected,
                    found.published,
                    found.converged,
                    (*found.refusals, event),
                )
    return found


def wait(log: EventLog, commit: CommitId, note: Path | None, within_s: float) -> list[str]:
    """Wait until the commit has reached the proxies, but not for long; return what is to be told.

    :param note: the file that the server removes when it has noticed the push.
    :raises GitmeshError: the log cannot be read.
    """
    began = time.monotonic()
    while True:
        found = _progress(log, commit)
        waited = time.monotonic() - began
        noticed = bool(found.applied or found.rejected or (note and not note.exists()))
        if found.applied and (pin := pinned(log)) and pin.commit != commit:
            return [f"gitmesh: applied, but serving is {narrate(pin)}: it waits behind that"]
        if found.ended or waited > within_s or (not noticed and waited > NOTICED_S):
            return told(found, noticed=noticed, waited_s=waited)
        time.sleep(_LOOK_EVERY_S)


def _progress(log: EventLog, commit: CommitId) -> Progress:
    mesh, delivery = (map(decode, log.about(commit, chain)) for chain in Chain)
    return progress(mesh, delivery)


def told(found: Progress, *, noticed: bool, waited_s: float) -> list[str]:
    """Return what a pusher is told. Pure."""
    if not noticed:
        return NO_SERVER
    if found.rejected is not None:
        lines = [f"gitmesh REFUSED {short(found.rejected.facts.commit)}; the mesh stays as it was"]
        return lines + [f"  {line}" for line in problem_lines(found.rejected.problems)]
    if found.refusals:
        return [line for refusal in found.refusals[:5] for line in _refused(refusal)]
    lines = _restores(found.applied)
    if found.converged is not None:
        return [*lines, _in_sync(found.converged)]
    if found.published is not None:
        many = f"not all of {_proxies(found.published.proxies)} in sync after {waited_s:.0f} s"
        return [*lines, f"gitmesh: {many}; gitmesh log will tell"]
    state = "applied, on its way to proxies" if found.applied else "noticed, not yet applied"
    return [*lines, f"gitmesh: {state} after {waited_s:.0f} s; what comes of it: gitmesh log"]


NO_SERVER: Final = ["gitmesh: no server follows this repository now; the next one to start will"]


def _restores(applied: CommitApplied | None) -> list[str]:
    if applied is None or applied.restores is None:
        return []
    return [f"gitmesh: the mesh is that of {short(applied.restores)} again"]


def _in_sync(event: SnapshotConverged) -> str:
    if not event.proxies:
        return "gitmesh: served; it concerns no proxy that is connected"
    took = event.timings.get("acked")
    after = f" after {milliseconds(took)}" if took is not None else ""
    return f"gitmesh: {event.proxies:,}/{_proxies(event.proxies)} in sync{after}"


def _proxies(number: int) -> str:
    return f"{number:,} {'proxy' if number == 1 else 'proxies'}"


def _refused(event: SnapshotRejected) -> list[str]:
    kind = event.type_url.rpartition(".")[2]
    return [
        visible(f"gitmesh: {event.node} REFUSED its {kind}s and goes on with what it had:"),
        f"  {visible(event.message)}",
    ]


def wait_on(path: Path, commit: CommitId, note: Path | None, within_s: float) -> list[str]:
    """Do as :func:`wait`, on a log that may not be there."""
    try:
        log = EventLog.read_only(path)
    except GitmeshError:
        return NO_SERVER
    try:
        return wait(log, commit, note, within_s)
    except GitmeshError as error:
        return [f"gitmesh: the event log cannot be read: {visible(error.message)}"]
    finally:
        log.close()
