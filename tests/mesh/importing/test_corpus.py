"""Public CloudFormation templates: all resources are imported, and whole meshes link."""

import json
from collections import Counter
from pathlib import Path

import pytest

from mesh.canonical import Json
from mesh.importing import Answers, Imported, import_files
from mesh.importing.cloudformation.tagged_yaml import read_tagged_yaml
from mesh.importing.layout import files_of
from mesh.linking import link
from mesh.parsing.document import read_documents
from mesh.problems.problem import errors
from mesh.reading.native import native_document, read_resources
from mesh.tidy import tidied

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")

ACCOUNT = "arn:aws:acm:eu-west-1:111122223333"
PARAMETERS = {
    "AppMeshMeshName": "shop",
    "CertificateArn": f"{ACCOUNT}:certificate/one",
    "CertificateAuthorityArn": f"{ACCOUNT}:certificate-authority/one",
    "EnableClientValidationFlag": "true",
    "EnvironmentName": "dev",
    "MeshName": "shop",
    "ProjectName": "shop",
    "ServicesDomain": "shop.local",
}
"""Every parameter without a default that a mesh of the corpus asks for."""

NO_WHOLE_MESH = {
    "examples/apps/colorapp/servicemesh/appmesh-colorapp.yaml": "its mesh is a parameter",
    "walkthroughs/fargate/appmesh-colorapp.yaml": "its mesh is a parameter",
}


def templates() -> dict[str, dict[str, int]]:
    if not CORPUS.is_dir():
        return {}
    inventory = json.loads((CORPUS / "INVENTORY.json").read_text())
    return {e["path"]: e["resources"] for e in inventory if e["format"] == "cfn"}


def imported(path: str, parameters: dict[str, str] = PARAMETERS) -> Imported:
    return import_files({path: (CORPUS / path).read_bytes()}, Answers(parameters))


def test_every_resource_of_every_template_is_imported_without_an_error() -> None:
    found: Counter[str] = Counter()
    for path, expected in templates().items():
        reading = imported(path)
        assert errors(reading.problems) == [], path
        kinds = Counter(resource.key.kind.value for resource in reading.resources)
        assert kinds == expected, path
        found += kinds
    assert len(templates()) == 8
    assert found.total() == 69


def test_every_template_that_holds_a_whole_mesh_links_after_import() -> None:
    linked = {}
    for path in templates():
        reading = imported(path)
        wrong = errors(link(reading.resources).problems)
        linked[path] = {problem.code for problem in wrong}
    assert {path for path, codes in linked.items() if codes} == NO_WHOLE_MESH.keys()
    assert all(linked[path] == {"missing-mesh"} for path in NO_WHOLE_MESH)
    assert sum(not codes for codes in linked.values()) == 6


@pytest.mark.parametrize("path", sorted(NO_WHOLE_MESH))
def test_the_others_link_once_their_mesh_is_there(path: str) -> None:
    mesh = b'{"kind": "Mesh", "meshName": "shop"}'
    files = {path: (CORPUS / path).read_bytes(), "mesh.json": mesh}
    reading = import_files(files, Answers(PARAMETERS))
    assert errors(link(reading.resources).problems) == []


@pytest.mark.parametrize("path", sorted(templates()))
def test_what_is_written_reads_back_as_the_same_and_is_tidy(path: str) -> None:
    resources = imported(path).resources
    files = files_of(resources)
    assert len(files) == len(resources)
    read = [
        r for name, text in files.items() for r in read_resources(name, text.encode()).resources
    ]
    assert sorted(read, key=lambda r: r.key) == list(resources)
    for name, text in files.items():
        assert tidied(name, text.encode()).text == text


@pytest.mark.parametrize("path", sorted(templates()))
def test_no_value_of_a_template_is_lost(path: str) -> None:
    """Every plain text and number below a resource's Spec is in its document, as often."""
    reading = read_documents(path, (CORPUS / path).read_bytes(), read=read_tagged_yaml)
    (document,) = reading.documents
    resources = document.body["Resources"]
    assert isinstance(resources, dict)
    written = Counter[str]()
    for resource in resources.values():
        assert isinstance(resource, dict)
        if str(resource["Type"]).startswith("AWS::AppMesh::"):
            written += leaves(resource["Properties"], functions=False)
    found = Counter[str]()
    for each in imported(path).resources:
        found += leaves(native_document(each), functions=True)
    assert written.total() > 10
    assert written - found == Counter()


def leaves(value: Json, *, functions: bool) -> Counter[str]:
    """Count scalars; what functions work out is left to other tests."""
    if isinstance(value, dict):
        if not functions and any(key == "Ref" or key.startswith("Fn::") for key in value):
            return Counter()
        return sum((leaves(v, functions=functions) for v in value.values()), Counter())
    if isinstance(value, list):
        return sum((leaves(v, functions=functions) for v in value), Counter())
    return Counter([str(value).lower()])


@pytest.mark.parametrize("path", sorted(templates()))
def test_without_answers_every_question_is_asked_once_and_by_name(path: str) -> None:
    reading = imported(path, {})
    asked = [p for p in reading.problems if p.code == "import-parameter"]
    names = [problem.hint.split("'")[1].removesuffix("=…") for problem in asked]
    assert names
    assert len(names) == len(set(names))
    assert set(names) <= PARAMETERS.keys()
    assert all(problem.line for problem in asked)
    assert {problem.code for problem in errors(reading.problems)} == {"import-parameter"}
    again = imported(path, {name: PARAMETERS[name] for name in names})
    assert errors(again.problems) == []
