"""Service instances: rules of one document, and the nodes that they affect."""

import pytest

from mesh.keys import ResourceKey
from mesh.linking import link, relink
from mesh.problems.problem import Severity
from mesh.reading.native import native_document, read_resources
from mesh.resource import Resource
from tests.support.meshes import (
    a_cloud_node,
    a_mesh,
    a_node,
    a_service,
    registered,
    resource,
)

NAMES = "meshName: shop, namespaceName: shop.internal, serviceName: cart"
CART = ResourceKey.parse("mesh/shop/virtualNode/cart")
WEB = ResourceKey.parse("mesh/shop/virtualNode/web")
AT_1 = {"AWS_INSTANCE_IPV4": "10.0.0.1"}


def seen(spec: str) -> list[tuple[str, str]]:
    """Return code and place below the spec of each problem of a document."""
    text = f"{{kind: ServiceInstances, {NAMES},\nspec: {spec}}}\n"
    found = read_resources("a.yaml", text.encode()).problems
    assert all(problem.line == 2 for problem in found)
    return [(problem.code, problem.where.removeprefix("$.spec.")) for problem in found]


def instances(*found: str) -> str:
    listed = ", ".join(f"{{id: i-{n}, attributes: {{{each}}}}}" for n, each in enumerate(found))
    return f"{{instances: [{listed}]}}"


@pytest.mark.parametrize(
    "attributes",
    [
        "AWS_INSTANCE_IPV4: 10.0.0.1",
        'AWS_INSTANCE_IPV6: "2001:db8::1", AWS_INSTANCE_PORT: "1"',
        'AWS_INSTANCE_IPV4: 10.0.0.1, AWS_INSTANCE_PORT: "65535", stage: "", any key at all: x',
    ],
)
def test_an_instance_that_can_be_dialled_is_right(attributes: str) -> None:
    assert seen(instances(attributes)) == []


@pytest.mark.parametrize(
    ("attributes", "code", "where"),
    [
        ("stage: live", "instance-without-address", ""),
        ("AWS_INSTANCE_CNAME: cart.example", "instance-without-address", ""),
        ("AWS_INSTANCE_IPV4: cart.example", "bad-address", ".AWS_INSTANCE_IPV4"),
        ("AWS_INSTANCE_IPV4: 10.0.0.0/8", "bad-address", ".AWS_INSTANCE_IPV4"),
        ("AWS_INSTANCE_IPV4: 0.0.0.0", "bad-address", ".AWS_INSTANCE_IPV4"),
        ("AWS_INSTANCE_IPV4: 224.0.0.1", "bad-address", ".AWS_INSTANCE_IPV4"),
        ('AWS_INSTANCE_IPV4: "::1"', "bad-address", ".AWS_INSTANCE_IPV4"),
        ("AWS_INSTANCE_IPV6: 10.0.0.1", "bad-address", ".AWS_INSTANCE_IPV6"),
        ('AWS_INSTANCE_IPV6: "fe80::1%eth0"', "bad-address", ".AWS_INSTANCE_IPV6"),
        (
            'AWS_INSTANCE_IPV4: 10.0.0.1, AWS_INSTANCE_PORT: "0"',
            "out-of-range",
            ".AWS_INSTANCE_PORT",
        ),
        (
            'AWS_INSTANCE_IPV4: 10.0.0.1, AWS_INSTANCE_PORT: "65536"',
            "out-of-range",
            ".AWS_INSTANCE_PORT",
        ),
        (
            'AWS_INSTANCE_IPV4: 10.0.0.1, AWS_INSTANCE_PORT: "٣"',
            "out-of-range",
            ".AWS_INSTANCE_PORT",
        ),
        (
            "AWS_INSTANCE_IPV4: 10.0.0.1, AWS_INSTANCE_PORT: 8080",
            "wrong-type",
            ".AWS_INSTANCE_PORT",
        ),
        (f"AWS_INSTANCE_IPV4: 10.0.0.1, stage: {'x' * 1025}", "wrong-length", ".stage"),
        (f"AWS_INSTANCE_IPV4: 10.0.0.1, {'x' * 256}: a", "wrong-length", f".{'x' * 256}"),
    ],
)
def test_an_instance_that_cannot_be_dialled_is_told_where(
    attributes: str, code: str, where: str
) -> None:
    assert seen(instances(attributes)) == [(code, f"instances[0].attributes{where}")]


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("{instances: []}", []),
        ("{}", [("missing-field", "instances")]),
        ("{instances: {}}", [("wrong-type", "instances")]),
        ("{instances: [{id: a}]}", [("missing-field", "instances[0].attributes")]),
        ("{instances: [{id: a, attributes: []}]}", [("wrong-type", "instances[0].attributes")]),
        (
            "{instances: [{id: a, attributes: {AWS_INSTANCE_IPV4: 10.0.0.1}, port: 1}]}",
            [("unknown-field", "instances[0].port")],
        ),
        (
            "{instances: [{id: a, attributes: {AWS_INSTANCE_IPV4: 10.0.0.1}}, "
            "{id: a, attributes: {AWS_INSTANCE_IPV4: 10.0.0.2}}]}",
            [("duplicate-instance", "instances[1].id")],
        ),
        (instances(*["AWS_INSTANCE_IPV4: 10.0.0.1"] * 1001), [("wrong-length", "instances")]),
        (
            instances(f"AWS_INSTANCE_IPV4: 10.0.0.1, {', '.join(f'k{n}: v' for n in range(30))}"),
            [("wrong-length", "instances[0].attributes")],
        ),
    ],
)
def test_the_shape_of_the_document(spec: str, found: list[tuple[str, str]]) -> None:
    assert seen(spec) == found


