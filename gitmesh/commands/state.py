"""``gitmesh state``: the mesh as the log tells it, now or at any moment of its history."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.options import examples, json_option, log_option
from gitmesh.output import emit_json

if TYPE_CHECKING:
    from events.state import MeshState
    from events.store import EventLog
    from gitmesh.settings import Settings
    from mesh.keys import ResourceKey


@click.command(
    "state",
    short_help="Show the specs in effect, now or at any moment.",
    epilog=examples(
        "gitmesh state --repo shop.git",
        "gitmesh state --repo shop.git mesh/shop/virtualRouter/cart/route/all",
        "gitmesh state --repo shop.git --at 12            # after event 12 of the mesh chain",
        "gitmesh state --repo shop.git --at a1b2c3d       # after that commit",
    ),
)
@click.argument("resource", required=False)
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=".",
    help="The repository whose log is asked. Default: the current directory.",
)
@log_option
@click.option("--at", "moment", metavar="SEQ|COMMIT", help="Default: now.")
@json_option
@click.pass_obj
def command(
    settings: "Settings",
    resource: str | None,
    repo: Path,
    log: Path | None,
    moment: str | None,
    as_json: bool,
) -> None:
    """Show the specs that are in effect, as documents that could be committed.

    RESOURCE is the name of one, as `gitmesh log --json` shows it; those inside it are shown too, so
    mesh/shop shows the whole mesh.
    """
    from events.store import EventLog
    from gitmesh.documents import document, yaml_documents
    from gitmesh.places import existing_log
    from mesh.errors import UsageError
    from mesh.keys import ResourceKey

    wanted = ResourceKey.parse(resource) if resource else None
    opened = EventLog.read_only(existing_log(repo, log or settings.log))
    try:
        state = _state_at(opened, moment)
    finally:
        opened.close()
    keys = [key for key in sorted(state.resources) if wanted is None or _within(key, wanted)]
    if wanted and not keys:
        raise UsageError(f"there is no {wanted} at event {state.seq}", hint="see: gitmesh state")
    documents = [document(key, state.resources[key]) for key in keys]
    if as_json:
        emit_json({"seq": state.seq, "commit": state.commit, "resources": documents})
    else:
        click.echo(f"# commit {state.commit or 'none'}, mesh chain at {state.seq}")
        click.echo(yaml_documents(documents), nl=False)


def _within(key: "ResourceKey", wanted: "ResourceKey") -> bool:
    return key == wanted or str(key).startswith(f"{wanted}/")


def _state_at(log: "EventLog", moment: str | None) -> "MeshState":
    from events.types import Chain, Seq
    from mesh.errors import UsageError

    if moment is None:
        return log.state()
    # A short number is a position; commit ids are given with at least 7 digits.
    if moment.isdigit() and len(moment) < 7:
        seq = Seq(int(moment))
        head = log.head(Chain.MESH).seq
        if not 0 <= seq <= head:
            raise UsageError(f"there is no event {seq}", hint=f"the mesh chain ends at {head}")
        return log.state(seq)
    found = log.seq_of_commit(moment)
    if found is None:
        raise UsageError(f"no commit {moment!r} in the log", hint="see: gitmesh log --chain mesh")
    return log.state(found)
