"""``gitmesh proxies``: connected proxies, with their node, version and state."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from events.deliveries import Proxy
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
    from events.opening import has_writer, open_for_reading
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.queries.pins import pinned

    where = existing_log(repo, log or settings.log)
    running = has_writer(where)
    with open_for_reading(where) as opened:
        # Nobody is connected to a server that is not there, whatever its last words were.
        pin = pinned(opened)
        at = None if pin is None else pin.mesh_seq
        found = [] if running is False else opened.fleet().proxies(at)
    found = [proxy for proxy in found if node is None or f"/{proxy.node}".endswith(f"/{node}")]
    if as_json:
        emit_json({"serverRuns": running, "proxies": [_json(proxy) for proxy in found]})
        return
    if running is False:
        click.echo("no server is running, so no proxy is connected", err=True)
    elif not found:
        click.echo("no proxy is connected", err=True)
    _show(found)


def _show(proxies: "list[Proxy]") -> None:
    from gitmesh.rendering.commit_status_text import by_node_text

    click.echo(by_node_text(proxies), nl=False)


def _json(proxy: "Proxy") -> dict[str, object]:
    refusal = proxy.refusal
    return {
        "node": proxy.node,
        "proxy": proxy.name,
        "version": proxy.version,
        "connectedAt": proxy.connected_at,
        "state": proxy.state.value,
        "since": proxy.since,
        "commit": proxy.commit or None,
        "refusal": None
        if refusal is None
        else {
            "commit": refusal.commit,
            "type": refusal.type_url,
            "version": refusal.version,
            "names": list(refusal.names),
            "message": refusal.message,
        },
    }
