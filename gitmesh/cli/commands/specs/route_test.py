"""``gitmesh route-test``: the tests of routing that a repository keeps, or one request."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, repo_option
from gitmesh.cli.output import emit_json, problem_text
from gitmesh.rendering.amounts import count
from gitmesh.safe_text import visible

if TYPE_CHECKING:
    from mesh.route_tests import RouteTests, Verdict
    from mesh.routing import Decision
    from reconciler.reading.tree import SpecTree


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
    its file and line, the expected and the actual result, the route that takes the request, and why
    the expected route does not; the exit code is 1. docs/route-tests.md describes the format of
    tests.

    With --from and --request, the command shows the result of one request, and the routes that were
    tried.
    """
    from gitmesh.service.target import read_target
    from mesh.errors import UsageError
    from mesh.problems.problem import errors
    from mesh.route_tests import verdicts

    if (caller is None) != (text is None) or (headers and text is None):
        raise UsageError("--from and --request go together", hint="give both, or name neither")
    tree = read_target(target, repo).tree
    wrong = [each for each in errors(tree.problems) if each.code != "route-test-failed"]
    if wrong:
        for problem in wrong:
            click.echo(problem_text(problem), err=True)
        ctx.exit(exit_codes.REFUSED)
    if caller is not None and text is not None:
        _explain(tree, caller, text, headers, as_json=as_json)
        return
    done = list(verdicts(tree.graph, _suites(tree, target, files)))
    _report(done, as_json=as_json)
    ctx.exit(exit_codes.OK if all(each.passed for each in done) else exit_codes.REFUSED)


def _suites(tree: "SpecTree", target: str, files: tuple[str, ...]) -> "list[RouteTests]":
    from mesh.errors import UsageError

    paths = [_within(tree, target, file) for file in files] or sorted(tree.failed)
    for path, file in zip(paths, files, strict=False):
        if path not in tree.failed:
            raise UsageError(f"{file} holds no route tests", hint="name a file below the target")
    return [suite for path in paths for suite in tree.files[path].tests]


def _within(tree: "SpecTree", target: str, file: str) -> str:
    if file in tree.files:
        return file
    return Path(file).as_posix().removeprefix(f"{Path(target).as_posix()}/")


def _report(done: "list[Verdict]", *, as_json: bool) -> None:
    failed = [each for each in done if not each.passed]
    if as_json:
        tests = [
            {
                "path": each.suite.source.path,
                "line": each.suite.source.line(each.test.steps),
                "name": each.test.name,
                "from": str(each.suite.caller),
                "request": str(each.test.request),
                "passed": each.passed,
                "why": each.why,
                "decision": each.decision.as_json(),
            }
            for each in done
        ]
        emit_json({"ok": not failed, "tests": tests})
        return
    for each in failed:
        click.echo(problem_text(each.problem()))
    words = f"{len(failed)} failed" if failed else "all passed"
    click.secho(f"{words}: {count(len(done), 'route test')}", bold=True)


def _explain(
    tree: "SpecTree", caller: str, text: str, headers: tuple[str, ...], *, as_json: bool
) -> None:
    from mesh.errors import UsageError
    from mesh.keys import ResourceKey
    from mesh.routing import BadRequest, decide, read_request

    said: dict[str, tuple[str, ...]] = {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise UsageError(f"{header!r} is not a header", hint='write "name: value"')
        lowered = name.strip().lower()
        said[lowered] = (*said.get(lowered, ()), value.strip())
    try:
        request = read_request(text, headers=said)
    except BadRequest as error:
        raise UsageError(error.message, hint=error.hint) from None
    decision = decide(tree.graph, ResourceKey.parse(caller), request)
    if as_json:
        emit_json(decision.as_json())
        return
    for line in _lines(decision):
        click.echo(visible(line))


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
