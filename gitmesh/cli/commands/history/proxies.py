"""``gitmesh proxies``: connected proxies, with their node, version and state."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.service.delivery.connected import ConnectedProxies
    from gitmesh.settings import Settings


@click.command(
    "proxies",
    short_help="Show the connected proxies and their state.",
    epilog=examples(
        "gitmesh proxies --repo shop.git",
        "gitmesh proxies --repo shop.git --node mesh/shop/virtualNode/web",
        "gitmesh proxies --repo shop.git --json | jq '.proxies[] | select(.state != \"in-sync\")'",
    ),
)
@asked_repo
@log_option
@click.option("--node", help="Only the proxies of this node; the end of its name is enough.")
@json_option
@click.pass_obj
def command(
    settings: "Settings", repo: Path, log: Path | None, node: str | None, as_json: bool
) -> None:
    """Show every connected proxy: its node, address, version and state.

    \b
    States:
      in sync        acknowledged everything in the commit
      behind         has not acknowledged everything yet
      refusing       refuses its configuration; the message of the proxy is shown
      held           its node does not exist yet
      last accepted  gets the last snapshot that proxies of its node accepted,
                     because the newest one is refused
      running on     keeps its configuration after its node was removed from the
                     mesh (node-removed in JSON): stop it, or add the node again
    """
    from gitmesh.json_shapes.proxies import proxies_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.delivery.connected import connected

    found = connected(existing_log(repo, log or settings.log), node)
    emit_json(proxies_shape(found)) if as_json else _show(found, node)


def _show(found: "ConnectedProxies", node: str | None) -> None:
    from gitmesh.rendering.proxies_text import proxies_text
    from gitmesh.safe_text import visible

    if found.server_runs is False:
        click.echo("no server is running, so no proxy is connected", err=True)
    elif found.nodes and not found.proxies:
        words = f"no connected proxy has a node ending in {node}; connected: "
        click.echo(visible(words + ", ".join(found.nodes)), err=True)
    elif not found.proxies:
        click.echo("no proxy is connected", err=True)
    click.echo(proxies_text(found.proxies), nl=False)
