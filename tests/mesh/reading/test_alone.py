"""Validation of single specs without names, such as files for the AWS CLI."""

import json

import pytest

from mesh.canonical import JsonObject
from mesh.keys import Kind
from mesh.parsing.inference import kinds_of
from mesh.reading.native import read_resources
from mesh.reading.unnamed import Alone, read_alone
from tests.mesh.reading.test_corpus import CORPUS, needs_corpus

LISTENER: JsonObject = {"portMapping": {"port": 80, "protocol": "http"}}
TARGETS: JsonObject = {"weightedTargets": [{"virtualNode": "a", "weight": 1}]}
TARGET: JsonObject = {"target": {"virtualService": {"virtualServiceName": "a"}}}
ROUTER_OR_GATEWAY = (Kind.VIRTUAL_ROUTER, Kind.VIRTUAL_GATEWAY)


@pytest.mark.parametrize(
    ("spec", "kinds"),
    [
        ({}, (Kind.MESH,)),
        ({"egressFilter": {"type": "ALLOW_ALL"}}, (Kind.MESH,)),
        ({"serviceDiscovery": {"ipPreference": "IPv4_ONLY"}}, (Kind.MESH,)),
        ({"provider": {"virtualNode": {"virtualNodeName": "a"}}}, (Kind.VIRTUAL_SERVICE,)),
        ({"serviceDiscovery": {"dns": {"hostname": "a.b"}}}, (Kind.VIRTUAL_NODE,)),
        ({"serviceDiscovery": {"dns": {}}, "listeners": [LISTENER]}, (Kind.VIRTUAL_NODE,)),
        ({"backends": []}, (Kind.VIRTUAL_NODE,)),
        ({"logging": {}}, (Kind.VIRTUAL_NODE,)),
        ({"httpRoute": {"action": TARGETS}}, (Kind.ROUTE,)),
        ({"tcpRoute": {"action": TARGETS}}, (Kind.ROUTE,)),
        ({"grpcRoute": {"action": TARGET}}, (Kind.GATEWAY_ROUTE,)),
        ({"listeners": [LISTENER]}, ROUTER_OR_GATEWAY),
        ({"listeners": [{"portMapping": {"port": 1, "protocol": "tcp"}}]}, (Kind.VIRTUAL_ROUTER,)),
        ({"listeners": [{**LISTENER, "tls": {}}]}, (Kind.VIRTUAL_GATEWAY,)),
        ({"listeners": [LISTENER], "logging": {}}, (Kind.VIRTUAL_GATEWAY,)),
        ({"listeners": [{**LISTENER, "timeout": {}}]}, (Kind.VIRTUAL_NODE,)),
        ({"listeners": []}, ()),
        ({"listeners": 7}, ()),
        ({"priority": 1}, ()),
        ([], ()),
        ({"httpRoute": 1, "serviceDiscovery": 2}, ()),
    ],
)
def test_the_shape_of_a_spec_tells_its_kind_where_it_can(
    spec: JsonObject, kinds: tuple[Kind, ...]
) -> None:
    assert kinds_of(spec) == kinds


def alone(spec: JsonObject, kind: Kind | None = None) -> Alone:
    return read_alone("a.json", json.dumps({"spec": spec}, indent=1).encode(), kind)


def test_a_good_spec_needs_no_names() -> None:
    found = alone({"tcpRoute": {"action": TARGETS}})
    assert (found.resources, found.problems) == (1, ())
    assert [(bare.line, bare.kind) for bare in found.bare] == [(2, Kind.ROUTE)]


def test_a_spec_need_not_even_say_that_it_is_one() -> None:
    """What ``aws appmesh … --spec`` takes."""
    good = {"tcpRoute": {"action": TARGETS}}
    found = read_alone("a.json", json.dumps(good).encode())
    assert (found.resources, found.problems) == (1, ())
    assert [(bare.line, bare.kind) for bare in found.bare] == [(1, Kind.ROUTE)]
    bad = {"tcpRoute": {"action": {"weightedTargets": [{"virtualNode": "a"}]}}}
    (problem,) = read_alone("a.json", json.dumps(bad, indent=1).encode()).problems
    assert (problem.line, problem.code) == (5, "missing-field")
    assert problem.where == "$.tcpRoute.action.weightedTargets[0]"


def test_a_bad_spec_is_told_as_the_kind_it_is() -> None:
    found = alone({"tcpRoute": {"action": {"weightedTargets": [{"virtualNode": "a"}]}}})
    assert [(p.line, p.code) for p in found.problems] == [(6, "missing-field")]
    assert found.problems[0].where == "$.spec.tcpRoute.action.weightedTargets[0].weight"


def test_what_fits_two_kinds_is_a_question_until_it_is_answered() -> None:
    (problem,) = alone({"listeners": [LISTENER]}).problems
    assert (problem.code, problem.line, problem.where) == ("ambiguous-spec", 2, "$.spec")
    assert "VirtualRouter or a VirtualGateway" in problem.message
    assert "--kind VirtualRouter" in problem.hint
    answered = alone({"listeners": [LISTENER]}, Kind.VIRTUAL_GATEWAY)
    assert answered.problems == ()
    assert answered.bare[0].kind is Kind.VIRTUAL_GATEWAY


def test_an_answer_does_not_overrule_a_shape() -> None:
    assert alone({"provider": {}}, Kind.MESH).bare[0].kind is Kind.VIRTUAL_SERVICE


def test_some_names_may_be_missing_too() -> None:
    document = {"routeName": "all", "spec": {"tcpRoute": {"action": TARGETS}}}
    text = json.dumps(document).encode()
    assert [p.code for p in read_resources("a.json", text).problems] == ["missing-name"] * 2
    assert read_alone("a.json", text).problems == ()


def test_names_that_are_there_must_be_right() -> None:
    text = b'{"routeName": 7, "spec": {}}'
    assert "wrong-type" in {p.code for p in read_alone("a.json", text).problems}


@pytest.mark.parametrize("text", ["a: 1\n", "kind: Nothing\nspec: {}\n", "- a\n", "kind: [\n"])
def test_what_is_no_spec_is_told_as_ever(text: str) -> None:
    told = read_resources("a.yaml", text.encode()).problems
    assert read_alone("a.yaml", text.encode()).problems == told != ()


AMBIGUOUS = 6
"""Files of the corpus whose spec has a listener and no more."""


@needs_corpus
def test_every_cli_file_of_the_corpus_is_checked_alone_or_asks_for_its_kind() -> None:
    inventory = json.loads((CORPUS / "INVENTORY.json").read_text())
    asked = 0
    for entry in (entry for entry in inventory if entry["format"] == "cli"):
        (kind,) = entry["resources"]
        blob = (CORPUS / entry["path"]).read_bytes()
        found = read_alone(entry["path"], blob)
        codes = {p.code for p in found.problems if p.severity == "error"}
        if codes:
            asked += 1
            assert codes == {"ambiguous-spec"}, entry["path"]
            found = read_alone(entry["path"], blob, Kind(kind))
        assert [p for p in found.problems if p.severity == "error"] == [], entry["path"]
        assert {bare.kind for bare in found.bare} <= {Kind(kind)}, entry["path"]
    assert asked == AMBIGUOUS
