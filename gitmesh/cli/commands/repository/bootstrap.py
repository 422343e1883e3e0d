"""``gitmesh bootstrap``: what to start an Envoy, or a gRPC client, with."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.client_options import CLIENTS, client_option, explicit_option, node_metadata
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json
from mesh.errors import UsageError

if TYPE_CHECKING:
    from mesh.keys import ResourceKey
    from xds.bootstrap.tls import XdsTls

ENVOY_ALONE = {
    "admin": "--admin",
    "delta": "--delta",
    "dns": "--dns",
    "sds_socket": "--sds-socket",
    "tls_secrets": "--tls-secrets",
    "tls_server_name": "--tls-server-name",
}
"""Options that say what a gRPC client has not."""


@click.command(
    "bootstrap",
    short_help="Print what to start an Envoy, or a gRPC client, with.",
    epilog=examples(
        "gitmesh bootstrap --node mesh/shop/virtualNode/web > web.json && envoy -c web.json",
        "gitmesh bootstrap --node mesh/shop/virtualNode/web --xds mesh.example:18000 \\",
        "    --explicit ingress=127.0.1.1,egress=127.0.1.2,application=127.0.1.3",
        "gitmesh bootstrap --node mesh/shop/virtualNode/web --client grpc > web.json",
        "GRPC_XDS_BOOTSTRAP=web.json python -m my_application    # dials xds:///cart.shop.local",
        "gitmesh bootstrap --node mesh/shop/virtualNode/web --xds mesh.example:18000 \\",
        "    --tls-cert /tls/web.pem --tls-key /tls/web.key --tls-ca /tls/mesh.pem \\",
        "    --tls-secrets /tls/xds > web.json    # and Envoy follows what is renewed",
    ),
)
@click.option("--node", required=True, metavar="ID", help="The proxy's node.id.")
@click.option(
    "--xds",
    default="127.0.0.1:18000",
    show_default=True,
    metavar="HOST:PORT",
    help="Where gitmesh serves; unix:PATH is a socket file (gitmesh serve --listen unix:PATH).",
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
@click.option(
    "--tls-cert",
    metavar="PATH",
    help="Speak mutual TLS with gitmesh: the proxy's certificate, which must name its node (see "
    "gitmesh serve --help). Paths are those of the proxy's machine. gRPC reads them again and "
    "again, Envoy when it starts, unless there is --tls-secrets.",
)
@click.option("--tls-key", metavar="PATH", help="The key of --tls-cert.")
@click.option("--tls-ca", metavar="PATH", help="Who signs gitmesh's own certificate.")
@click.option(
    "--tls-server-name",
    metavar="NAME",
    help="The name or IP address in gitmesh's certificate. Default: the host of --xds.",
)
@click.option(
    "--tls-secrets",
    metavar="FOLDER",
    help="Have Envoy read --tls-cert, --tls-key and --tls-ca again when they change. It wants two "
    "files that lead to them: they are written into FOLDER, and must be there where Envoy runs.",
)
@client_option
@explicit_option
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    help="Warn if the mesh of this repository has no such node. Default: the current directory, if "
    "it is a repository with specs.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    node: str,
    xds: str,
    admin: str,
    dns: tuple[str, ...],
    cluster: str | None,
    sds_socket: str | None,
    delta: bool,
    client: str,
    tls_cert: str | None,
    tls_key: str | None,
    tls_ca: str | None,
    tls_server_name: str | None,
    tls_secrets: str | None,
    explicit: str | None,
    repo: Path | None,
    as_json: bool,
) -> None:
    """Print the bootstrap of a proxy: who it is, and where it gets everything else.

    It is JSON, with --json or without; Envoy reads it from a .json or a .yaml file. Without --json
    the command that starts Envoy on it goes to the error stream. ID is mesh/MESH/virtualNode/NAME
    or mesh/MESH/virtualGateway/NAME; App Mesh's whole ARN is accepted too. With --client grpc it is
    for an application whose gRPC library dials xds:///SERVICE itself; the library reads the file
    that GRPC_XDS_BOOTSTRAP names.
    """
    from xds.bootstrap.envoy import SDS_SOCKET, bootstrap
    from xds.bootstrap.grpc import grpc_bootstrap
    from xds.nodes import parse_identity

    identity = parse_identity(node, node_metadata(explicit, client))
    tls = _tls(tls_cert, tls_key, tls_ca, tls_server_name, tls_secrets)
    _warn_of_unknown(ctx, identity.key, repo)
    if client == "grpc":
        _refuse_envoys_own(ctx)
        emit_json(grpc_bootstrap(identity=identity, xds_address=xds, cluster=cluster, tls=tls))
        return
    made = bootstrap(
        identity=identity,
        xds_address=xds,
        admin_address=admin,
        dns_resolvers=dns,
        cluster=cluster,
        sds_socket=sds_socket or SDS_SOCKET,
        delta=delta,
        tls=tls,
    )
    if tls is not None and tls.secrets:
        _write_secrets(tls, xds)
    emit_json(made)
    if not as_json:
        _tell_start(ctx, identity.key)


def _warn_of_unknown(ctx: click.Context, node: "ResourceKey", repo: Path | None) -> None:
    from gitmesh.safe_text import visible
    from gitmesh.service.unknown_node import unknown_node

    log = ctx.obj.log if repo is None and ctx.obj.log and ctx.obj.log.is_file() else None
    for line in unknown_node(node, repo, log):
        click.secho(visible(line), fg="yellow", err=True)


def _tell_start(ctx: click.Context, node: "ResourceKey") -> None:
    from gitmesh.safe_text import visible
    from gitmesh.service.start_command import start_line

    sys.stdout.flush()
    own_admin = ctx.get_parameter_source("admin") is click.core.ParameterSource.COMMANDLINE
    click.echo(visible(start_line(node.name, own_admin=own_admin)), err=True)


def _refuse_envoys_own(ctx: click.Context) -> None:
    given = click.core.ParameterSource.COMMANDLINE
    for name, option in ENVOY_ALONE.items():
        if ctx.get_parameter_source(name) is given:
            raise UsageError(
                f"{option} is for an Envoy", hint=f"leave it out, or take --client {CLIENTS[0]}"
            )


def _write_secrets(tls: "XdsTls", xds: str) -> None:
    from gitmesh.service.spec_files import write_text
    from xds.bootstrap.tls import tls_secrets

    for name, secret in tls_secrets(tls, xds).items():
        write_text(Path(tls.secrets) / name, json.dumps(secret, indent=2) + "\n")


def _tls(
    certificate: str | None,
    key: str | None,
    authority: str | None,
    server_name: str | None,
    secrets: str | None,
) -> "XdsTls | None":
    from xds.bootstrap.tls import XdsTls

    if certificate and key and authority:
        return XdsTls(certificate, key, authority, server_name or "", secrets or "")
    if certificate or key or authority or server_name or secrets:
        raise UsageError(
            "TLS here is mutual: the proxy's certificate and key and gitmesh's authority go "
            "together",
            hint="give --tls-cert, --tls-key and --tls-ca, or none of them",
        )
    return None
