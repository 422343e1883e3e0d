"""Request of a pin or release from a command, and its result."""

import time
from pathlib import Path
from typing import Final

import click

from events.opening import open_for_reading
from gitmesh.cli import exit_codes
from gitmesh.cli.output import emit_json
from gitmesh.inbox.pin_note import PinNote
from gitmesh.inbox.spool import pins
from gitmesh.queries.pins import pin_json, pinned
from gitmesh.rendering.narration import narrate, short

TAKEN_S: Final = 3.0
"""Wait for the server, which checks several times a second."""


def hand_over(log: Path, note: PinNote, *, as_json: bool) -> int:
    """Leave a note for the server, wait until it is taken, and show the result; return the exit
    code.

    :raises SpoolUnavailable: no note can be left.
    """
    path = pins(log).put(note.line())
    deadline = time.monotonic() + TAKEN_S
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    taken = not path.exists()
    with open_for_reading(log) as opened:
        pin = pinned(opened)
    if as_json:
        emit_json({"taken": taken, "asked": note.commit, "pinned": pin_json(pin)})
    elif not taken:
        what = short(note.commit) if note.commit else "the branch"
        click.echo(f"no server is running for this log: the next one to start serves {what}")
    else:
        click.echo(narrate(pin) if pin else "nothing is pinned: the server serves the branch")
    if not taken:
        return exit_codes.PENDING
    # Somebody else may have asked for something else a moment later; or the server could not.
    return exit_codes.OK if (pin.commit if pin else None) == note.commit else exit_codes.REFUSED
