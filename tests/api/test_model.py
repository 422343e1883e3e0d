"""Random sequences of operations come to what a small model of App Mesh's rules says."""

from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.api.conftest import ACCOUNT, Served
from tests.support.app_mesh_model import PARENT, MeshModel, Name, Refused
from tests.support.command_line import gitmesh

MESHES = count()
KINDS = {
    "virtualNode": "VirtualNode", "virtualRouter": "VirtualRouter", "route": "Route",
    "virtualService": "VirtualService", "virtualGateway": "VirtualGateway",
    "gatewayRoute": "GatewayRoute",
}  # fmt: skip
WORDS = {
    "virtualNode": ["n", "m/x"], "virtualRouter": ["r", "q r"], "route": ["one", "two/é"],
    "virtualService": ["s.local", "t.local"], "virtualGateway": ["g", "h"],
    "gatewayRoute": ["in", "out"],
}  # fmt: skip
HTTP = {"portMapping": {"port": 8080, "protocol": "http"}}


def listening(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    logging = {"logging": {"accessLog": {"file": {"path": "/dev/stdout"}}}}
    found: dict[str, Any] = {"listeners": [HTTP]}
    if kind == "virtualNode":
        found |= {"serviceDiscovery": {"dns": {"hostname": "a.local"}}}
    return st.sampled_from([found] if kind == "virtualRouter" else [found, found | logging])


def routing(action: dict[str, Any], prefix: str, priority: int) -> dict[str, Any]:
    return {
        "priority": priority,
        "httpRoute": {"match": {"prefix": f"/{prefix}"}, "action": action},
    }


def targets(nodes: set[str]) -> dict[str, Any]:
    return {"weightedTargets": [{"virtualNode": n, "weight": 1} for n in sorted(nodes)]}


def specs(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return specs that are right by themselves; what they refer to may be missing."""
    nodes, routers = st.sampled_from(WORDS["virtualNode"]), st.sampled_from(WORDS["virtualRouter"])
    match kind:
        case "route":
            actions = st.sets(nodes, min_size=1).map(targets)
            return st.builds(routing, actions, st.just("a"), st.integers(0, 1))
        case "gatewayRoute":
            actions = st.sampled_from(WORDS["virtualService"]).map(
                lambda name: {"target": {"virtualService": {"virtualServiceName": name}}}
            )
            return st.builds(routing, actions, st.just("b"), st.integers(0, 1))
        case "virtualService":
            return st.one_of(
                st.just({}),
                nodes.map(lambda n: {"provider": {"virtualNode": {"virtualNodeName": n}}}),
                routers.map(lambda n: {"provider": {"virtualRouter": {"virtualRouterName": n}}}),
            )
    return listening(kind)


def names(kind: str) -> st.SearchStrategy[Name]:
    own = st.sampled_from(WORDS[kind])
    if kind not in PARENT:
        return st.tuples(st.just(kind), own)
    return st.tuples(st.just(kind), st.sampled_from(WORDS[PARENT[kind]]), own)


KIND = st.sampled_from(list(KINDS))
NAME = KIND.flatmap(names)
TAGS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "1", "no"]))


class Sequences(RuleBasedStateMachine):
    """One mesh that the server and the model both have."""

    client: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.mesh = f"model-{next(MESHES)}"
        self.model = MeshModel()
        self.client.create_mesh(meshName=self.mesh)

    @rule(new=NAME.flatmap(lambda n: st.tuples(st.just(n), specs(n[0]))), tags=TAGS)
    def create(self, new: tuple[Name, dict[str, Any]], tags: dict[str, str]) -> None:
        name, spec = new
        given = [{"key": key, "value": value} for key, value in tags.items()]
        made = self._both(
            lambda: self.model.create(name, spec, tags), "Create", name, spec=spec, tags=given
        )
        self._is_known(name, made)

    @rule(new=NAME.flatmap(lambda n: st.tuples(st.just(n), specs(n[0]))))
    def update(self, new: tuple[Name, dict[str, Any]]) -> None:
        name, spec = new
        made = self._both(lambda: self.model.update(name, spec), "Update", name, spec=spec)
        self._is_known(name, made)

    @rule(name=NAME)
    def delete(self, name: Name) -> None:
        made = self._both(lambda: self.model.delete(name), "Delete", name)
        assert made is None or made["status"]["status"] == "DELETED"

    @rule(name=NAME)
    def describe(self, name: Name) -> None:
        self._is_known(name, self._both(lambda: self.model.describe(name), "Describe", name))

    @rule(name=NAME, size=st.integers(1, 3))
    def list_some(self, name: Name, size: int) -> None:
        kind = name[0]
        parent = name[1] if kind in PARENT else None
        arguments = {f"{PARENT[kind]}Name": parent} if parent else {}
        operation = self.client.get_paginator(f"list_{snake(kind)}s")
        try:
            expected: Any = self.model.names(kind, parent)
        except Refused as refused:
            expected = refused.error
        try:
            pages = operation.paginate(
                meshName=self.mesh, **arguments, PaginationConfig={"PageSize": size}
            )
            found: Any = [item[f"{kind}Name"] for page in pages for item in page[f"{kind}s"]]
            assert len(set(found)) == len(found)
            found = sorted(found)
        except ClientError as error:
            found = error.response["Error"]["Code"]
        assert found == expected

    @rule(name=NAME, tags=TAGS)
    def tag(self, name: Name, tags: dict[str, str]) -> None:
        given = [{"key": key, "value": value} for key, value in tags.items()]
        self._both_about(name, lambda: self.model.tag(name, tags), "tag_resource", tags=given)

    @rule(name=NAME, keys=st.lists(st.sampled_from("abc"), unique=True))
    def untag(self, name: Name, keys: list[str]) -> None:
        self._both_about(name, lambda: self.model.untag(name, keys), "untag_resource", tagKeys=keys)

    @rule(name=NAME)
    def list_tags(self, name: Name) -> None:
        found = self._both_about(name, lambda: self.model.describe(name), "list_tags_for_resource")
        if found is not None:
            tags = {tag["key"]: tag["value"] for tag in found["tags"]}
            assert tags == self.model.resources[name].tags

    @precondition(lambda self: self.model.resources)
    @rule()
    def the_mesh_is_in_use(self) -> None:
        with pytest.raises(ClientError, match="ResourceInUseException"):
            self.client.delete_mesh(meshName=self.mesh)

    def _both(self, model: Any, verb: str, name: Name, **arguments: Any) -> Any:
        """Return what the service returns, if the model allows it; both must refuse alike."""
        kind = name[0]
        keys = {"meshName": self.mesh, f"{kind}Name": name[-1]}
        if kind in PARENT:
            keys[f"{PARENT[kind]}Name"] = name[1]
        call = getattr(self.client, f"{verb.lower()}_{snake(kind)}")
        found = self._alike(model, lambda: call(**keys, **arguments))
        return None if found is None else found[kind]

    def _both_about(self, name: Name, model: Any, operation: str, **arguments: Any) -> Any:
        path = "/".join([PARENT[name[0]], name[1]] if name[0] in PARENT else [])
        arn = f"arn:aws:appmesh:eu-west-1:{ACCOUNT}:mesh/{self.mesh}/"
        arn += "/".join(filter(None, [path, name[0], name[-1]]))
        call = getattr(self.client, operation)
        return self._alike(model, lambda: call(resourceArn=arn, **arguments))

    def _alike(self, model: Any, call: Any) -> Any:
        expected = found = None
        answer = None
        try:
            model()
        except Refused as refused:
            expected = refused.error
        try:
            answer = call()
        except ClientError as error:
            found = error.response["Error"]["Code"]
        assert found == expected
        return answer

    def _is_known(self, name: Name, found: Any) -> None:
        if found is not None:
            known = self.model.resources[name]
            assert (found["spec"], found["metadata"]["version"]) == (known.spec, known.version)
            assert (found[f"{name[0]}Name"], found["meshName"]) == (name[-1], self.mesh)


def snake(kind: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)


def compare(served: Served, sequences: int) -> None:
    machine = type("OfThisServer", (Sequences,), {"client": served.client()})
    few = settings(
        max_examples=sequences,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    run_state_machine_as_test(machine, settings=few)
    assert gitmesh("verify", served.bare).code == 0


def test_sequences_are_as_the_model_says(served: Served) -> None:
    compare(served, 10)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_many_sequences_are_as_the_model_says(served: Served) -> None:
    compare(served, 200)
