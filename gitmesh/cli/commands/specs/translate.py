"""``gitmesh translate``: the Envoy configuration of a proxy, in readable form."""

from pathlib import Path

import click

from gitmesh.cli.client_options import client_option, explicit_option, node_metadata
from gitmesh.cli.options import examples, json_option, repo_option
from gitmesh.cli.output import emit_json, problem_text
from gitmesh.cli.valid_graph import valid_graph


@click.command(
    "translate",
    short_help="Show the Envoy configuration of one proxy.",
    epilog=examples(
        "gitmesh translate sample-repo --node mesh/shop/virtualNode/web",
        "gitmesh translate HEAD --repo shop.git --node mesh/shop/virtualGateway/entrance",
        "gitmesh translate --log shop.git/gitmesh/events.sqlite3 --node mesh/shop/virtualNode/web",
        "gitmesh translate sample-repo --node mesh/shop/virtualNode/web --client grpc",
    ),
)
@click.argument("target", default=".", metavar="[DIR|REV]")
@click.option("--node", required=True, metavar="ID", help="The proxy's node.id in Envoy.")
@repo_option
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Translate the mesh of this event log, instead of DIR or REV.",
)
@client_option
@explicit_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    node: str,
    repo: Path | None,
    log: Path | None,
    client: str,
    explicit: str | None,
    as_json: bool,
) -> None:
    """Show the Envoy configuration of one proxy: clusters, endpoints, listeners and routes.

    The output is YAML with Envoy's own field names, in the order in which the proxy receives the
    resources. If the specs are not valid, the command shows the problems and exits with 1. With
    --client grpc, the error stream shows warnings for features that gRPC clients lack; in JSON they
    are "warnings".
    """
    from gitmesh.json_shapes.proxies import configuration_shape
    from gitmesh.service.proxies.configuration import proxy_configuration
    from xds.translate.readable import yaml_text

    graph = valid_graph(ctx, target, repo, log)
    found = proxy_configuration(graph, node, node_metadata(explicit, client))
    if as_json:
        emit_json(configuration_shape(found))
        return
    click.echo(yaml_text(found.resources), nl=False)
    for each in found.warnings:
        click.echo(problem_text(each), err=True)
