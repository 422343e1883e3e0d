"""``gitmesh demo``: watch a whole mesh follow git push and git revert, on this machine."""

import contextlib

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json


@click.command(
    "demo",
    short_help="Run a demo mesh with real Envoys.",
    epilog=examples("gitmesh demo", "gitmesh demo --stay", "gitmesh demo --json | jq .ok"),
)
@click.option("--stay", is_flag=True, help="Keep the mesh running at the end, to try things.")
@json_option
@click.pass_context
def command(ctx: click.Context, stay: bool, as_json: bool) -> None:
    """Run a small shop with real Envoys, and change its traffic by git push and git revert.

    The demo runs in a temporary folder and on loopback addresses, and cleans up afterwards. It
    exits with 0 only if every check passed; --json reports the measurements.
    """
    from gitmesh.demo.screen import Screen
    from gitmesh.demo.tour import tour
    from gitmesh.event_loop import StoppedBySignal, run_until_signal
    from gitmesh.json_shapes.repository import demo_shape

    try:
        report = run_until_signal(lambda: tour(Screen(to_stderr=as_json), stay=stay))
    except StoppedBySignal as stopped:
        with contextlib.suppress(OSError):  # its terminal may have been closed
            click.echo("\nstopped; nothing is left running", err=True)
        ctx.exit(exit_codes.OF_SIGNAL[stopped.number])
    if as_json:
        emit_json(demo_shape(report))
    ctx.exit(exit_codes.OK if report.ok else exit_codes.REFUSED)
