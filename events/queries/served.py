"""Commits that were applied and never served: of a push of several only the last one is."""

from typing import Final

from events.sqlite.reading import LogReading
from events.types import CommitId

OF_SERVING: Final = (
    "SnapshotPublished",
    "SnapshotConverged",
    "SnapshotDelayed",
    "SnapshotRejected",
    "ProxyConnected",
    "ProxiesSettled",
    "ServingPinned",
)
"""Kinds whose commit is one that was served."""


def served_instead_of(log: LogReading, commit: CommitId) -> CommitId | None:
    """Return the commit that took the place of an applied one before it was served.

    None where it was served, where it may be next, and where no server wrote the log.
    """
    kinds = ", ".join("?" * len(OF_SERVING))
    told = log.ask(
        'SELECT 1 FROM delivery_events WHERE "commit" = ? '  # noqa: S608
        f"AND kind IN ({kinds}) LIMIT 1",
        commit,
        *OF_SERVING,
    )
    return None if told else _passed_over_by(log, commit)


def _passed_over_by(log: LogReading, commit: CommitId) -> CommitId | None:
    applied = log.ask(
        "SELECT c.seq, e.at FROM commits c JOIN mesh_events e ON e.seq = c.seq "
        "WHERE c.\"commit\" = ? AND c.outcome = 'applied' ORDER BY c.seq",
        commit,
    )
    starts = log.ask("SELECT at FROM delivery_events WHERE kind = 'ServerStarted'")
    found = None
    for seq, at in applied if starts else ():
        later = log.ask(
            'SELECT c."commit", e.at FROM commits c JOIN mesh_events e ON e.seq = c.seq '
            "WHERE c.seq > ? AND c.outcome = 'applied' ORDER BY c.seq LIMIT 1",
            seq,
        )
        # The newest snapshot at a server's start is served, but not published again.
        if not later or any(str(at) <= str(start) < str(later[0][1]) for (start,) in starts):
            return None
        found = CommitId(str(later[0][0]))
    return found
