"""``gitmesh intercept``: redirection of an application's traffic to its proxy."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.options import Command, examples, json_option, repo_option
from gitmesh.cli.output import emit_json
from gitmesh.cli.valid_graph import valid_graph

if TYPE_CHECKING:
    from gitmesh.intercept.ruleset import Interception

_ROWS = (
    (
        "app-ports",
        "PORTS",
        "Ports that the application listens on. Default: no inbound traffic is redirected.",
    ),
    ("ignore-uid", "UID", "Do not redirect connections of this user, the proxy's. Default: 1337."),
    (
        "ignore-gid",
        "GID",
        "Do not redirect connections of this group. Then --ignore-uid has no default.",
    ),
    (
        "egress-ignored-ports",
        "PORTS",
        "Destination ports that bypass the proxy, in addition to 22.",
    ),
    (
        "egress-ignored-ip",
        "NETWORKS",
        "Destination addresses and networks that bypass the proxy. Default: "
        "169.254.169.254,169.254.170.2.",
    ),
    ("ingress-port", "PORT", "The proxy's inbound port. Default: 15000."),
    ("egress-port", "PORT", "The proxy's outbound port. Default: 15001."),
    ("enable-ipv6", "0|1", "Redirect IPv6 as well. Default: 0."),
    ("start-enabled", "0|1", "0 disables the redirects. Default: 1."),
)


def _value_options(command: Command) -> Command:
    add: Callable[[Any], Any]
    for name, metavar, help_ in reversed(_ROWS):
        add = click.option(f"--{name}", metavar=metavar, help=help_)
        command = add(command)
    return command


@click.command(
    "intercept",
    short_help="Print the nftables rules that redirect traffic to a sidecar.",
    epilog=examples(
        "gitmesh intercept --app-ports 8080 | sudo nft -f -",
        "gitmesh intercept shop.git --node mesh/shop/virtualNode/web --egress-ignored-ports 5432",
        "APPMESH_APP_PORTS=8080,9080 APPMESH_IGNORE_UID=1337 gitmesh intercept",
        "gitmesh intercept --remove | sudo nft -f -",
    ),
)
@click.argument("target", default=".", metavar="[DIR|REV]")
@click.option(
    "--node",
    metavar="ID",
    help="Use the listener ports of this virtual node as the application's ports.",
)
@repo_option
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Look up the node in the mesh of this event log, instead of DIR or REV.",
)
@_value_options
@click.option("--remove", is_flag=True, help="Print the ruleset that removes the redirects.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    node: str | None,
    repo: Path | None,
    log: Path | None,
    remove: bool,
    as_json: bool,
    **options: str | None,
) -> None:
    """Print the nftables ruleset that redirects an application's TCP traffic through its proxy.

    Load it as root where the application runs: in its container, its network namespace or its
    machine. Loading it again replaces gitmesh's table; other tables stay as they are. DIR or REV is
    read only with --node.

    App Mesh's environment variables work: APPMESH_APP_PORTS, APPMESH_IGNORE_UID,
    APPMESH_IGNORE_GID, APPMESH_EGRESS_IGNORED_PORTS, APPMESH_EGRESS_IGNORED_IP,
    APPMESH_ENVOY_INGRESS_PORT, APPMESH_ENVOY_EGRESS_PORT, APPMESH_ENABLE_IPV6 and
    APPMESH_START_ENABLED. Options override them. PORTS and NETWORKS are comma-separated lists:
    8080,9000-9010.
    """
    from gitmesh.intercept.values import understood
    from gitmesh.json_shapes.proxies import interception_shape, removal_shape
    from gitmesh.settings import app_mesh_variables

    if remove:
        shape = removal_shape()
        emit_json(shape) if as_json else click.echo(shape["remove"], nl=False)
        return
    if node is not None:
        options["app_ports"] = _ports_of(ctx, node, options["app_ports"], target, repo, log)
    found = understood(options, app_mesh_variables())
    _warn_of_strange_ports(found)
    told = interception_shape(found)
    emit_json(told) if as_json else click.echo(told["ruleset"], nl=False)


def _ports_of(
    ctx: click.Context,
    node: str,
    app_ports: str | None,
    target: str,
    repo: Path | None,
    log: Path | None,
) -> str:
    from gitmesh.service.proxies.application_ports import application_ports
    from mesh.errors import UsageError
    from xds.nodes import parse_identity

    if app_ports is not None:
        raise UsageError(
            "--node and --app-ports exclude each other: both give the application's ports"
        )
    key = parse_identity(node, {}).key
    return ",".join(map(str, application_ports(valid_graph(ctx, target, repo, log), key)))


def _warn_of_strange_ports(found: "Interception") -> None:
    from gitmesh.intercept.ruleset import EGRESS_PORT, INGRESS_PORT

    if (found.ingress_port, found.egress_port) != (INGRESS_PORT, EGRESS_PORT):
        click.secho("warning: ", fg="yellow", bold=True, nl=False, err=True)
        click.echo(
            f"proxies that gitmesh serves listen on {INGRESS_PORT} and {EGRESS_PORT}, not on "
            f"{found.ingress_port} and {found.egress_port}",
            err=True,
        )
