"""Note of a refused push from its hook to the server. Pure."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Final

from events.types import CommitId, PushRefused
from gitmesh.inbox.push_note import PushNote
from gitmesh.inbox.pusher import Pusher, bounded
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.refusal_reason import RefusalReason
from mesh.canonical import JsonObject

MOST_PROBLEMS: Final = 5
MOST_TEXT: Final = 200
MOST_COMMITS: Final = 10
MOST_BYTES: Final = 16 * 1024
"""Maximum size of a note. Usual notes are smaller; a longer one is written without some push
options and problems."""
_TEXTS: Final = ("path", "where", "code", "message", "hint", "severity")


@dataclass(frozen=True, slots=True)
class RefusedNote:
    """Note of a pre-receive hook for the server about a push that it refuses."""

    push: PushNote
    reason: str
    commits: tuple[str, ...] = ()
    """The commits with errors, oldest first, up to a limit."""
    problems: tuple[JsonObject, ...] = ()
    more_problems: int = 0

    @classmethod
    def of(
        cls,
        move: Move,
        pusher: Pusher,
        reason: RefusalReason,
        *,
        commits: Iterable[CommitId] = (),
        problems: Iterable[JsonObject] = (),
        problem_count: int = 0,
    ) -> "RefusedNote":
        """Return the note of one refused push; long texts are shortened."""
        shown = tuple(map(_short, islice(problems, MOST_PROBLEMS)))
        return cls(
            PushNote.of(move, pusher),
            reason.value,
            tuple(islice(commits, MOST_COMMITS)),
            shown,
            max(0, problem_count - len(shown)),
        )

    @classmethod
    def unchecked(cls, move: Move, pusher: Pusher, why: str) -> "RefusedNote":
        """Return the note of a push that could not be checked."""
        problem: JsonObject = {"code": "unchecked", "message": why, "severity": "error"}
        return cls.of(move, pusher, RefusalReason.UNCHECKED, problems=[problem], problem_count=1)

    def line(self) -> bytes:
        """Return the note in its file form, with at most :data:`MOST_BYTES`."""
        note = self
        while len(text := note._text()) > MOST_BYTES:
            note = note._shorter()
        return text

    def _text(self) -> bytes:
        told = {
            "push": asdict(self.push),
            "reason": self.reason,
            "commits": self.commits,
            "problems": self.problems,
            "more_problems": self.more_problems,
        }
        return json.dumps(told, ensure_ascii=False).encode()

    def _shorter(self) -> "RefusedNote":
        if self.push.options:
            return replace(self, push=self.push.shorter())
        return replace(self, problems=self.problems[:-1], more_problems=self.more_problems + 1)

    def event(self, account: str, unrecorded: int = 0) -> PushRefused:
        """Return the note as an event; ``account`` is the system user who left it."""
        push = self.push
        return PushRefused(
            ref=push.ref,
            after=CommitId(push.after or ""),
            before=None if push.before is None else CommitId(push.before),
            pusher=push.pusher,
            via=push.via,
            account=account,
            claimed=push.claimed,
            options=push.options,
            omitted=push.omitted,
            reason=self.reason,
            commits=tuple(map(CommitId, self.commits)),
            problems=self.problems,
            more_problems=self.more_problems,
            unrecorded=unrecorded,
        )


def _short(problem: JsonObject) -> JsonObject:
    """Return a problem with shortened texts."""
    texts: JsonObject = {name: bounded(str(problem.get(name, "")), MOST_TEXT) for name in _TEXTS}
    line = problem.get("line")
    return {**texts, "line": line if isinstance(line, int) else 0}
