"""``gitmesh route-test``: run a repository's route tests, or route one request."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, repo_option
from gitmesh.cli.output import emit_json, problem_text, refuse
from gitmesh.rendering.amounts import count
from gitmesh.safe_text import visible
from mesh.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesh.graph.mesh_graph import MeshGraph
    from mesh.route_tests import Verdict
    from mesh.routing import Decision


@click.command(
    "route-test",
    short_help="Run route tests, or explain the routing of one request.",
    epilog=examples(
        "gitmesh route-test sample-repo",
        "gitmesh route-test HEAD~2 --repo shop.git",
        "gitmesh route-test sample-repo shop/cart/routes-test.yaml",
        "gitmesh route-test sample-repo --from mesh/shop/virtualNode/web \\",
        '    --request "GET http://cart.shop.internal/cart" -H "x-shop-tester: yes"',
    ),
)
@click.argument("target", default=".", metavar="[DIR|REV]")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@repo_option
@click.option(
    "--from",
    "caller",
    metavar="NODE",
    help="The virtual node or gateway whose proxy routes the request.",
)
@click.option("--request", "text", metavar="REQUEST", help="The request: GET http://host/path.")
@click.option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    help='A header of the request, "name: value"; may be repeated.',
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    files: tuple[str, ...],
    repo: Path | None,
    caller: str | None,
    text: str | None,
    headers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the RouteTests documents of a folder or revision: all of them, or those in FILEs.

    No proxy is needed: a model of Envoy decides the requests. For each failed test the output shows
    its file and line, the expected and the actual result, the route that matches the request, and
    why the expected route does not; the exit code is 1. docs/route-tests.md describes the format of
    tests.

    With --from and --request, the command shows the result of one request, and the routes that were
    tried.
    """
    from gitmesh.json_shapes.routing import route_tests_shape
    from gitmesh.service.specs.route_testing import routing_specs, run_route_tests

    if (caller is None) != (text is None) or (headers and text is None):
        raise UsageError("--from and --request go together", hint="give both, or neither")
    specs = routing_specs(target, repo)
    if specs.errors:
        refuse(specs.errors, as_json=False)
        ctx.exit(exit_codes.REFUSED)
    if caller is not None and text is not None:
        _explain(specs.tree.graph, caller, text, headers, as_json=as_json)
        return
    done = run_route_tests(specs, files)
    emit_json(route_tests_shape(done)) if as_json else _report(done)
    ctx.exit(exit_codes.OK if all(each.passed for each in done) else exit_codes.REFUSED)


def _report(done: "Sequence[Verdict]") -> None:
    failed = [each for each in done if not each.passed]
    for each in failed:
        click.echo(problem_text(each.problem()))
    words = f"{len(failed)} failed" if failed else "all passed"
    click.secho(f"{words}: {count(len(done), 'route test')}", bold=True)


def _explain(
    graph: "MeshGraph", caller: str, text: str, headers: tuple[str, ...], *, as_json: bool
) -> None:
    from gitmesh.json_shapes.routing import decision_shape
    from gitmesh.service.specs.route_testing import route_request

    decision = route_request(graph, caller, text, _by_name(headers))
    if as_json:
        emit_json(decision_shape(decision))
        return
    for line in _lines(decision):
        click.echo(visible(line))


def _by_name(headers: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the values of headers by name, in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise UsageError(f"{header!r} is not a header", hint='write "name: value"')
        lowered = name.strip().lower()
        found[lowered] = (*found.get(lowered, ()), value.strip())
    return found


def _lines(decision: "Decision") -> list[str]:
    from mesh.routing.decision import place

    lines = [
        f"- {each.route.key} ({place(each.route)}) does not take it: {each.misses[0]}"
        for each in decision.tried
    ]
    for route in (decision.gateway_route, decision.route):
        if route is not None:
            lines.append(f"+ {route.key} ({place(route)}) takes it")
    arrives = f" as {decision.host}{decision.path}" if decision.path and decision.shares else ""
    return [*lines, f"{decision.outcome}: {decision.result}{arrives}"]
