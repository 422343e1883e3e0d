"""Native documents to resources: identity, and problems of the spec with their positions."""

import json
from collections import Counter

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.canonical import Json, JsonObject
from mesh.keys import APP_MESH_KINDS, Kind, ResourceKey
from mesh.problems.problem import Problem, errors
from mesh.reading.native import ResourceReading, native_document, read_resources
from mesh.resource import Resource
from mesh.spec import MeshSpec, RouteSpec
from tests.support.spec_strategies import TRICKY, resources

ROUTE = """\
meshName: shop
virtualRouterName: cart
routeName: all
spec:
  priority: 10
  httpRoute:
    match:
      prefix: /
    action:
      weightedTargets:
        - virtualNode: cart-v1
          weight: 90
        - virtualNode: cart-v2
          weight: 10
"""
ROUTE_KEY = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")


def read(text: str, path: str = "a.yaml") -> ResourceReading:
    return read_resources(path, text.encode())


def resource_of(text: str, path: str = "a.yaml") -> Resource:
    reading = read(text, path)
    assert reading.problems == ()
    (resource,) = reading.resources
    return resource


def seen(problems: tuple[Problem, ...]) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.code, problem.where) for problem in problems]


# Whose a document is

NAMES = {
    Kind.MESH: {"meshName": "shop"},
    Kind.VIRTUAL_SERVICE: {"meshName": "shop", "virtualServiceName": "cart.shop.local"},
    Kind.VIRTUAL_NODE: {"meshName": "shop", "virtualNodeName": "cart-v1"},
    Kind.VIRTUAL_ROUTER: {"meshName": "shop", "virtualRouterName": "cart"},
    Kind.ROUTE: {"meshName": "shop", "virtualRouterName": "cart", "routeName": "all"},
    Kind.VIRTUAL_GATEWAY: {"meshName": "shop", "virtualGatewayName": "front"},
    Kind.GATEWAY_ROUTE: {
        "meshName": "shop",
        "virtualGatewayName": "front",
        "gatewayRouteName": "cart",
    },
    Kind.SERVICE_INSTANCES: {
        "meshName": "shop",
        "namespaceName": "shop.internal",
        "serviceName": "cart",
    },
}
TARGET: JsonObject = {"virtualService": {"virtualServiceName": "cart.shop.local"}}
SPECS: dict[Kind, JsonObject] = {
    Kind.MESH: {},
    Kind.VIRTUAL_SERVICE: {},
    Kind.VIRTUAL_NODE: {},
    Kind.VIRTUAL_ROUTER: {},
    Kind.ROUTE: {"tcpRoute": {"action": {"weightedTargets": [{"virtualNode": "a", "weight": 1}]}}},
    Kind.VIRTUAL_GATEWAY: {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]},
    Kind.GATEWAY_ROUTE: {"httpRoute": {"match": {"prefix": "/"}, "action": {"target": TARGET}}},
    Kind.SERVICE_INSTANCES: {"instances": []},
}
KEYS = {
    Kind.MESH: "mesh/shop",
    Kind.VIRTUAL_SERVICE: "mesh/shop/virtualService/cart.shop.local",
    Kind.VIRTUAL_NODE: "mesh/shop/virtualNode/cart-v1",
    Kind.VIRTUAL_ROUTER: "mesh/shop/virtualRouter/cart",
    Kind.ROUTE: "mesh/shop/virtualRouter/cart/route/all",
    Kind.VIRTUAL_GATEWAY: "mesh/shop/virtualGateway/front",
    Kind.GATEWAY_ROUTE: "mesh/shop/virtualGateway/front/gatewayRoute/cart",
    Kind.SERVICE_INSTANCES: "mesh/shop/namespace/shop.internal/serviceInstances/cart",
}


@pytest.mark.parametrize("kind", Kind)
def test_the_kind_follows_from_the_names(kind: Kind) -> None:
    document = {**NAMES[kind], "spec": SPECS[kind]}
    assert str(resource_of(json.dumps(document), "a.json").key) == KEYS[kind]


@pytest.mark.parametrize("kind", Kind)
def test_the_kind_may_be_said(kind: Kind) -> None:
    document = {"kind": kind.value, **NAMES[kind], "spec": SPECS[kind]}
    assert str(resource_of(yaml.safe_dump(document)).key) == KEYS[kind]


@pytest.mark.parametrize("kind", APP_MESH_KINDS)
def test_the_answer_of_a_describe_command_is_a_document(kind: Kind) -> None:
    answer = {
        kind.segment: {
            **NAMES[kind],
            "metadata": {"createdAt": 1565814013.155, "version": 1, "uid": "x"},
            "spec": SPECS[kind],
            "status": {"status": "ACTIVE"},
        },
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }
    assert str(resource_of(json.dumps(answer), "a.json").key) == KEYS[kind]


