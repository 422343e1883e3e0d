"""``gitmesh get``: resources of a running server, and their changes as they happen."""

import sys
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.commands.server.connection import Connect, server_options
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, emit_json_line, table

if TYPE_CHECKING:
    from gitmesh.client.server_api import ServerApi
    from mesh.keys import Kind, ResourceKey

_TYPES = {
    "ResourceAdded": "ADDED",
    "ResourceChanged": "MODIFIED",
    "TrafficShifted": "MODIFIED",
    "ResourceRemoved": "DELETED",
}


@click.command(
    "get",
    short_help="Show resources of a running server, and watch them.",
    epilog=examples(
        "gitmesh get routes --server http://127.0.0.1:18080",
        "gitmesh get node cart-v2 -o yaml > cart-v2.yaml",
        "gitmesh get route cart/all -w",
        "gitmesh get all --mesh shop -o name",
        "gitmesh get mesh/shop/virtualNode/cart-v2 --json",
    ),
)
@click.argument("kind")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--mesh", metavar="NAME", help="Resources of this mesh only.")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["table", "yaml", "json", "name"]),
    default="table",
    show_default=True,
    help="yaml can be applied again; json is the same as --json.",
)
@click.option("-w", "--watch", is_flag=True, help="Then show changes as they come, until Ctrl-C.")
@server_options
@json_option
def command(
    connect: Connect,
    kind: str,
    names: tuple[str, ...],
    mesh: str | None,
    form: str,
    watch: bool,
    as_json: bool,
) -> None:
    """Show resources of a running server.

    KIND is mesh, service, node, router, route, gateway, gateway-route, their names in specs or
    plurals, or all. NAME is the name of a resource; for a route also ROUTER/ROUTE. A whole name as
    in gitmesh state needs no kind.

    With --watch, the command continues and shows each change when the server records it. If the
    connection breaks, it reconnects and misses no change.
    """
    form = "json" if as_json else form
    with connect() as api:
        chosen, keys = _chosen(api, kind, names, mesh)
        found = _fetched(api, chosen, keys, mesh)
        _show(found, form, watch=watch)
        if watch:
            _watch(api, str(found["seq"]), chosen, keys, mesh, form)


def _chosen(
    api: "ServerApi", kind: str, names: tuple[str, ...], mesh: str | None
) -> "tuple[Kind | None, list[ResourceKey]]":
    from gitmesh.cli.commands.server.naming import key_named, kind_named

    if "/" in kind:
        return None, [key_named(api, None, name, mesh) for name in (kind, *names)]
    chosen = kind_named(kind)
    return chosen, [key_named(api, chosen, name, mesh) for name in names]


def _fetched(
    api: "ServerApi", kind: "Kind | None", keys: "list[ResourceKey]", mesh: str | None
) -> dict[str, Any]:
    """Return the requested resources, in the JSON shape of one page."""
    if keys:
        head = api.get("/resources", {"limit": "1"})
        resources = [api.get(f"/resources/{key}") for key in keys]
        return {**head, "resources": resources, "next": None}
    pages = list(api.resources({"kind": kind and kind.value, "mesh": mesh}))
    every = [each for page in pages for each in page["resources"]]
    return {**pages[0], "resources": every, "next": None}


def _show(found: dict[str, Any], form: str, *, watch: bool) -> None:
    resources = found["resources"]
    if form == "json":
        emit_json_line(found) if watch else emit_json(found)
    elif form == "yaml":
        from gitmesh.rendering.documents import yaml_documents

        click.echo(yaml_documents(each["document"] for each in resources), nl=False)
    elif form == "name":
        for each in resources:
            click.echo(each["resource"])
    elif resources:
        rows = [_row(each) for each in resources]
        click.echo(table([("MESH", "KIND", "NAME", "VERSION", "UPDATED"), *rows]))
    else:
        click.echo("no resources were found", err=True)
    sys.stdout.flush()


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    from gitmesh.safe_text import visible
    from mesh.keys import ResourceKey

    key = ResourceKey.parse(found["resource"])
    name = f"{key.parent}/{key.name}" if key.parent else key.name
    cells = (key.mesh, key.kind.value, name, str(found["version"]), found["updatedAt"])
    return tuple(map(visible, cells))


def _watch(
    api: "ServerApi",
    after: str,
    kind: "Kind | None",
    keys: "list[ResourceKey]",
    mesh: str | None,
    form: str,
) -> None:
    from mesh.keys import ResourceKey

    query = {"chain": "mesh", "kind": ",".join(_TYPES)}
    for sent in api.events(query, after):
        key = ResourceKey.parse(sent.event["subject"])
        same = key in keys if keys else kind in (None, key.kind) and mesh in (None, key.mesh)
        if same:
            _tell(sent.event, key, form)
            sys.stdout.flush()


def _tell(event: dict[str, Any], key: "ResourceKey", form: str) -> None:
    from gitmesh.rendering.documents import document, yaml_documents
    from gitmesh.safe_text import visible

    what = _TYPES[event["kind"]]
    if form == "json":
        emit_json_line({"type": what, "resource": str(key), "event": event})
    elif form == "name":
        click.echo(key)
    elif form == "yaml":
        click.echo(f"---\n# {what} {key}")
        if what != "DELETED":
            click.echo(yaml_documents([document(key, event["data"]["spec"])]), nl=False)
    else:
        by = event["actor"].partition(" <")[0]
        words = f"{event['at'][:19]}Z  {what:<8}  {key}  {event['commit'][:7]} by {by}"
        click.echo(visible(words))
