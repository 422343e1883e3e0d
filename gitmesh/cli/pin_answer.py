"""What became of a request for a pin, shown to the person who asked."""

from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.output import emit_json
from gitmesh.json_shapes.pins import pin_answer_shape
from gitmesh.rendering.narration import narrate, short

if TYPE_CHECKING:
    from gitmesh.service.delivery.pin_request import PinAnswer


def show(answer: "PinAnswer", *, as_json: bool) -> int:
    """Show the answer; return the exit code."""
    if as_json:
        emit_json(pin_answer_shape(answer))
    elif not answer.taken:
        what = short(answer.asked) if answer.asked else "the branch"
        click.echo(f"no server is running for this log: the next one to start serves {what}")
    elif answer.pin:
        click.echo(narrate(answer.pin))
    else:
        click.echo("nothing is pinned: the server serves the branch")
    if not answer.taken:
        return exit_codes.PENDING
    return exit_codes.OK if answer.granted else exit_codes.REFUSED
