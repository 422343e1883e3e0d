"""Output of the AWS CLI in all its forms: concatenated, in lists, of other services."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.importing import Answers, Imported, import_files
from mesh.keys import APP_MESH_KINDS
from mesh.problems.problem import errors
from mesh.reading.native import native_document, read_resources
from mesh.resource import Resource
from tests.support.spec_strategies import resources

NODE = {
    "meshName": "shop",
    "virtualNodeName": "web",
    "spec": {"serviceDiscovery": {"dns": {"hostname": "web.local"}}},
}
MESH = {"meshName": "shop", "spec": {}, "status": {"status": "ACTIVE"}}
KEYS = ["mesh/shop", "mesh/shop/virtualNode/web"]


def run(text: str, path: str = "x.json", **answers: Any) -> Imported:
    return import_files({path: text.encode()}, Answers(**answers))


def keys(found: Imported) -> list[str]:
    return [str(resource.key) for resource in found.resources]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"mesh": MESH}) + "\n" + json.dumps({"virtualNode": NODE}, indent=4) + "\n",
        json.dumps([{"mesh": MESH}, NODE]),
        json.dumps({"virtualNodes": [NODE]}) + json.dumps({"meshes": [{"mesh": MESH}]}),
    ],
)
def test_many_answers_in_one_file_are_as_many_documents(text: str) -> None:
    for path in ("x.json", "answers"):
        found = run(text, path)
        assert found.problems == ()
        assert keys(found) == KEYS


def test_a_problem_in_the_second_of_many_is_told_at_its_own_line() -> None:
    wrong = {**NODE, "spec": {"serviceDiscovery": {"dns": {"hostnam": "x"}}}}
    found = run(json.dumps(MESH) + "\n" + json.dumps(wrong))
    assert keys(found) == ["mesh/shop"]
    assert {problem.line for problem in found.problems} == {2}
    found = run("[\n" + json.dumps(MESH) + ",\n" + json.dumps(wrong) + "]")
    assert {problem.line for problem in found.problems} == {3}


def test_what_follows_a_value_is_still_held_to_json() -> None:
    found = run(json.dumps(MESH) + "\n}")
    assert [(p.code, p.line) for p in found.problems] == [("syntax", 2)]


@pytest.mark.parametrize(
    ("body", "words", "remedy"),
    [
        ({"virtualNodes": [{"virtualNodeName": "a"}]}, "by name", "describe-virtual-node"),
        ({"gatewayRoutes": [], "nextToken": "x"}, "by name", "describe-gateway-route"),
        ({"format_version": "1.0"}, "is empty", "terraform show -json"),
        ({"@level": "info", "@message": "hi"}, "the log", "terraform show -json"),
        ({"TemplateBody": {"Resources": 1}, "StagesAvailable": []}, "template", "gitmesh import"),
        ({"TemplateBody": "Resources: {}", "StagesAvailable": []}, "one text", "--output text"),
    ],
)
def test_what_says_nothing_of_specs_is_named_with_the_way_to_them(
    body: dict[str, Any], words: str, remedy: str
) -> None:
    (problem,) = read_resources("x.json", json.dumps(body).encode()).problems
    assert problem.code == "not-a-resource"
    assert words in problem.message
    assert remedy in problem.hint


def test_what_is_deleted_already_is_not_written_and_said() -> None:
    found = run(json.dumps({"virtualNode": {**NODE, "status": {"status": "DELETED"}}}))
    assert found.resources == ()
    assert [p.code for p in found.problems] == ["import-dropped"]


def test_a_file_for_the_spec_option_holds_the_spec_itself() -> None:
    found = run(json.dumps(NODE["spec"]), mesh="shop", name="web")
    assert found.problems == ()
    assert keys(found) == KEYS[1:]
    wrong = {"serviceDiscovery": {"dns": {"hostname": "a b"}}}
    (problem,) = run(json.dumps(wrong, indent=1), mesh="shop", name="web").problems
    assert (problem.code, problem.line, problem.where) == (
        "bad-hostname",
        4,
        "$.serviceDiscovery.dns.hostname",
    )


def test_specs_of_the_preview_are_put_into_todays_words_and_it_is_said() -> None:
    old = {"backends": ["a.local"], "serviceDiscovery": {"dns": {"serviceName": "web.local"}}}
    found = run(json.dumps({**NODE, "spec": old}))
    assert [p.code for p in found.problems] == ["import-preview", "import-preview"]
    (only,) = found.resources
    assert native_document(only)["spec"] == {
        "backends": [{"virtualService": {"virtualServiceName": "a.local"}}],
        "serviceDiscovery": {"dns": {"hostname": "web.local"}},
    }


def test_services_that_a_router_of_the_preview_lists_become_virtual_services() -> None:
    listener = {"portMapping": {"port": 80, "protocol": "http"}}
    old = {"serviceNames": ["a.local", "b.local"], "listeners": [listener]}
    found = run(json.dumps({"meshName": "shop", "virtualRouterName": "r", "spec": old}))
    assert [p.code for p in found.problems] == ["import-preview"]
    assert keys(found) == [
        *("mesh/shop/virtualRouter/r", "mesh/shop/virtualService/a.local"),
        "mesh/shop/virtualService/b.local",
    ]
    router, service, _ = map(native_document, found.resources)
    assert router["spec"] == {"listeners": [listener]}
    assert service["spec"] == {"provider": {"virtualRouter": {"virtualRouterName": "r"}}}


ONE = {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "8080"}
DISCOVERED = {"NamespaceName": "shop.local", "ServiceName": "cart", "Attributes": ONE}


def test_instances_of_cloud_map_become_a_document() -> None:
    listed = {"Instances": [{"Id": "i-1", "Attributes": ONE}]}
    (problem,) = run(json.dumps(listed), mesh="shop").problems
    assert (problem.code, problem.hint[:30]) == ("import-names", "say it: --parent … --name … (-")
    found = run(json.dumps(listed), mesh="shop", parent="shop.local", name="cart")
    answered = {"Instances": [{"InstanceId": "i-1", **DISCOVERED}]}
    again = run(json.dumps(answered), mesh="shop")
    assert found.problems == again.problems == ()
    for (only,) in (found.resources, again.resources):
        assert native_document(only) == {
            "kind": "ServiceInstances",
            "meshName": "shop",
            "namespaceName": "shop.local",
            "serviceName": "cart",
            "spec": {"instances": [{"id": "i-1", "attributes": ONE}]},
        }


def test_an_instance_that_is_unhealthy_or_wrong_is_told_at_its_place() -> None:
    sick = {"InstanceId": "i-1", "HealthStatus": "UNHEALTHY", **DISCOVERED}
    found = run(json.dumps({"Instances": [sick]}), mesh="shop")
    assert len(found.resources) == 1
    assert [(p.code, p.where) for p in found.problems] == [
        ("import-dropped", "$.Instances[0].HealthStatus")
    ]
    nameless = run(json.dumps({"Instances": [{**DISCOVERED}]}), mesh="shop")
    assert {p.where for p in errors(nameless.problems)} == {"$.Instances[0]"}


def test_configurations_of_terraform_are_told_from_what_it_shows() -> None:
    for path, text in (("main.tf", 'resource "a" "b" {}'), ("main.tf.json", "{}")):
        (problem,) = run(text, path).problems
        assert (problem.code, "terraform show -json" in problem.hint) == ("import-form", True)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(resources(*APP_MESH_KINDS), max_size=4, unique_by=lambda r: r.key))
def test_whatever_specs_say_comes_back_from_answers(originals: list[Resource]) -> None:
    text = "\n".join(json.dumps(described(resource)) for resource in originals)
    found = run(text)
    # The strategies know shapes, not every rule of a spec; what breaks one is read all the same.
    assert {r.key: r.spec for r in found.resources} == {r.key: r.spec for r in originals}


def described(resource: Resource) -> dict[str, Any]:
    """Return what ``aws appmesh describe-…`` prints of a resource."""
    body: dict[str, Any] = native_document(resource)
    del body["kind"]
    metadata = {"arn": "arn:aws:appmesh:x", "createdAt": 1700000000.25, "version": 7}
    answer = {**body, "metadata": metadata, "status": {"status": "ACTIVE"}}
    return {resource.key.kind.segment: answer}
