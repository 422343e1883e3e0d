"""``gitmesh route-test``: its text and its JSON."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitmesh.cli.program import program

SAMPLE = Path(__file__).parents[5] / "sample-repo"


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(program, ["route-test", *arguments])
    return done.exit_code, done.output


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "shop"))


def spoil(shop: Path) -> None:
    routes = shop / "shop/cart/routes.yaml"
    routes.write_text(routes.read_text().replace("x-shop-tester", "x-shop-testers"))


def test_the_sample_keeps_its_own_tests() -> None:
    code, said = run(str(SAMPLE))
    assert (code, said) == (0, "all passed: 2 route tests\n")


def test_a_failing_test_is_told_with_the_route_and_the_reason(shop: Path) -> None:
    spoil(shop)
    code, said = run(str(shop), "shop/cart/routes-test.yaml")
    assert code == 1
    assert "shop/cart/routes-test.yaml:7: error[route-test-failed]: testers see version 2" in said
    assert "expected cart-v2, it goes to cart-v1 by route all (shop/cart/routes.yaml:21)" in said
    assert "testers (shop/cart/routes.yaml:3) does not take it: header x-shop-testers" in said
    assert CliRunner().invoke(program, ["validate", str(shop)]).exit_code == 1


def test_programs_get_every_test(shop: Path) -> None:
    spoil(shop)
    code, said = run(str(shop), "--json")
    report = json.loads(said)
    assert (code, report["ok"]) == (1, False)
    assert [test["passed"] for test in report["tests"]] == [False, True]
    assert report["tests"][0]["decision"]["route"]["key"].endswith("/route/all")


def test_one_request_is_explained() -> None:
    asked = ("--request", "GET http://cart.shop.internal/cart", "-H", "x-shop-tester: no")
    code, said = run(str(SAMPLE), "--from", "mesh/shop/virtualNode/web", *asked)
    assert code == 0
    assert said.splitlines()[-1] == "routed: cart-v1 as cart.shop.internal/cart"
    assert "testers (shop/cart/routes.yaml:3) does not take it" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "mesh/shop/virtualNode/web"),
        ("--from", "web", "--request", "GET http://a/"),
        ("--from", "mesh/shop/virtualNode/web", "--request", "GET /"),
        ("--from", "mesh/shop/virtualNode/web", "--request", "GET http://a/", "-H", "x"),
        ("shop/mesh.yaml",),
    ],
)
def test_what_cannot_be_asked_is_wrong_use(arguments: tuple[str, ...]) -> None:
    assert run(str(SAMPLE), *arguments)[0] == 2


MESH = """\
kind: Mesh
meshName: m
spec: {}
---
kind: VirtualNode
meshName: m
virtualNodeName: app
spec:
  listeners: [{portMapping: {port: 8080, protocol: http}}]
  serviceDiscovery: {dns: {hostname: app.int}}
---
kind: VirtualRouter
meshName: m
virtualRouterName: app
spec: {listeners: [{portMapping: {port: 8080, protocol: http}}]}
---
kind: Route
meshName: m
virtualRouterName: app
routeName: blue
spec:
  httpRoute:
    match: {prefix: /, headers: [{name: x-tester, match: {exact: blue}}]}
    action: {weightedTargets: [{virtualNode: app, weight: 1}]}
---
kind: VirtualService
meshName: m
virtualServiceName: app.int
spec: {provider: {virtualRouter: {virtualRouterName: app}}}
---
kind: VirtualGateway
meshName: m
virtualGatewayName: gw
spec: {listeners: [{portMapping: {port: 8088, protocol: http}}]}
---
kind: GatewayRoute
meshName: m
virtualGatewayName: gw
gatewayRouteName: byhost
spec:
  httpRoute:
    match: {prefix: /, hostname: {exact: countries.stg.example}}
    action: {target: {virtualService: {virtualServiceName: app.int}}}
"""
"""A gateway that a balancer stands before, on another port than the one clients name."""

TESTS = """\
kind: RouteTests
from: mesh/m/virtualGateway/gw
tests:
  - request: GET http://countries.stg.example/x
    headers: {host: "countries.stg.example:80", x-tester: [red, blue]}
    expect: {node: app}
  - request: GET http://countries.stg.example/x
    headers: {x-tester: [red, "blue,green"]}
    expect: none
"""


def test_a_request_through_a_balancer_with_a_repeated_header_is_routed(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text(MESH)
    (tmp_path / "tests.yaml").write_text(TESTS)
    asked = ("--from", "mesh/m/virtualGateway/gw", "--request", "GET http://countries.stg.example/")
    balanced = ("-H", "host: countries.stg.example:80")
    for values in (("blue", "red"), ("red", "blue")):
        headers = [part for value in values for part in ("-H", f"x-tester: {value}")]
        code, said = run(str(tmp_path), *asked, *balanced, *headers)
        assert (code, said.splitlines()[-1]) == (0, "routed: app as app.int/")
    said = run(str(tmp_path), *asked, *balanced, "-H", "X-Tester: red", "-H", "x-tester: no")[1]
    assert 'x-tester exact "blue" is required, it has "red", "no"' in said
    assert run(str(tmp_path)) == (0, "all passed: 2 route tests\n")
