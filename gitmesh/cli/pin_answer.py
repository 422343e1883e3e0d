"""Text for the user about a requested pin or unpin."""

from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.output import emit_json
from gitmesh.json_shapes.pins import pin_answer_shape
from gitmesh.rendering.narration import narrate, short

if TYPE_CHECKING:
    from gitmesh.service.delivery.pin_request import PinAnswer


def show(answer: "PinAnswer", *, as_json: bool) -> int:
    """Print the result; return the exit code."""
    if as_json:
        emit_json(pin_answer_shape(answer))
    elif not answer.taken:
        what = short(answer.asked) if answer.asked else "the branch"
        click.echo(f"no server is running for this log: the next one to start serves {what}")
    else:
        click.echo(_words(answer))
    if not answer.taken:
        return exit_codes.PENDING
    return exit_codes.OK if answer.granted else exit_codes.REFUSED


def _words(answer: "PinAnswer") -> str:
    """Return the text about a request that a server has processed."""
    if answer.pin:
        return narrate(answer.pin)
    serving = f"serving {short(answer.serving)}" if answer.serving else "serving nothing yet"
    if answer.asked:
        return f"the server did not pin {short(answer.asked)}, see its log lines; {serving}"
    if answer.ended:
        return f"pin of {short(answer.ended.commit)} released; {serving}"
    return "nothing is pinned: the server serves the branch"
