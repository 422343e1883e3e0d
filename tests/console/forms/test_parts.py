"""A filled form shows every value, and each problem beside the field that it belongs to."""

import json
from collections.abc import Iterator

from hypothesis import given, settings

from gitmesh.console.forms.field import form_of
from gitmesh.console.forms.parts import Part, filled_form
from gitmesh.console.forms.steps import with_added, with_choice, without
from gitmesh.console.forms.values import document_of, form_values
from mesh.canonical import JsonObject
from mesh.keys import Kind
from mesh.problems.problem import Problem
from mesh.reading.native import read_resources
from mesh.resource import Resource, spec_json
from tests.support.meshes import a_node, a_route, registered
from tests.support.spec_strategies import resources


def inputs(part: Part) -> Iterator[tuple[str, str]]:
    """Yield what the inputs of a form would send."""
    if part.is_json:
        yield f"{part.name}!", "json"
    elif part.is_set and part.name and part.key is None and not part.text:
        yield f"{part.name}!", "set"
    if part.text:
        yield part.name, part.text
    for inner in (part.key, *part.parts):
        if inner is not None:
            yield from inputs(inner)


@settings(max_examples=40, deadline=None)
@given(resources())
def test_what_is_shown_is_what_is_sent(resource: Resource) -> None:
    form = form_of(resource.key.kind)
    document: JsonObject = {"spec": spec_json(resource.spec), "tags": {"team": "a", "": "b"}}
    shown = filled_form(form, document)
    assert document_of(form, inputs(shown.root)) == document
    assert dict(inputs(shown.root)) == form_values(form, document)


def beside(part: Part) -> dict[str, list[str]]:
    """Return the codes of problems by the name of the field beside which they stand."""
    found = {part.name: [each.code for each in part.problems]} if part.problems else {}
    for inner in part.parts:
        found |= beside(inner)
    return found


def test_problems_stand_beside_their_fields() -> None:
    document: JsonObject = {
        "kind": "VirtualNode",
        "meshName": "shop",
        "virtualNodeName": "cart",
        "spec": {
            "listeners": [
                {"portMapping": {"port": "80a", "protocol": "htp"}, "tsl": 1},
                {"portMapping": {"port": 70000}},
            ],
            "serviceDiscovery": {},
        },
    }
    wrong = read_resources("a.json", json.dumps(document).encode()).problems
    shown = filled_form(form_of(Kind.VIRTUAL_NODE), {"spec": document["spec"]}, wrong)
    assert beside(shown.root) == {
        "spec.listeners.0.portMapping.port": ["wrong-type"],
        "spec.listeners.0.portMapping.protocol": ["not-one-of"],
        "spec.listeners.0.tsl": ["unknown-field"],
        "spec.listeners.1.portMapping.port": ["out-of-range"],
        "spec.listeners.1.portMapping.protocol": ["missing-field"],
        "spec.serviceDiscovery": ["exactly-one"],
    }
    assert shown.elsewhere == ()


def test_a_problem_of_no_field_is_told_at_the_top() -> None:
    wrong = [
        Problem("a.yaml", 1, "$.virtualNodeName", "bad-name", "no"),
        Problem("a.yaml", 1, "$.spec.logging.accessLog", "x", "there is no access log"),
    ]
    node = a_node("cart", 80)
    shown = filled_form(form_of(node.key.kind), {"spec": spec_json(node.spec)}, wrong)
    assert [each.code for each in shown.elsewhere] == ["bad-name"]
    assert beside(shown.root)["spec.logging"] == ["x"]


def test_problems_of_a_map_stand_beside_its_entry() -> None:
    found = registered("cart", {"AWS_INSTANCE_IPV4": "nonsense", "a": "b"})
    where = "$.spec.instances[0].attributes.AWS_INSTANCE_IPV4"
    wrong = [Problem("a.yaml", 1, where, "bad-address", "no")]
    shown = filled_form(form_of(found.key.kind), {"spec": spec_json(found.spec)}, wrong)
    [name] = [name for name, codes in beside(shown.root).items() if codes == ["bad-address"]]
    assert name.startswith("spec.instances.0.attributes.")
    assert name.endswith(".value")


def test_buttons_add_and_remove() -> None:
    form = form_of(Kind.VIRTUAL_NODE)
    one = with_added(form, {}, "spec.listeners")
    assert one == {"spec": {"listeners": [{"portMapping": {}}]}}
    two = with_added(form, one, "spec.listeners")
    healthy = with_added(form, two, "spec.listeners.1.healthCheck")
    assert healthy["spec"] == {
        "listeners": [{"portMapping": {}}, {"portMapping": {}, "healthCheck": {}}]
    }
    assert without(healthy, "spec.listeners.0") == {
        "spec": {"listeners": [{"portMapping": {}, "healthCheck": {}}]}
    }
    for nonsense in ("", "spec.nothing", "spec.listeners.9", "spec.listeners.9.tls", "9.9"):
        assert with_added(form, healthy, nonsense) in (healthy, two | healthy)
        assert without(healthy, nonsense) == healthy


def test_another_choice_keeps_what_both_have() -> None:
    route = a_route("cart", "all", {"v1": 90, "v2": 10})
    form = form_of(Kind.ROUTE)
    document: JsonObject = {"spec": {**spec_json(route.spec), "priority": 7}}
    grpc = with_choice(form, document, "spec.grpcRoute")["spec"]
    assert isinstance(grpc, dict)
    assert grpc.keys() == {"grpcRoute", "priority"}
    before, after = route.spec.model_dump(by_alias=True)["httpRoute"], grpc["grpcRoute"]
    assert isinstance(after, dict)
    targets = [{"virtualNode": "v1", "weight": 90}, {"virtualNode": "v2", "weight": 10}]
    assert after["action"] == {"weightedTargets": targets}
    assert before["match"]["prefix"] == "/"
    assert after["match"] == {}
    assert with_choice(form, document, "spec.priority") == document
