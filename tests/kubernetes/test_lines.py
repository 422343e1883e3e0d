"""Problems of a manifest give the line and the path in the manifest."""

import pytest

from mesh.problems.problem import Severity
from mesh.reading.native import read_resources
from tests.support.manifests import MESH, manifest, node, told, tree_of

ROUTER = """\
listeners: [{portMapping: {port: 8080, protocol: http}}]
routes:
  - name: all
    httpRoute:
      match:
        prefix: /
      action:
        weightedTargets:
          - virtualNodeRef:
              name: cart
            weight: 1
  - name: other
    priority: 7
    tcpRoute:
      action:
        weightedTargets:
          - virtualNodeRef: {name: cart}
            weight: 1
"""
AT = "$.spec.routes[0].httpRoute"


GOOD = ROUTER[: ROUTER.index("  - name: other")]


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (("prefix: /", "prefix: cart"), (11, "bad-path", f"{AT}.match.prefix")),
        (
            ("weight: 1", "weight: 101"),
            (16, "out-of-range", f"{AT}.action.weightedTargets[0].weight"),
        ),
        (
            ("name: cart", "name: carts"),
            (14, "dangling-reference", f"{AT}.action.weightedTargets[0].virtualNodeRef"),
        ),
        (
            ("name: cart\n", "named: cart\n"),
            (14, "missing-name", f"{AT}.action.weightedTargets[0].virtualNodeRef"),
        ),
        (
            ("virtualNodeRef:\n              name: cart", "virtualNodeARN: cart"),
            (14, "wrong-pattern", f"{AT}.action.weightedTargets[0].virtualNodeARN"),
        ),
        (
            ("name: cart\n", "name: cart\n            virtualNodeARN: arn:aws:x\n"),
            (16, "at-most-one", f"{AT}.action.weightedTargets[0].virtualNodeARN"),
        ),
        (("- name: all", "- priority: 1"), (8, "missing-name", "$.spec.routes[0]")),
        (("httpRoute:", "grpcRoute:"), (11, "ignored-field", "$.spec.routes[0].grpcRoute.match")),
        (
            ("port: 8080", "port: 80800"),
            (6, "out-of-range", "$.spec.listeners[0].portMapping.port"),
        ),
        (("      match:\n        prefix: /\n", ""), (9, "missing-field", f"{AT}.match")),
    ],
)
def test_a_mistake_in_an_embedded_route_stands_at_its_line(
    edit: tuple[str, str], found: tuple[int, str, str]
) -> None:
    text = GOOD.replace(*edit, 1)
    assert text != GOOD
    tree = tree_of(manifest("VirtualRouter", "cart", text), mesh=MESH, node=node("cart"))
    place = found[2]
    assert any(
        path == "a.yaml" and (line, code) == found[:2] and where.startswith(place)
        for path, line, code, where in told(tree)
    ), told(tree)


def test_a_route_of_the_wrong_protocol_is_told_where_the_route_stands() -> None:
    text = ROUTER.replace("tcpRoute:", "tcpRoute: ")
    tree = tree_of(manifest("VirtualRouter", "cart", text), mesh=MESH, node=node("cart"))
    assert ("a.yaml", 19, "protocol-mismatch") in {each[:3] for each in told(tree)}


@pytest.mark.parametrize("route", ["http2Route", "httpRoute"])
@pytest.mark.parametrize("router", ["http", "http2", "grpc", "tcp"])
def test_a_route_of_one_http_kind_on_a_router_of_another_is_a_warning(
    route: str, router: str
) -> None:
    """As in ipnextgen/AppMeshHL7EKS; between HTTP and TCP, as in appmesh-workshop, it is wrong."""
    text = f"""\
listeners: [{{portMapping: {{port: 5000, protocol: {router}}}}}]
routes:
  - name: all
    {route}:
      match: {{prefix: /}}
      action: {{weightedTargets: [{{virtualNodeRef: {{name: cart}}, weight: 1}}]}}
"""
    tree = tree_of(manifest("VirtualRouter", "cart", text), mesh=MESH, node=node("cart"))
    found = {(p.code, p.severity, p.where) for p in tree.problems}
    spoken = route.removesuffix("Route")
    differs = ("route-protocol-differs", Severity.WARNING)
    expected = set()
    if spoken != "http":
        place = "action.weightedTargets[0].virtualNodeRef"
        expected.add((*differs, f"$.spec.routes[0].{route}.{place}"))
    if router == "tcp":
        expected.add(("protocol-mismatch", Severity.ERROR, f"$.spec.routes[0].{route}"))
        hints = [p.hint for p in tree.problems if p.code == "protocol-mismatch"]
        assert hints == [
            "write it as tcpRoute, or change the protocol of the listener on port 5000 of the "
            f"virtual router to {spoken}"
        ]
    elif router != spoken:
        expected.add((*differs, f"$.spec.routes[0].{route}"))
    assert found == expected


def test_two_routes_of_one_name_are_told_at_the_second() -> None:
    text = ROUTER.replace("name: other", "name: all").replace("tcpRoute", "httpRoute")
    text = text.replace("      action:", "      match: {prefix: /a}\n      action:")
    text = text.replace("      match: {prefix: /a}\n", "", 1)
    tree = tree_of(manifest("VirtualRouter", "cart", text), mesh=MESH, node=node("cart"))
    assert ("a.yaml", 17, "duplicate-resource", "$.spec.routes[1]") in told(tree)


def test_a_field_that_never_was_is_a_warning_and_the_rest_holds() -> None:
    text = GOOD.replace("weight: 1", "weight: 1\n            colour: red")
    tree = tree_of(MESH, node("cart"), manifest("VirtualRouter", "cart", text))
    (problem,) = tree.problems
    assert (problem.code, problem.severity) == ("ignored-field", Severity.WARNING)
    assert problem.where == f"{AT}.action.weightedTargets[0].colour"
    assert len(tree.graph.resources) == 4


