"""Answer to the pusher after the push: the delivery of the commit, while the pusher waits."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from events.opening import open_for_reading
from events.store import EventReader
from events.types import (
    CLOCK_BEHIND,
    OF_STREAMS,
    CommitApplied,
    SnapshotConverged,
    SnapshotRejected,
)
from gitmesh.inbox.ref_update import Move
from gitmesh.push.convergence import Progress, progress
from gitmesh.queries.pins import pinned
from gitmesh.rendering.amounts import milliseconds, proxies
from gitmesh.rendering.narration import narrate, problem_lines, served_after_pin_words, short
from gitmesh.safe_text import visible
from mesh.errors import GitmeshError

if TYPE_CHECKING:
    from gitmesh.queries.refusal_locations import RefusalLocation
    from reconciler.git.repository import GitRepository

NOTICED_S: Final = 2.0
"""Time after which an unread note means that no server is running: a server reads notes several
times a second."""
_LOOK_EVERY_S: Final = 0.02


def no_server(log: Path) -> list[str]:
    """Return the answer if no server is running; ``log`` is where a server would write."""
    return [
        "gitmesh: no server is running for this repository; the push takes effect when one starts",
        visible(f"  hint: no server writes {log.resolve()}; if yours uses another log"),
        "        (gitmesh serve --log FILE), run: gitmesh hooks REPOSITORY --log FILE",
    ]


def answer(
    path: Path,
    move: Move,
    note: Path | None,
    within_s: float,
    repo: "GitRepository | None" = None,
) -> list[str]:
    """Wait, for a bounded time, until the pushed commit has reached the proxies.

    Returns the answer. The log may not exist.

    :param note: the file that the server removes when it has seen the push.
    :param repo: the repository, for the location of refused specs.
    """
    try:
        log = open_for_reading(path)
    except GitmeshError:
        return no_server(path)
    try:
        return _wait(log, move, note, within_s, repo) or no_server(path)
    except GitmeshError as error:
        return [f"gitmesh: the event log cannot be read: {visible(error.message)}"]
    finally:
        log.close()


def _wait(
    log: EventReader, move: Move, note: Path | None, within_s: float, repo: "GitRepository | None"
) -> list[str]:
    commit = move.after
    if commit is None:
        return []
    began = time.monotonic()
    while True:
        found = progress(log, commit, move.before)
        waited = time.monotonic() - began
        taken = note is None or not note.exists()
        noticed = bool(found.applied or found.rejected or (note and taken))
        if found.applied and (pin := pinned(log)) and pin.commit != commit:
            return [f"gitmesh: applied, but {served_after_pin_words(pin)}"]
        patient = waited <= NOTICED_S
        # That nobody is there is the word of a server, which may be gone itself.
        idle = found.idle and (taken or not patient)
        if not (noticed or patient):
            return []
        if found.ended or idle or waited > within_s:
            lines = told(found, waited, lambda refusal: _culprits(log, repo, refusal))
            return lines if found.applied or found.rejected else lines + _obstacles(log)
        time.sleep(_LOOK_EVERY_S)


def _obstacles(log: EventReader) -> list[str]:
    """Return the reasons why the server does not read the commit, as far as they are logged."""
    unrelated = OF_STREAMS | {CLOCK_BEHIND}
    found = (event for _, event in log.fleet().degraded() if event.reason not in unrelated)
    return [visible(f"  {narrate(event)}") for event in found]


def _culprits(
    log: EventReader, repo: "GitRepository | None", refusal: SnapshotRejected
) -> "Iterable[RefusalLocation]":
    # Imported late: no proxy refuses most pushes, and the hook has to start fast.
    from gitmesh.queries.refusal_locations import RefusalLocations

    return RefusalLocations(log, repo).of(refusal)


def told(
    found: Progress,
    waited_s: float,
    locations: "Callable[[SnapshotRejected], Iterable[RefusalLocation]]" = lambda _: (),
) -> list[str]:
    """Return the answer for a push that a server has processed.

    ``locations`` returns the specs that caused a refusal.
    """
    if found.rejected is not None:
        lines = [f"gitmesh REFUSED {short(found.rejected.facts.commit)}; the mesh stays as it was"]
        return lines + [f"  {line}" for line in problem_lines(found.rejected.problems)]
    if found.refusals:
        return [
            line for refusal in found.refusals[:5] for line in _refused(refusal, locations(refusal))
        ]
    return [*_restores(found.applied), f"gitmesh: {_state(found, waited_s)}"]


def _state(found: Progress, waited_s: float) -> str:
    if found.connected == 0:
        return "applied; no proxy is connected"
    if found.converged is not None:
        return _in_sync(found.converged, _unchanged(found))
    if found.in_force and found.connected is not None:
        return f"applied; {found.connected:,}/{proxies(found.connected)} in sync"
    if found.published is not None:
        many = f"not all of {proxies(found.published.proxies)} in sync after {waited_s:.0f} s"
        return f"{many}{_unchanged(found)}; see gitmesh log"
    state = (
        "applied, not yet offered to proxies"
        if found.applied
        else "received by the server, not yet applied"
    )
    return f"{state} after {waited_s:.0f} s; see gitmesh log"


def _restores(applied: CommitApplied | None) -> list[str]:
    # A branch that moves back to a commit restores nothing but that commit itself.
    restored = None if applied is None else applied.restores
    if applied is None or restored is None or restored == applied.facts.commit:
        return []
    return [f"gitmesh: the mesh is that of {short(restored)} again"]


def _in_sync(event: SnapshotConverged, unchanged: str) -> str:
    if not event.proxies:
        return f"served{unchanged or '; it affects no connected proxy'}"
    took = event.timings.get("acked")
    after = f" after {milliseconds(took)}" if took is not None else ""
    return f"{event.proxies:,}/{proxies(event.proxies)} in sync{after}{unchanged}"


def _unchanged(found: Progress) -> str:
    """Return text about affected proxies without a new configuration."""
    if found.published is None or not found.published.unchanged:
        return ""
    return f"; nothing is new for {proxies(found.published.unchanged)} that it affects"


def _refused(event: SnapshotRejected, locations: "Iterable[RefusalLocation]") -> list[str]:
    from gitmesh.queries.refusal_locations import hint

    kind = event.type_url.rpartition(".")[2]
    return [
        visible(f"gitmesh: {event.node} REFUSED its {kind}s and keeps its previous configuration:"),
        f"  {visible(event.message)}",
        *(visible(f"  {each.place}: {each.key}") for each in locations),
        f"  hint: {hint(event)}",
    ]
