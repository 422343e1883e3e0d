"""Membership of objects in meshes, and of gateway routes in gateways."""

import pytest

from tests.support.manifests import MESH, manifest, resources, service, told, tree_of

VERSION = "apiVersion: appmesh.k8s.aws/v1beta2"


def mesh(name: str, selector: str | None) -> str:
    spec = f"namespaceSelector: {selector}" if selector else "egressFilter: {type: ALLOW_ALL}"
    return f"{VERSION}\nkind: Mesh\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def namespace(name: str, labels: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {labels}}}\n"


SERVICE = manifest("VirtualService", "cart", "{}")
RED, BLUE = mesh("red", "{matchLabels: {mesh: red}}"), mesh("blue", "{matchLabels: {mesh: blue}}")


def mesh_of_cart(*documents: str) -> str:
    (key,) = (key for key in resources(tree_of(SERVICE, *documents)) if "virtualService" in key)
    return key.split("/")[1]


def test_the_only_mesh_takes_everything_whatever_it_selects() -> None:
    assert mesh_of_cart(mesh("red", None)) == "red"
    assert mesh_of_cart(RED) == "red"


def test_a_mesh_in_native_form_takes_everything_too() -> None:
    assert mesh_of_cart("meshName: shop\n") == "shop"


def test_among_several_meshes_the_labels_of_the_namespace_decide() -> None:
    assert mesh_of_cart(RED, BLUE, namespace("prod", "{mesh: blue}")) == "blue"
    assert mesh_of_cart(RED, BLUE, namespace("prod", "{mesh: red}")) == "red"


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        ("{}", True),
        ("{matchLabels: {a: b}}", True),
        ("{matchLabels: {a: c}}", False),
        ("{matchLabels: {kubernetes.io/metadata.name: prod}}", True),
        ("{matchExpressions: [{key: a, operator: In, values: [x, b]}]}", True),
        ("{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}", False),
        ("{matchExpressions: [{key: z, operator: NotIn, values: [b]}]}", True),
        ("{matchExpressions: [{key: a, operator: Exists}]}", True),
        ("{matchExpressions: [{key: a, operator: DoesNotExist}]}", False),
        ("{matchLabels: {a: b}, matchExpressions: [{key: z, operator: Exists}]}", False),
    ],
)
def test_a_selector_means_what_it_means_in_kubernetes(selector: str, taken: bool) -> None:
    tree = tree_of(mesh("red", selector), mesh("none", None), namespace("prod", "{a: b}"), SERVICE)
    assert ("mesh/red/virtualService/cart.prod" in resources(tree)) == taken
    assert bool(tree.problems) != taken


def test_an_object_may_name_its_mesh() -> None:
    named = SERVICE.replace("{}", "meshRef: {name: blue, uid: x}")
    tree = tree_of(RED, BLUE, named)
    assert "mesh/blue/virtualService/cart.prod" in resources(tree)


def test_a_mesh_that_is_called_otherwise_in_app_mesh_is_known_by_that_name() -> None:
    renamed = MESH.replace("{}", "{awsName: the-shop}")
    assert mesh_of_cart(renamed) == "the-shop"


@pytest.mark.parametrize(
    ("documents", "message", "hint"),
    [
        ((), "there is no Mesh", "add the Mesh"),
        ((RED, BLUE), "no mesh selects namespace prod", "add the Namespace prod"),
        ((RED, BLUE, namespace("prod", "{}")), "no mesh selects", "correct the labels"),
        ((RED, mesh("all", "{}"), namespace("prod", "{mesh: red}")), "several meshes", "meshRef"),
    ],
)
def test_what_belongs_to_no_mesh_is_told_once_a_file(
    documents: tuple[str, ...], message: str, hint: str
) -> None:
    tree = tree_of(*documents, cart="---\n".join([SERVICE, service("pay", "pay")]))
    (problem,) = tree.problems
    assert (problem.path, problem.line, problem.code) == ("cart.yaml", 4, "mesh-membership")
    assert problem.where == "$.metadata.namespace"
    assert message in problem.message
    assert hint in problem.hint


def test_among_too_many_meshes_an_object_must_name_its_own() -> None:
    meshes = [mesh(f"m{n:03}", "{matchLabels: {a: b}}" if n == 150 else None) for n in range(201)]
    labels = namespace("prod", "{a: b}")
    assert mesh_of_cart(*meshes[:200], labels) == "m150"
    assert [each[2] for each in told(tree_of(SERVICE, *meshes, labels))] == ["mesh-membership"]


# ---- gateways ------------------------------------------------------------------------------------

LISTENERS = "listeners: [{portMapping: {port: 80, protocol: http}}]\n"
ROUTE = """\
httpRoute:
  match: {prefix: /}
  action: {target: {virtualService: {virtualServiceRef: {name: cart}}}}
"""
ANY = "namespaceSelector: {}\n"


def gateway(name: str, rest: str, in_namespace: str = "prod") -> str:
    return manifest("VirtualGateway", name, LISTENERS + rest, in_namespace)


def gateways_of_route(*documents: str, route: str = ROUTE, labels: str = "{}") -> list[str]:
    routed = manifest("GatewayRoute", "cart", route, labels=labels)
    tree = tree_of(MESH, SERVICE, routed, *documents)
    return [key.split("/")[3] for key in resources(tree) if "/gatewayRoute/" in key]


def test_the_only_gateway_takes_every_route() -> None:
    assert gateways_of_route(gateway("front", "")) == ["front_prod"]


def test_among_several_gateways_selectors_decide() -> None:
    one = gateway("one", f"{ANY}gatewayRouteSelector: {{matchLabels: {{to: one}}}}\n")
    two = gateway("two", f"{ANY}gatewayRouteSelector: {{matchLabels: {{to: two}}}}\n")
    assert gateways_of_route(one, two, labels="{to: two}") == ["two_prod"]
    assert gateways_of_route(one, two, labels="{to: three}") == []


def test_a_route_may_name_its_gateway() -> None:
    route = f"{ROUTE}virtualGatewayRef: {{name: two, namespace: edge}}\n"
    two = gateway("two", "awsName: second\n", "edge")
    assert gateways_of_route(gateway("one", ANY), two, route=route) == ["second"]


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ((), "there is no VirtualGateway"),
        ((gateway("one", ANY), gateway("two", ANY)), "several gateways select it"),
        ((gateway("one", ""), gateway("two", "")), "no gateway selects it"),
    ],
)
def test_a_route_without_a_gateway_is_told(documents: tuple[str, ...], message: str) -> None:
    tree = tree_of(MESH, SERVICE, *documents, r=manifest("GatewayRoute", "cart", ROUTE))
    (problem,) = tree.problems
    assert (problem.path, problem.line, problem.code) == ("r.yaml", 5, "gateway-membership")
    assert message in problem.message


def test_one_object_under_two_names_is_defined_twice() -> None:
    tree = tree_of(MESH, SERVICE, z=SERVICE.replace("{}", "awsName: other"))
    assert told(tree) == [("z.yaml", 4, "duplicate-resource", "$.metadata.name")]
