"""The answers of the wizard become a service that a push would accept."""

import json

import pytest

from gitmesh.console.wizard.answers import answers_of
from gitmesh.console.wizard.resources import placed, question_of, specs_of, step_of
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.problems.problem import Problem, errors
from mesh.reading.native import native_document, read_resources
from mesh.resource import Resource, spec_from_json

FIRST = {"mesh": "shop", "service": "cart.shop.internal"}


@pytest.mark.parametrize("protocol", ["http", "http2", "grpc", "tcp"])
@pytest.mark.parametrize("health", ["", "on"])
def test_usual_answers_make_a_valid_service(protocol: str, health: str) -> None:
    answers = answers_of({**FIRST, "protocol": protocol, "health": health, "log": "/dev/stdout"})
    made = [Resource(key, spec_from_json(key, spec)) for key, spec in specs_of(answers).items()]
    assert errors(link(made).problems) == []
    for each in made:
        text = json.dumps(native_document(each)).encode()
        assert errors(read_resources("a.json", text).problems) == []
    assert sorted(str(each.key) for each in made) == [
        "mesh/shop",
        "mesh/shop/virtualNode/cart-v1",
        "mesh/shop/virtualRouter/cart",
        "mesh/shop/virtualRouter/cart/route/all",
        "mesh/shop/virtualService/cart.shop.internal",
    ]


def test_what_is_typed_is_kept_and_told_beside_its_question() -> None:
    answers = answers_of(
        {**FIRST, "port": "80a", "target_0": "v1", "weight_0": "90", "target_3": "v2",
         "weight_3": "ten", "nonsense": "x"}
    )  # fmt: skip
    assert "nonsense" not in answers.given
    specs = specs_of(answers)
    node = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart-v1")
    route = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")
    assert specs[node]["listeners"] == [{"portMapping": {"port": "80a", "protocol": "http"}}]
    where = "$.spec.httpRoute.action.weightedTargets[1]"
    found = placed(
        answers,
        [
            (node, Problem("a", 1, "$.spec.listeners[0].portMapping.port", "wrong-type", "no")),
            (route, Problem("a", 1, f"{where}.weight", "wrong-type", "no")),
            (route, Problem("a", 1, f"{where}.virtualNode", "dangling-reference", "no")),
            (route, Problem("a", 1, "$.spec.priority", "x", "no")),
        ],
    )
    assert found.keys() == {"port", "weight_3", "target_3", ""}
    assert [step_of(each) for each in found] == ["listener", "route", "route", "review"]
    assert question_of(answers, route, "$.spec.httpRoute.match.prefix") == "prefix"


def test_steps_that_were_not_reached_add_nothing() -> None:
    answers = answers_of(FIRST)
    assert [key.kind for key in specs_of(answers, "service")] == [Kind.MESH, Kind.VIRTUAL_SERVICE]
    node = specs_of(answers, "node")[ResourceKey.parse("mesh/shop/virtualNode/cart-v1")]
    assert node == {"serviceDiscovery": {"dns": {"hostname": "cart-v1.internal"}}}
    assert specs_of(answers_of({}), "review") == {}
