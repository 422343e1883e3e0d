"""``gitmesh explain``: meanings of fields, as text and as JSON."""

import pytest

from gitmesh.cli import exit_codes
from mesh.keys import Kind
from mesh.meaning import root_of, walk
from tests.support.command_line import gitmesh


def test_alone_it_lists_the_kinds() -> None:
    told = gitmesh("explain")
    assert all(kind.value in told.out for kind in Kind)
    assert [each["kind"] for each in gitmesh("explain", "--json").json()["kinds"]] == list(Kind)


def test_a_field_is_told_with_its_meaning_default_and_limits() -> None:
    told = gitmesh("explain", "route.spec.httpRoute.match").out
    assert told.startswith("Route, named by meshName, virtualRouterName, routeName\n")
    assert "spec.httpRoute.match  <object> required\n" in told
    assert "  headers  <list of objects>\n" in told
    assert "      limits: 1 to 10 items\n      if left out: any headers\n" in told
    assert "one of: GET, HEAD, POST" in told
    per_request = gitmesh("explain", "node.listeners.timeout.http.perRequest").out
    assert "if left out: 15 s" in per_request
    assert "exactly one of: awsCloudMap, dns" in gitmesh("explain", "node.serviceDiscovery").out


@pytest.mark.parametrize("kind", Kind)
def test_recursive_names_every_field(kind: Kind) -> None:
    told = gitmesh("explain", kind.value, "--recursive").out.partition("Fields:\n")[2]
    every = list(walk(root_of(kind)))
    assert [line.split()[0] for line in told.splitlines()] == [each.name for each in every]


def test_programs_get_the_same() -> None:
    told = gitmesh("explain", "route.priority", "--json").json()
    assert told["path"] == "spec.priority"
    assert (told["type"], told["limits"], told["fields"]) == ("whole number", ["0 to 1,000"], [])
    level = gitmesh("explain", "route.httpRoute", "--json").json()
    assert [each["path"] for each in level["fields"]][:2] == [
        "spec.httpRoute.action",
        "spec.httpRoute.match",
    ]
    assert "fields" not in level["fields"][0]
    deep = gitmesh("explain", "route.httpRoute", "--json", "--recursive").json()
    assert deep["fields"][0]["fields"][0]["fields"][0]["path"].endswith("weightedTargets.port")


@pytest.mark.parametrize(
    ("what", "hint"),
    [("rout", 'did you mean "route"?'), ("route.httpRout", 'did you mean "httpRoute"?')],
)
def test_a_typo_is_told(what: str, hint: str) -> None:
    told = gitmesh("explain", what)
    assert (told.code, hint in told.err) == (exit_codes.USAGE, True)
