"""``gitmesh bootstrap``: the configuration with which an Envoy or a gRPC client starts."""

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
    "no_reports": "--no-reports",
    "sds_socket": "--sds-socket",
    "tls_secrets": "--tls-secrets",
    "tls_server_name": "--tls-server-name",
}
"""Options that apply only to Envoy, not to gRPC clients."""


@click.command(
    "bootstrap",
    short_help="Print the bootstrap file of an Envoy or a gRPC client.",
    epilog=examples(
        "gitmesh bootstrap --node mesh/shop/virtualNode/web > web.json && envoy -c web.json",
        "gitmesh bootstrap --node mesh/shop/virtualNode/web --xds mesh.example:18000 \\",
        "    --explicit ingress=127.0.1.1,egress=127.0.1.2,application=127.0.1.3",
        "gitmesh bootstrap --node mesh/shop/virtualNode/web --client grpc > web.json",
        "GRPC_XDS_BOOTSTRAP=web.json python -m my_application    # dials xds:///cart.shop.local",
        "gitmesh bootstrap --node mesh/shop/virtualNode/web --xds mesh.example:18000 \\",
        "    --tls-cert /tls/web.pem --tls-key /tls/web.key --tls-ca /tls/mesh.pem \\",
        "    --tls-secrets /tls/xds > web.json    # Envoy reloads renewed certificates",
    ),
)
@click.option("--node", required=True, metavar="ID", help="The proxy's node.id.")
@click.option(
    "--xds",
    default="127.0.0.1:18000",
    show_default=True,
    metavar="HOST:PORT",
    help="The address of gitmesh serve; unix:PATH for a Unix socket.",
)
@click.option(
    "--admin",
    default="127.0.0.1:9901",
    show_default=True,
    metavar="IP:PORT",
    help="The address of Envoy's admin interface; unix:PATH for a Unix socket.",
)
@click.option(
    "--dns",
    multiple=True,
    metavar="IP:PORT",
    help="A DNS server to use instead of the machine's; may be repeated.",
)
@click.option("--cluster", metavar="NAME", help="node.cluster. Default: the same as node.id.")
@click.option(
    "--sds-socket",
    metavar="PATH",
    help="The Unix socket of the machine's secret discovery service, for certificates with "
    "sds in specs. Default: SPIRE's agent, /run/spire/sockets/agent.sock.",
)
@click.option(
    "--delta",
    is_flag=True,
    help="Use incremental (delta) xDS, which sends less in a large mesh.",
)
@click.option(
    "--no-reports",
    is_flag=True,
    help="Do not report traffic to gitmesh. Without reports, gitmesh top and gitmesh traffic "
    "know nothing of this proxy.",
)
@click.option(
    "--tls-cert",
    metavar="PATH",
    help="Use mutual TLS with gitmesh: the proxy's certificate, which must name its node (see "
    "gitmesh serve --help). Paths are on the proxy's machine. gRPC reloads the files "
    "regularly; Envoy reads them at its start only, unless --tls-secrets is given.",
)
@click.option("--tls-key", metavar="PATH", help="The private key of --tls-cert.")
@click.option("--tls-ca", metavar="PATH", help="The CA that signs the certificate of gitmesh.")
@click.option(
    "--tls-server-name",
    metavar="NAME",
    help="The name or IP address in the certificate of gitmesh. Default: the host of --xds.",
)
@click.option(
    "--tls-secrets",
    metavar="FOLDER",
    help="Make Envoy reload --tls-cert, --tls-key and --tls-ca when they change. The command "
    "writes two SDS files for this into FOLDER; they must have the same path where Envoy "
    "runs.",
)
@client_option
@explicit_option
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    help="Warn if the mesh of this repository lacks the node. Default: the current directory, "
    "if it is a repository with specs.",
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
    no_reports: bool,
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
    """Print the bootstrap configuration of a proxy: its identity, and the address of gitmesh.

    The output is always JSON; Envoy reads it from a .json or .yaml file. Without --json, the error
    stream also shows the command that starts Envoy with it. ID is mesh/MESH/virtualNode/NAME or
    mesh/MESH/virtualGateway/NAME; a full App Mesh ARN is accepted, too. With --client grpc, the
    output is for an application whose gRPC library connects to xds:///SERVICE itself; the library
    reads the file that GRPC_XDS_BOOTSTRAP names.
    """
    from gitmesh.service.proxies.bootstrap_file import (
        REPORT_INTERVAL_S,
        BootstrapRequest,
        EnvoyOptions,
        make_bootstrap,
    )
    from xds.nodes import parse_identity

    identity = parse_identity(node, node_metadata(explicit, client))
    tls = _tls(tls_cert, tls_key, tls_ca, tls_server_name, tls_secrets)
    _warn_of_unknown(ctx, identity.key, repo)
    if client == "grpc":
        _refuse_envoys_own(ctx)
    envoy = EnvoyOptions(
        admin, dns, sds_socket, delta, report_interval_s=0 if no_reports else REPORT_INTERVAL_S
    )
    emit_json(make_bootstrap(BootstrapRequest(identity, xds, cluster, tls, envoy)))
    if client == "envoy" and not as_json:
        _tell_start(ctx, identity.key)


def _warn_of_unknown(ctx: click.Context, node: "ResourceKey", repo: Path | None) -> None:
    from gitmesh.safe_text import visible
    from gitmesh.service.proxies.unknown_node import unknown_node

    log = ctx.obj.log if repo is None and ctx.obj.log and ctx.obj.log.is_file() else None
    for line in unknown_node(node, repo, log):
        click.secho(visible(line), fg="yellow", err=True)


def _tell_start(ctx: click.Context, node: "ResourceKey") -> None:
    from gitmesh.cli.start_command import start_line
    from gitmesh.safe_text import visible

    sys.stdout.flush()
    own_admin = ctx.get_parameter_source("admin") is click.core.ParameterSource.COMMANDLINE
    click.echo(visible(start_line(node.name, own_admin=own_admin)), err=True)


def _refuse_envoys_own(ctx: click.Context) -> None:
    given = click.core.ParameterSource.COMMANDLINE
    for name, option in ENVOY_ALONE.items():
        if ctx.get_parameter_source(name) is given:
            raise UsageError(
                f"{option} applies only to Envoy", hint=f"omit it, or use --client {CLIENTS[0]}"
            )


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
            "mutual TLS needs the proxy's certificate and key, and the CA of gitmesh's certificate",
            hint="give --tls-cert, --tls-key and --tls-ca, or none of them",
        )
    return None
