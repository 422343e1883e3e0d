"""Commits as lines of the log page. Pure, but for the log that is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from events.encoding.codec import decode
from events.types import CommitId, CommitRejected, Record
from gitmesh.console.shown_changes import Change, changes_of
from gitmesh.language import Words
from gitmesh.queries.commits import Effect, LoggedCommit, effect_of
from gitmesh.rendering.commit_lines import subject_of
from gitmesh.rendering.narration import narrate
from mesh.canonical import JsonObject

SHOWN_CHANGES: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A commit in short: what changed, who, why, and with what effect."""

    logged: LoggedCommit
    subject: str
    changes: tuple[Change, ...]
    effect: Effect

    @property
    def commit(self) -> CommitId:
        """Its id."""
        return self.logged.facts.commit

    @property
    def shown(self) -> tuple[Change, ...]:
        """Return the changes that its line names."""
        return self.changes[:SHOWN_CHANGES]

    @property
    def more(self) -> int:
        """Return the number of changes beyond those."""
        return max(0, len(self.changes) - SHOWN_CHANGES)

    @property
    def problems(self) -> tuple[JsonObject, ...]:
        """Return why it was rejected."""
        about = self.logged.about
        return about.problems if isinstance(about, CommitRejected) else ()


def entry_of(found: LoggedCommit) -> Entry:
    """Return a commit in short."""
    changes = changes_of(map(decode, found.records[1:]))
    return Entry(found, subject_of(found), changes, effect_of(found))


def sentences(record: Record, words: Words) -> tuple[str, ...]:
    """Return an event as lines, the first of which tells what happened."""
    return tuple(narrate(decode(record), words).split("\n"))


def by_day(entries: Iterable[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield each day (``2026-11-30``, in UTC) with its commits, in the order given."""
    for day, found in groupby(entries, key=lambda entry: entry.logged.at[:10]):
        yield day, list(found)
