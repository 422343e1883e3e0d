"""``gitmesh state``: the mesh in the log, now or at an earlier moment."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.client_options import client_option, explicit_option, node_metadata
from gitmesh.cli.head_note import note_head
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
    from events.types import CommitId, ServingPinned
    from gitmesh.service.history.served_state import ServedState
    from gitmesh.settings import Settings


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
    is shown, because proxies had that mesh. --as envoy shows the configuration of a proxy of the
    node at that moment, with Envoy's own field names.

    The changes of a commit take effect together. At a position between two of them, the mesh was
    never served; the output says so.
    """
    from events.opening import open_for_reading
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.history.served_state import served_state

    note_head(repo, moment, as_json=as_json)
    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        found = served_state(opened, repo, moment)
    if form == "envoy":
        _show_envoy(found, node, node_metadata(explicit, client), as_json=as_json)
    else:
        _show_specs(found, resource, as_json=as_json)


def _show_specs(found: "ServedState", resource: str | None, *, as_json: bool) -> None:
    from gitmesh.json_shapes.history import state_shape
    from gitmesh.rendering.documents import document, yaml_documents

    resources = found.resources(resource)
    if as_json:
        emit_json(state_shape(found, resources))
        return
    click.echo(f"# commit {found.state.commit or 'none'}, mesh chain at {found.state.seq}")
    _tell_pin(found.pin)
    _tell_never_served(found.instead)
    if found.is_empty:
        click.echo(f"# no mesh was served then: {found.begins}")
    if found.within:
        done, whole = found.within.changes, found.within.of
        click.echo(f"# after {done} of its {whole} changes: this mesh was never served")
    documents = (document(key, spec) for key, spec in resources.items())
    click.echo(yaml_documents(documents), nl=False)


def _show_envoy(
    found: "ServedState", node: str | None, metadata: "dict[str, str]", *, as_json: bool
) -> None:
    from gitmesh.json_shapes.history import envoy_state_shape
    from gitmesh.service.history.envoy_configuration import envoy_configuration
    from mesh.errors import UsageError
    from xds.translate.readable import yaml_text

    if node is None and not found.is_empty:
        raise UsageError(
            "--as envoy needs the node of a proxy",
            hint="give the proxy's node: --node mesh/…/virtualNode/…",
        )
    configuration = envoy_configuration(found, node or "", metadata)
    if as_json:
        emit_json(envoy_state_shape(found, configuration))
        return
    state = found.state
    click.echo(f"# {node} with commit {state.commit or 'none'}, mesh chain at {state.seq}")
    _tell_pin(found.pin)
    _tell_never_served(found.instead)
    click.echo(yaml_text(configuration), nl=False)


def _tell_pin(pin: "ServingPinned | None") -> None:
    from gitmesh.rendering.narration import narrate
    from gitmesh.safe_text import visible

    if pin is not None:
        click.echo(visible(f"# {narrate(pin)}: this is served, whatever the branch says"))


def _tell_never_served(instead: "CommitId | None") -> None:
    from gitmesh.rendering.narration import never_served_words

    if instead is not None:
        click.echo(f"# {never_served_words(instead)}")
