"""``gitmesh pin``: break glass, and serve a commit whatever the branch says."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import MOMENT, examples, json_option, log_option, served_repo_option

if TYPE_CHECKING:
    from datetime import timedelta

    from events.store import EventReader
    from events.types import CommitId
    from gitmesh.settings import Settings


@click.command(
    "pin",
    short_help="Serve a fixed commit for a limited time, instead of the branch.",
    epilog=examples(
        "gitmesh pin a1b2c3d --repo shop.git --reason INC-7 --for 2h",
        'gitmesh pin "20 minutes ago" --repo shop.git --reason "carts fail" --for 30m',
    ),
)
@click.argument("commit", metavar=MOMENT)
@served_repo_option
@log_option
@click.option(
    "--reason", required=True, help="The reason; gitmesh status, log and push answers show it."
)
@click.option(
    "--for",
    "for_",
    required=True,
    metavar="TIME",
    help="Duration of the pin: 90s, 30m, 2h or 1d; at most seven days. The pin ends by itself.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    commit: str,
    repo: Path,
    log: Path | None,
    reason: str,
    for_: str,
    as_json: bool,
) -> None:
    """Make the server serve the mesh of an applied commit at once, instead of the branch.

    For emergencies. The mesh comes from the event log, so nothing has to be read from the
    repository. Pushes are still checked and logged, but are not served until gitmesh unpin or until
    the time is over. The event log records who pinned, why and until when. A pin survives a restart
    of the server. If no server runs, the pin takes effect when one starts (exit code 4).

    For a permanent change use gitmesh rollback.
    """
    from events.clock import utc_now
    from events.opening import open_for_reading
    from gitmesh.cli.pin_request import hand_over
    from gitmesh.inbox.pin_note import MOST_REASON, PinNote
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.queries.pins import pinnable
    from mesh.errors import UsageError

    settings: Settings = ctx.obj
    where = existing_log(repo, log or settings.log)
    length, said = _length(for_), " ".join(reason.split())[:MOST_REASON]
    if not said:
        raise UsageError(
            "--reason is empty", hint="say why: gitmesh status and gitmesh log show it"
        )
    with open_for_reading(where) as opened:
        meant = _meant(opened, commit, repo)
        pinnable(opened, meant)
    note = PinNote(commit=meant, until=utc_now() + length, reason=said)
    ctx.exit(hand_over(where, note, as_json=as_json))


def _meant(log: "EventReader", commit: str, repo: Path) -> "CommitId":
    """Return the commit that is meant: itself, or the one that was served at a position or time."""
    from events.clock import utc_now
    from gitmesh.queries.commits import beginning
    from gitmesh.queries.requested_moment import asked_seq
    from gitmesh.queries.timespec import parse_time
    from mesh.errors import UsageError

    state = log.state(asked_seq(log, commit, repo))
    by_time = parse_time(commit, utc_now()) is not None or (commit.isdigit() and len(commit) < 7)
    found = state.commit if by_time else state.tip
    if found is None:
        raise UsageError(f"no mesh was served at {commit!r}", hint=beginning(log))
    return found


def _length(text: str) -> "timedelta":
    import re
    from datetime import timedelta

    from gitmesh.queries.pins import LONGEST
    from mesh.errors import UsageError

    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    length = timedelta(**{units[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < length <= LONGEST:
        raise UsageError(
            f"--for {text!r} is not a valid duration of a pin", hint="write 90s, 30m, 2h or 1d"
        )
    return length