def test_the_kind_follows_from_the_names_which_are_all_needed() -> None:
    def codes(text: str) -> list[str]:
        return [problem.code for problem in read_resources("a.yaml", text.encode()).problems]

    assert codes(f"{{{NAMES}, spec: {{instances: []}}}}") == []
    assert codes("{namespaceName: a, serviceName: b, spec: {instances: []}}") == ["missing-name"]
    assert codes("{kind: ServiceInstances, meshName: a, spec: {instances: []}}") == [
        "missing-name",
        "missing-name",
    ]
    assert codes("{serviceName: b, replicas: 3}") == ["not-a-resource"]


def test_it_is_written_as_it_is_read() -> None:
    found = registered("cart", AT_1)
    assert native_document(found) == {
        "kind": "ServiceInstances",
        "meshName": "shop",
        "namespaceName": "shop.internal",
        "serviceName": "cart",
        "spec": {"instances": [{"id": "i-0", "attributes": AT_1}]},
    }


def town(*more: Resource, attributes: dict[str, str] | None = None) -> list[Resource]:
    return [
        a_mesh(),
        a_node("web", backends=["cart.local"]),
        a_service("cart.local", node="cart"),
        a_cloud_node("cart", 8080, service="cart", attributes=attributes),
        *more,
    ]


def warnings(*more: Resource, attributes: dict[str, str] | None = None) -> list[tuple[str, str]]:
    problems = link(town(*more, attributes=attributes)).problems
    assert all(problem.severity is Severity.WARNING for problem in problems)
    assert all(problem.path == "virtualNode/cart.yaml" for problem in problems)
    prefix = "$.spec.serviceDiscovery.awsCloudMap"
    return [(problem.code, problem.where.removeprefix(prefix)) for problem in problems]


LIVE = {"stage": "live"}


def test_a_node_whose_instances_are_known_is_right() -> None:
    assert warnings(registered("cart", {**AT_1, **LIVE, "more": "x"}), attributes=LIVE) == []
    assert warnings(registered("cart", AT_1)) == []
    assert warnings() == []


def test_a_node_that_finds_nobody_is_told() -> None:
    nobody = [("no-matching-instance", "")]
    assert warnings(registered("cart")) == nobody
    assert warnings(registered("cart", AT_1), attributes=LIVE) == nobody
    assert warnings(registered("cart", {**AT_1, "stage": "LIVE"}), attributes=LIVE) == nobody
    both = {**LIVE, "version": "2"}
    apart = [{**AT_1, **LIVE}, {**AT_1, "version": "2"}]
    assert warnings(registered("cart", *apart), attributes=both) == nobody


def test_attributes_are_nothing_that_dns_knows() -> None:
    elsewhere = [
        registered("cart", {**AT_1, **LIVE}, namespace="other"),
        registered("cart", {**AT_1, **LIVE}, mesh="lab"),
        a_mesh("lab"),
    ]
    assert warnings(*elsewhere, attributes=LIVE) == [("unfiltered-instances", ".attributes")]


def test_instances_need_their_mesh() -> None:
    (problem,) = link([registered("cart", AT_1)]).problems
    assert problem.code == "missing-mesh"


def test_instances_concern_their_nodes_and_whoever_calls_those() -> None:
    graph = link(town(a_node("other", 80), a_cloud_node("far", 80, service="far")))
    key = registered("cart").key
    assert graph.dependents([key]) == {CART, WEB}
    assert graph.dependents([registered("nobody").key]) == frozenset()
    calling = resource(
        CART,
        {
            "backends": [{"virtualService": {"virtualServiceName": "cart.local"}}],
            "serviceDiscovery": {
                "awsCloudMap": {"namespaceName": "shop.internal", "serviceName": "cart"}
            },
        },
    )
    assert relink(graph, {CART: calling}).dependents([key]) == {CART, WEB}


def test_what_instances_change_is_checked_again() -> None:
    graph = link(town(attributes=LIVE))
    for found in (
        registered("cart", AT_1),
        registered("cart", {**AT_1, **LIVE}),
        registered("cart"),
    ):
        graph = relink(graph, {found.key: found})
        assert graph.problems == link(town(found, attributes=LIVE)).problems
    graph = relink(graph, {found.key: None})
    assert graph.problems == link(town(attributes=LIVE)).problems
