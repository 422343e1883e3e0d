"""``gitmesh state``: the mesh in the log, now or at an earlier moment."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.client_options import client_option, explicit_option, node_metadata
from gitmesh.cli.options import (
    MOMENT,
    MOMENT_HELP,
    asked_repo_option,
    examples,
    json_option,
    log_option,
)
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from events.state import MeshState
    from events.store import EventReader
    from events.types import CommitId, Seq, ServingPinned
    from gitmesh.settings import Settings
    from mesh.keys import ResourceKey

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
        'gitmesh state --repo shop.git --at "2 hours ago"',
        "gitmesh state --repo shop.git --at 03:12         # UTC, the last 03:12 that has passed",
        "gitmesh state --repo shop.git --at 2026-11-25T03:12Z --as envoy \\",
        "    --node mesh/shop/virtualNode/web",
    ),
)
@click.argument("resource", required=False)
@asked_repo_option
@log_option
@click.option("--at", "moment", metavar=MOMENT, help=f"{MOMENT_HELP} Default: now.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["specs", "envoy"]),
    default="specs",
    help="Show specs, or the Envoy configuration of a proxy.",
)
@click.option("--node", metavar="ID", help="With --as envoy: the proxy's node.id.")
@client_option
@explicit_option
@json_option
@click.pass_obj
def command(
    settings: "Settings",
    resource: str | None,
    repo: Path,
    log: Path | None,
    moment: str | None,
    form: str,
    node: str | None,
    client: str,
    explicit: str | None,
    as_json: bool,
) -> None:
    """Show the specs that are in effect, as documents that you can commit.

    RESOURCE is the name of a resource, as in `gitmesh log --json`. The resources inside it are
    shown, too, so mesh/shop shows the whole mesh.

    --at shows the state at an earlier moment. If a commit was pinned at that time, the pinned mesh
    is shown, because proxies had that one. --as envoy shows the configuration of a proxy of the
    node at that moment, with Envoy's own field names.

    The changes of a commit take effect together. A position between two of them is a mesh that was
    never served; the output says so.
    """
    from events.opening import open_for_reading
    from gitmesh.queries.commits import beginning
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.queries.pins import pin_json
    from gitmesh.queries.requested_moment import asked_seq
    from gitmesh.queries.resource_name import no_resource, resource_of
    from gitmesh.rendering.documents import document, yaml_documents
    from mesh.errors import UsageError

    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        pin = _pinned(opened, moment)
        newest = None if pin is None else pin.mesh_seq
        state = opened.state(newest if moment is None else asked_seq(opened, moment, repo))
        inside, begins = _inside(opened, state.seq), beginning(opened)
        instead = opened.served_instead_of(state.commit) if state.commit else None
    wanted = resource_of(resource, lambda: state.resources) if resource else None
    if form == "envoy" and state.seq == 0:
        raise UsageError("no mesh was served then", hint=begins)
    if form == "envoy":
        _show_envoy(state, pin, instead, node, node_metadata(explicit, client), as_json)
        return
    keys = [key for key in sorted(state.resources) if wanted is None or _within(key, wanted)]
    if wanted and not keys:
        raise no_resource(wanted, state.resources, f"at event {state.seq}")
    documents = [document(key, state.resources[key]) for key in keys]
    if as_json:
        emit_json(
            {
                "seq": state.seq,
                "commit": state.commit,
                "inside": {"changes": inside[0], "of": inside[1]} if inside else None,
                "pinned": pin_json(pin),
                "neverServed": instead is not None,
                "resources": documents,
            }
        )
    else:
        click.echo(f"# commit {state.commit or 'none'}, mesh chain at {state.seq}")
        _tell_pin(pin)
        _tell_never_served(instead)
        if state.seq == 0:
            click.echo(f"# no mesh was served then: {begins}")
        if inside:
            done, whole = inside
            click.echo(f"# after {done} of its {whole} changes: this mesh was never served")
        click.echo(yaml_documents(documents), nl=False)


def _pinned(log: "EventReader", moment: str | None) -> "ServingPinned | None":
    """Return the pin that held at a time, or holds now; of a position or a commit there is none."""
    from events.clock import utc_now
    from gitmesh.queries.pins import pinned
    from gitmesh.queries.timespec import parse_time

    if moment is None:
        return pinned(log)
    when = parse_time(moment, utc_now())
    return None if when is None else pinned(log, when)


def _tell_pin(pin: "ServingPinned | None") -> None:
    from gitmesh.rendering.narration import narrate
    from gitmesh.safe_text import visible

    if pin is not None:
        click.echo(visible(f"# {narrate(pin)}: this is served, whatever the branch says"))


def _tell_never_served(instead: "CommitId | None") -> None:
    from gitmesh.rendering.narration import never_served_words

    if instead is not None:
        click.echo(f"# {never_served_words(instead)}")


def _show_envoy(
    state: "MeshState",
    pin: "ServingPinned | None",
    instead: "CommitId | None",
    node: str | None,
    metadata: "dict[str, str]",
    as_json: bool,
) -> None:
    from gitmesh.queries.logged_mesh import logged_mesh
    from gitmesh.queries.pins import pin_json
    from gitmesh.queries.resource_name import identity_of
    from mesh.errors import UsageError
    from xds.translate import translate
    from xds.translate.readable import dump, yaml_text

    if node is None:
        raise UsageError(
            "--as envoy needs the node of a proxy",
            hint="name the proxy: --node mesh/…/virtualNode/…",
        )
    configuration = dump(
        translate(logged_mesh(state), identity_of(node, metadata, lambda: state.resources))
    )
    if as_json:
        head = {"seq": state.seq, "commit": state.commit, "pinned": pin_json(pin)}
        emit_json({**head, "neverServed": instead is not None, **configuration})
        return
    click.echo(f"# {node} with commit {state.commit or 'none'}, mesh chain at {state.seq}")
    _tell_pin(pin)
    _tell_never_served(instead)
    click.echo(yaml_text(configuration), nl=False)


def _within(key: "ResourceKey", wanted: "ResourceKey") -> bool:
    return key == wanted or str(key).startswith(f"{wanted}/")


def _inside(log: "EventReader", seq: "Seq") -> "tuple[int, int] | None":
    """Return how many of a commit's changes are done at ``seq``, and of how many, if not all."""
    from events.encoding.codec import decode
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
