"""The OpenAPI description is complete, and what it describes is what the server does."""

import json
import urllib.request
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gitmesh.api.operations import BASE, OPERATIONS
from gitmesh.json_api.operations import OPERATIONS as JSON_OPERATIONS
from gitmesh.json_api.operations import PREFIX
from gitmesh.openapi.document import document
from tests.api.conftest import TOKEN, Served, serve
from tests.support.git import git

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("openapi"))
    with found.server:
        yield found


def test_the_description_has_each_operation_of_the_tables_once() -> None:
    described = {
        (method.upper(), path)
        for path, item in document()["paths"].items()
        for method in item
        if path.startswith((BASE, PREFIX))
    }
    tables = {(o.method, f"{BASE}/{'/'.join(o.path)}") for o in OPERATIONS}
    tables |= {(o.method, f"{PREFIX}{o.path}") for o in JSON_OPERATIONS}
    assert described == tables
    ids = [each["operationId"] for item in document()["paths"].values() for each in item.values()]
    assert len(set(ids)) == len(ids)


def test_the_description_is_served_to_everyone(served: Served) -> None:
    with urllib.request.urlopen(f"{served.url}/openapi.json", timeout=30) as answer:
        assert json.load(answer) == document()


DESCRIBED = [
    (method.upper(), path) for path, item in document()["paths"].items() for method in item
]


@cache
def schema() -> Any:
    """Return the description as schemathesis reads it: that takes seconds."""
    return schemathesis.openapi.from_dict(document())


def answers_as_described(served: Served, method: str, path: str, number: int) -> None:
    """Send generated requests of one operation, and check each answer."""
    headers = {"Authorization": f"Bearer {TOKEN}"}

    @settings(
        max_examples=number,
        derandomize=True,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema()[path][method].as_strategy())
    def send(case: Any) -> None:
        case.call_and_validate(base_url=served.url, headers=headers, checks=CHECKS)

    send()


@pytest.mark.parametrize(("method", "path"), DESCRIBED)
def test_what_is_described_is_what_is_answered(served: Served, method: str, path: str) -> None:
    answers_as_described(served, method, path, 3)


@pytest.mark.soak
@pytest.mark.parametrize(("method", "path"), DESCRIBED)
def test_many_requests_are_answered_as_described(served: Served, method: str, path: str) -> None:
    answers_as_described(served, method, path, 100)


def test_what_was_generated_left_a_valid_mesh(served: Served) -> None:
    assert git(served.bare, "fsck", "--strict") == ""
    assert served.client().describe_mesh(meshName="shop")["mesh"]["meshName"] == "shop"
    faults = [line for line in served.server.lines() if line["level"] == "ERROR"]
    assert faults == []


READS = [
    ("/resources", {}),
    ("/resources/{name}", {}),
    ("/history", {}),
    ("/commits/{name}", {}),
    ("/blame", {"resource": "mesh/shop"}),
    ("/state", {}),
    ("/diff", {"before": "1"}),
    ("/status", {}),
    ("/proxies", {}),
    ("/problems", {}),
    ("/events", {"after": "0.0"}),
]


@pytest.mark.parametrize(("path", "query"), READS, ids=[path for path, _ in READS])
def test_answers_of_the_json_api_have_their_shapes(
    served: Served, path: str, query: dict[str, str]
) -> None:
    name = git(served.bare, "rev-parse", "main") if "commits" in path else "mesh/shop"
    operation = schema()[f"{PREFIX}{path}"]["GET"]
    case = operation.Case(path_parameters={"name": name} if "{" in path else {}, query=query)
    answer = case.call(base_url=served.url, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    case.validate_response(answer, checks=CHECKS)
    shape = operation.definition.raw["responses"]["200"]["content"]["application/json"]["schema"]
    required = document()["components"]["schemas"][shape["$ref"].rpartition("/")[2]]["required"]
    assert answer.json().keys() >= set(required)
