"""``gitmesh state``: the mesh as the log tells it, now or at any moment of its history."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.options import examples, json_option, log_option
from gitmesh.output import emit_json

if TYPE_CHECKING:
    from events.state import MeshState
    from events.store import EventLog
    from events.types import Seq
    from gitmesh.settings import Settings
    from mesh.keys import ResourceKey

SHORT_COMMIT = 7
"""Commit ids are shown, and given, with at least this many digits."""
FIRST_LOOK = 64
"""Most commits change fewer resources than this."""


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
@click.option(
    "--at",
    "moment",
    metavar="SEQ|COMMIT",
    help="A position in the mesh chain, or the start of a commit id. Digits alone are a position, "
    "unless the chain is shorter and they are 7 or more. Default: now.",
)
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

    A position between a commit's changes shows a mesh that was never served, and says so: the
    changes of a commit take effect together.
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
        inside = _inside(opened, state.seq)
    finally:
        opened.close()
    keys = [key for key in sorted(state.resources) if wanted is None or _within(key, wanted)]
    if wanted and not keys:
        raise UsageError(f"there is no {wanted} at event {state.seq}", hint="see: gitmesh state")
    documents = [document(key, state.resources[key]) for key in keys]
    if as_json:
        emit_json(
            {
                "seq": state.seq,
                "commit": state.commit,
                "inside": {"changes": inside[0], "of": inside[1]} if inside else None,
                "resources": documents,
            }
        )
    else:
        click.echo(f"# commit {state.commit or 'none'}, mesh chain at {state.seq}")
        if inside:
            done, whole = inside
            click.echo(f"# after {done} of its {whole} changes: this mesh was never served")
        click.echo(yaml_documents(documents), nl=False)


def _within(key: "ResourceKey", wanted: "ResourceKey") -> bool:
    return key == wanted or str(key).startswith(f"{wanted}/")


def _state_at(log: "EventLog", moment: str | None) -> "MeshState":
    from events.types import Chain, Seq
    from mesh.errors import UsageError

    if moment is None:
        return log.state()
    head = log.head(Chain.MESH).seq
    if _is_position(moment, head):
        seq = Seq(int(moment))
        if seq > head:
            raise UsageError(f"there is no event {seq}", hint=f"the mesh chain ends at {head}")
        return log.state(seq)
    found = log.seq_of_commit(moment)
    if found is None:
        raise UsageError(f"no commit {moment!r} in the log", hint="see: gitmesh log --chain mesh")
    return log.state(found)


def _is_position(moment: str, head: int) -> bool:
    """Tell whether digits mean a position: one in 27 short commit ids is made of digits, too."""
    if not (moment.isascii() and moment.isdigit()):
        return False
    if len(moment) < SHORT_COMMIT:
        return True
    return moment[0] != "0" and len(moment) <= len(str(head)) and int(moment) <= head


def _inside(log: "EventLog", seq: "Seq") -> "tuple[int, int] | None":
    """Return how many of a commit's changes are done at ``seq``, and of how many, if not all."""
    from events.codec import decode
    from events.types import START, Chain, CommitApplied, CommitRejected, HistoryRewritten, Seq

    size = FIRST_LOOK
    while seq > START:
        size = min(size, seq)
        behind = list(log.read(Chain.MESH, after=Seq(seq - size), limit=size))
        for done, record in enumerate(reversed(behind)):
            event = decode(record)
            if isinstance(event, CommitApplied):
                return (done, event.changes) if done < event.changes else None
            if isinstance(event, CommitRejected | HistoryRewritten):
                return None
        if size == seq:
            break
        size *= 8
    return None