def test_a_backend_that_is_not_there_is_told_at_the_group_that_names_it() -> None:
    tree = tree_of(
        MESH,
        manifest("BackendGroup", "g", "virtualservices: [{name: nowhere}]"),
        node("cart", rest="backendGroups:\n- {name: g}\n"),
    )
    (problem,) = tree.problems
    assert (problem.code, problem.where) == ("inactive-backend", "$.spec.backendGroups[0]")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "apiVersion: appmesh.k8s.aws/v1\nkind: Mesh\n",
            [(1, "kubernetes-version", "$.apiVersion")],
        ),
        (
            "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Route\nmetadata: {name: a}\n",
            [(2, "unknown-kind", "$.kind")],
        ),
        (
            "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\n",
            [(1, "missing-name", "$.metadata")],
        ),
        (
            "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata:\n  name: 7\n",
            [(4, "missing-name", "$.metadata.name")],
        ),
        (
            "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: a}\nspec: []\n",
            [(4, "wrong-type", "$.spec")],
        ),
        (
            "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: a}\nspecs: {}\n",
            [(4, "ignored-field", "$.specs")],
        ),
        (
            "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: a}\n"
            "spec:\n  namespaceSelector:\n    matchExpressions:\n    - {key: a, operator: Is}\n",
            [(7, "not-one-of", "$.spec.namespaceSelector.matchExpressions[0]")],
        ),
        (manifest("VirtualRouter", "a", "routes: {}"), [(6, "wrong-type", "$.spec.routes")]),
        (manifest("VirtualRouter", "a", "routes: [1]"), [(6, "wrong-type", "$.spec.routes[0]")]),
        (
            manifest("VirtualNode", "a", "backendGroups: 1"),
            [(6, "wrong-type", "$.spec.backendGroups")],
        ),
    ],
)
def test_a_manifest_with_a_wrong_head_says_so(text: str, found: list[tuple[int, str, str]]) -> None:
    problems = read_resources("a.yaml", text.encode()).problems
    assert [(p.line, p.code, p.where) for p in problems] == found


# ---- what is no manifest of App Mesh -------------------------------------------------------------


def test_other_objects_of_kubernetes_are_passed_by() -> None:
    text = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: "${X}"}\nspec: {replicas: 1}\n'
    assert tree_of(MESH, text).problems == ()


def test_what_only_looks_like_an_object_is_not_passed_by() -> None:
    assert [each[2] for each in told(tree_of(MESH, "apiVersion: v1\nreplicas: 1\n"))] == [
        "not-a-resource"
    ]


def test_a_list_that_kubectl_prints_is_its_items() -> None:
    text = """\
apiVersion: v1
kind: List
items:
- apiVersion: appmesh.k8s.aws/v1beta2
  kind: Mesh
  metadata: {name: shop}
- apiVersion: appmesh.k8s.aws/v1beta2
  kind: VirtualService
  metadata: {name: cart, namespace: prod, uid: x}
  spec: {awsName: "not a name", meshRef: {name: shop, uid: y}}
  status: {conditions: []}
"""
    assert [each[1:3] for each in told(tree_of(text))] == [(10, "bad-hostname")]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.yaml", manifest("Mesh", "shop", "awsName: ${MESH_NAME}"), 6),
        ("a.yaml", manifest("Mesh", "$NAME", "egressFilter: {}"), 4),
        ("a.yaml", manifest("Mesh", '"{{ .Values.mesh }}"', "{}"), 4),
        ("a.yaml", manifest("Mesh", "shop", "awsName: {{ .Values.mesh }}"), 6),
        ("a.yaml", manifest("Mesh", "${MESH}", "{}").replace("prod", "${NS}"), 4),
        ("a.yaml", "{{- if .Values.mesh }}\nkind: Mesh\n{{- end }}\n", 1),
        ("a.json", '{"spec": {\n"serviceDiscovery": {"dns": {"hostname": $DNS}}}}', 2),
    ],
)
def test_a_template_is_told_as_one_whatever_fills_it_in(path: str, text: str, line: int) -> None:
    problems = read_resources(path, text.encode()).problems
    assert [(p.line, p.code) for p in problems] == [(line, "template")]
    assert "rendered" in problems[0].hint


def test_the_format_of_a_log_may_hold_what_looks_like_a_template() -> None:
    log = (
        "logging: {accessLog: {file: {path: /dev/stdout, format: {text: '{{x}} ${Y} %PROTOCOL%'}}}}"
    )
    text = manifest("VirtualNode", "web", log)
    assert read_resources("a.yaml", text.encode()).problems == ()
    filled_in = text.replace("/dev/stdout", "'{{ path }}'")
    told = read_resources("a.yaml", filled_in.encode()).problems
    assert [p.code for p in told] == ["template"]


@pytest.mark.parametrize(
    "metadata",
    [
        'annotations: {kubectl.kubernetes.io/last-applied-configuration: \'{"x": "${Y}"}\'}',
        "managedFields: [{manager: '{{ x }}'}]",
    ],
)
def test_what_tools_note_in_a_manifest_is_no_template(metadata: str) -> None:
    head = "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\n"
    text = f"{head}metadata:\n  name: shop\n  {metadata}\nstatus: {{meshARN: $ARN}}\n"
    assert read_resources("m.yaml", text.encode()).problems == ()
    named = text.replace("name: shop", "name: ${MESH}")
    assert [p.code for p in read_resources("m.yaml", named.encode()).problems] == ["template"]