def test_places_inside_a_describe_answer_begin_at_the_resource() -> None:
    text = '{\n"mesh": {\n"meshName": "shop",\n"spec": {\n"egressFilter": {"type": "ALL"}}}}'
    (problem,) = read(text, "a.json").problems
    assert (problem.line, problem.where) == (5, "$.spec.egressFilter.type")


def test_what_is_no_part_of_a_mesh_is_dropped() -> None:
    extra = "tags: [{key: a, value: b}]\nclientToken: x\nmeshOwner: '123456789012'\n"
    assert resource_of(ROUTE + extra) == resource_of(ROUTE)


@pytest.mark.parametrize("text", ["meshName: shop\n", "meshName: shop\nspec:\n"])
def test_a_mesh_needs_no_spec(text: str) -> None:
    assert resource_of(text) == Resource(ResourceKey.of_mesh("shop"), MeshSpec())


def test_many_documents_of_a_file_are_read_and_know_their_lines() -> None:
    first, second = read(f"meshName: shop\n---\n{ROUTE}").resources
    assert first.source.line(("meshName",)) == 1
    assert second.source.line(("spec", "httpRoute")) == 8


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind: Rout\nmeshName: shop\nspec: {}\n", [(1, "unknown-kind", "$.kind")]),
        ("kind: 7\nmeshName: shop\n", [(1, "unknown-kind", "$.kind")]),
        (
            "kind: VirtualNode\nmeshName: shop\nvirtualRouterName: a\nrouteName: b\nspec: {}\n",
            [(1, "kind-mismatch", "$.kind")],
        ),
        ("\nkind: VirtualNode\nmeshName: shop\nspec: {}\n", [(2, "missing-name", "$")]),
        ("kind: Mesh\n", [(1, "missing-name", "$")]),
        (
            "routeName: all\nspec: {}\n",
            [(1, "missing-name", "$"), (1, "missing-name", "$"), (2, "exactly-one", "$.spec")],
        ),
        (
            "meshName: shop\nvirtualNodeName: a\nvirtualGatewayName: b\nspec: {}\n",
            [(3, "wrong-name", "$.virtualGatewayName")],
        ),
        ("meshName: 12\n", [(1, "wrong-type", "$.meshName")]),
        ("meshName: true\n", [(1, "wrong-type", "$.meshName")]),
        ("meshName: [a]\n", [(1, "wrong-type", "$.meshName")]),
        ("meshName: ''\n", [(1, "wrong-length", "$.meshName")]),
        (f"meshName: {'a' * 256}\n", [(1, "wrong-length", "$.meshName")]),
        ('meshName: "a\\tb"\n', [(1, "control-character", "$.meshName")]),
        ("meshName: shop\nspecs: {}\n", [(2, "unknown-field", "$.specs")]),
        ("meshName: shop\nvirtualNodeName: a\n", [(1, "missing-field", "$.spec")]),
        ("meshName: shop\nvirtualNodeName: a\nspec: []\n", [(3, "wrong-type", "$.spec")]),
        ("meshName: shop\nvirtualNodeName: a\nspec: 1\n", [(3, "wrong-type", "$.spec")]),
        ("spec: {}\n", [(1, "missing-name", "$.spec")]),
        ("a: 1\nb: 2\n", [(1, "not-a-resource", "$")]),
        ("{}\n", [(1, "not-a-resource", "$")]),
        ("\n- a\n", [(2, "not-an-object", "$")]),
        ("apiVersion: apps/v1\nspec: {}\n", [(2, "missing-name", "$.spec")]),
        (
            "a: 1\n---\nkind: VirtualNode\napiVersion: appmesh.k8s.aws/v1beta2\n",
            [
                (1, "not-a-resource", "$"),
                (3, "missing-name", "$.metadata"),
                (3, "missing-field", "$.spec"),
            ],
        ),
        ("Parameters: {}\nResources: {}\n", [(2, "cloudformation-form", "$.Resources")]),
        ("AWSTemplateFormatVersion: 2010-09-09\n", [(1, "cloudformation-form", "$.Resources")]),
        ("route: 1\n", [(1, "not-a-resource", "$")]),
    ],
)
def test_a_document_that_does_not_say_whose_it_is_is_refused(
    text: str, found: list[tuple[int, str, str]]
) -> None:
    reading = read(text)
    assert reading.resources == ()
    assert seen(reading.problems) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: virtualnode\nmeshName: a\nspec: {}\n", 'did you mean "VirtualNode"?'),
        ("meshName: 12\n", 'quote it: "12"'),
        ("a: 1\n", "root"),
        ("meshName: a\nmeshname: b\n", 'did you mean "meshName"?'),
        ("kind: Route\nmeshName: a\nspec: {}\n", "meshName, virtualRouterName and routeName"),
        ("meshName: a\nspec:\n  backends: []\n", "virtualNodeName"),
        ("meshName: a\nvirtualRouterName: b\nspec:\n  httpRoute: {}\n", "routeName"),
    ],
)
def test_a_hint_says_what_to_do(text: str, words: str) -> None:
    assert any(words in problem.hint for problem in read(text).problems)


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({"provider": {}}, "virtualServiceName"),
        ({"egressFilter": {"type": "ALLOW_ALL"}}, "meshName"),
        ({"listeners": [], "serviceDiscovery": {}}, "virtualNodeName"),
        ({"tcpRoute": {"action": {"weightedTargets": []}}}, "routeName"),
        ({"grpcRoute": {"action": {"target": {}}}}, "gatewayRouteName"),
        (
            {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]},
            "VirtualRouter (add meshName and virtualRouterName) or a VirtualGateway (add meshName "
            "and virtualGatewayName)",
        ),
        ({}, "it looks like a Mesh: add meshName"),
        ({"listeners": []}, "the resource's own name"),
        ([], "the resource's own name"),
    ],
)
def test_a_spec_alone_is_told_which_names_to_add(spec: Json, names: str) -> None:
    (problem,) = read(json.dumps({"spec": spec}), "a.json").problems
    assert problem.code == "missing-name"
    assert names in problem.hint


