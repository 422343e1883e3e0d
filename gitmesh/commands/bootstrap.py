"""``gitmesh bootstrap``: what to start an Envoy with."""

import click

from gitmesh.addressing import addressing_metadata, explicit_option
from gitmesh.options import examples, json_option
from gitmesh.output import emit_json


@click.command(
    "bootstrap",
    short_help="Print what to start an Envoy with.",
    epilog=examples(
        "gitmesh bootstrap --node mesh/shop/virtualNode/web > web.json && envoy -c web.json",
        "gitmesh bootstrap --node mesh/shop/virtualNode/web --xds mesh.example:18000 \\",
        "    --explicit ingress=127.0.1.1,egress=127.0.1.2,application=127.0.1.3",
    ),
)
@click.option("--node", required=True, metavar="ID", help="The proxy's node.id.")
@click.option(
    "--xds",
    default="127.0.0.1:18000",
    show_default=True,
    metavar="HOST:PORT",
    help="Where gitmesh serves.",
)
@click.option(
    "--admin",
    default="127.0.0.1:9901",
    show_default=True,
    metavar="IP:PORT",
    help="Envoy's own administration interface; unix:PATH makes it a socket file.",
)
@click.option(
    "--dns",
    multiple=True,
    metavar="IP:PORT",
    help="A name server to ask instead of the machine's own; may be repeated.",
)
@click.option("--cluster", metavar="NAME", help="node.cluster. Default: the same as node.id.")
@click.option(
    "--sds-socket",
    metavar="PATH",
    help="Where the machine's secret discovery service listens, for certificates that specs call "
    "sds. Default: SPIRE's agent, /run/spire/sockets/agent.sock.",
)
@click.option(
    "--delta",
    is_flag=True,
    help="Ask for changes alone (incremental xDS), which is less to send in a large mesh.",
)
@explicit_option
@json_option
def command(
    node: str,
    xds: str,
    admin: str,
    dns: tuple[str, ...],
    cluster: str | None,
    sds_socket: str | None,
    delta: bool,
    explicit: str | None,
    as_json: bool,  # every command takes it; this one prints nothing else
) -> None:
    """Print the bootstrap of a proxy: who it is, and where it gets everything else.

    It is JSON, with --json or without; Envoy reads it from a .json or a .yaml file. ID is
    mesh/MESH/virtualNode/NAME or mesh/MESH/virtualGateway/NAME; App Mesh's whole ARN is accepted
    too.
    """
    from xds.bootstrap import SDS_SOCKET, bootstrap
    from xds.nodes import parse_identity

    made = bootstrap(
        identity=parse_identity(node, addressing_metadata(explicit)),
        xds_address=xds,
        admin_address=admin,
        dns_resolvers=dns,
        cluster=cluster,
        sds_socket=sds_socket or SDS_SOCKET,
        delta=delta,
    )
    emit_json(made)
