"""File beside the log with what a running server sees of its shifts, for commands."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gitmesh.access.file_replacement import replace_file
from gitmesh.shifts.decision import Action, Do
from gitmesh.shifts.gate import GateResult, Verdict
from gitmesh.shifts.status import ShiftStatus
from mesh.canonical import JsonObject, as_object

STALE_S: Final = 5.0
"""Age from which the file counts as left by a server that has ended."""
_WRITE_EVERY_S: Final = 1.0
_MOST_BYTES: Final = 4 * 1024 * 1024


class StatusFile:
    """Writes the file. While nothing changes, once a second."""

    def __init__(self, log: Path, now: Callable[[], float] = time.time) -> None:
        self._path = status_path(log)
        self._now = now
        self._written = ""
        self._at = 0.0

    def write(self, found: Sequence[ShiftStatus]) -> None:
        """Write the status of all shifts.

        :raises OSError: the file cannot be written.
        """
        running = [each for each in found if each.action.do is not Do.FINISHED]
        text = json.dumps({each.shift.name: _body(each) for each in running})
        now = self._now()
        if text == self._written and (not running or now < self._at + _WRITE_EVERY_S):
            return
        replace_file(self._path, json.dumps({"at": now, "shifts": json.loads(text)}))
        self._written, self._at = text, now


def status_path(log: Path) -> Path:
    """Return the path of the file for the server that writes a log."""
    return log.with_name(f"{log.name}.shifts.json")


def read_status(log: Path, now: float) -> dict[str, tuple[str, Action, Sequence[GateResult]]]:
    """Return what a running server sees: last commit, next action and results, by shift.

    Empty if no server has written it lately.
    """
    try:
        with status_path(log).open(encoding="utf-8") as file:
            body = as_object(json.loads(file.read(_MOST_BYTES)))
        at, shifts = body["at"], as_object(body["shifts"])
        if not isinstance(at, int | float) or now - at > STALE_S:
            return {}
        return {name: _read(as_object(each)) for name, each in shifts.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _body(status: ShiftStatus) -> JsonObject:
    action = status.action
    return {
        "last": status.progress.last,
        "do": action.do.value,
        "reason": status.error or action.reason,
        "step": action.step,
        "share": action.share,
        "until": None if action.until is None else str(action.until),
        "results": [[each.gate, each.verdict.value, each.words] for each in status.results],
    }


def _read(body: JsonObject) -> tuple[str, Action, Sequence[GateResult]]:
    until, results = body["until"], body["results"]
    action = Action(
        Do(str(body["do"])),
        str(body["reason"]),
        int(str(body["step"])),
        int(str(body["share"])),
        None if until is None else float(str(until)),
    )
    listed = results if isinstance(results, list) else []
    found = [
        GateResult(str(each[0]), Verdict(str(each[1])), str(each[2]))
        for each in listed
        if isinstance(each, list)
    ]
    return str(body["last"]), action, found