# Problems of a whole file

NODE = "meshName: shop\nvirtualNodeName: cart\nspec:\n"
AT = "$.spec.httpRoute"


def test_problems_of_names_and_spec_and_rules_come_together() -> None:
    text = "meshName: shop\nrouteName: all\nspec:\n  nonsense: 1\n  priority: x\n"
    codes = [problem.code for problem in read(text).problems]
    assert codes == ["missing-name", "unknown-field", "wrong-type"]


def test_a_resource_that_breaks_a_rule_is_read_and_has_a_problem() -> None:
    reading = read(ROUTE.replace("prefix: /", "prefix: cart"))
    assert [resource.key for resource in reading.resources] == [ROUTE_KEY]
    assert seen(reading.problems) == [(8, "bad-path", f"{AT}.match.prefix")]


def test_one_mistake_a_thousand_times_is_told_a_hundred_times() -> None:
    listeners = "".join("    - 1\n" for _ in range(5000))
    reading = read(f"{NODE}  listeners:\n{listeners}")
    assert len(reading.problems) == 100


def test_a_file_of_many_bad_documents_tells_how_many_more_there_are() -> None:
    reading = read("---\n".join("a: 1\n" for _ in range(900)))
    assert len(reading.problems) == 201
    counts = Counter(problem.code for problem in reading.problems)
    assert counts == {"not-a-resource": 200, "more-problems": 1}
    assert "700 more" in next(p.message for p in reading.problems if p.code == "more-problems")


# Laws


@settings(max_examples=40, deadline=None)
@given(resource=resources())
def test_a_resource_written_as_a_document_reads_as_itself(resource: Resource) -> None:
    document = native_document(resource)
    for path, text in (("a.yaml", yaml.safe_dump(document)), ("a.json", json.dumps(document))):
        (again,) = read(text, path).resources
        assert (again.key, again.spec) == (resource.key, resource.spec)


_WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(TRICKY),
    st.just([]),
    st.just({}),
    st.lists(st.just({"x": 1}), max_size=30),
)


@settings(max_examples=60, deadline=None)
@given(resource=resources(), data=st.data())
def test_a_resource_with_one_part_replaced_never_raises_and_tells_lines(
    resource: Resource, data: st.DataObject
) -> None:
    document = native_document(resource)
    holder: Json = document
    places = [document, *_containers(document["spec"])]
    holder = data.draw(st.sampled_from(places))
    if isinstance(holder, dict):
        key = data.draw(st.sampled_from([*holder, "x", "spec"]))
        holder[key] = data.draw(_WRONG)
    elif holder:
        holder[data.draw(st.integers(0, len(holder) - 1))] = data.draw(_WRONG)
    text = yaml.safe_dump(document)
    reading = read(text)
    assert reading.resources or errors(reading.problems)
    lines = len(text.splitlines()) + 1
    for problem in reading.problems:
        assert 1 <= problem.line <= lines
        assert problem.message


def _containers(value: Json) -> list[JsonObject | list[Json]]:
    if isinstance(value, dict):
        return [value, *(c for part in value.values() for c in _containers(part))]
    if isinstance(value, list):
        return [value, *(c for part in value for c in _containers(part))]
    return []


def test_the_spec_models_are_what_a_reading_holds() -> None:
    assert isinstance(resource_of(ROUTE).spec, RouteSpec)
