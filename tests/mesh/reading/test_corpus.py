"""Specs of App Mesh's own examples load, or report what they lack."""

import json
from collections import Counter
from pathlib import Path

import pytest

from mesh.keys import Kind
from mesh.parsing.identity import name_fields
from mesh.problems.problem import Severity, errors
from mesh.reading.native import read_resources

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"


def _cli_files() -> list[tuple[str, Kind]]:
    if not CORPUS.is_dir():
        return []
    inventory = json.loads((CORPUS / "INVENTORY.json").read_text())
    return [
        (entry["path"], Kind(kind))
        for entry in inventory
        if entry["format"] == "cli"
        for kind in entry["resources"]
    ]


needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")


@needs_corpus
def test_every_cli_file_of_the_corpus_either_loads_or_asks_for_names() -> None:
    outcomes: Counter[str] = Counter()
    for path, kind in _cli_files():
        blob = (CORPUS / path).read_bytes()
        reading = read_resources(path, blob)
        if set(name_fields(kind)) <= json.loads(blob).keys():
            assert errors(reading.problems) == [], path
            outcomes["loaded"] += 1
        else:
            assert {problem.code for problem in reading.problems} == {"missing-name"}, path
            assert all("meshName" in problem.hint for problem in reading.problems), path
            outcomes["asked for names"] += 1
    # In all that the corpus ships, some name stands in the shell script beside the file.
    assert outcomes == {"asked for names": 66}


@needs_corpus
def test_every_cli_file_of_the_corpus_loads_once_it_has_names() -> None:
    kinds: Counter[str] = Counter()
    for path, kind in _cli_files():
        names = dict.fromkeys(name_fields(kind), "x")
        document = {**names, **json.loads((CORPUS / path).read_bytes())}
        reading = read_resources(path, json.dumps(document, indent=2).encode())
        assert errors(reading.problems) == [], path
        assert {problem.severity for problem in reading.problems} <= {Severity.WARNING}
        kinds.update(resource.key.kind.value for resource in reading.resources)
    assert sum(kinds.values()) == 66


@needs_corpus
def test_templates_of_the_corpus_say_what_to_do_instead() -> None:
    inventory = json.loads((CORPUS / "INVENTORY.json").read_text())
    for path in [entry["path"] for entry in inventory if entry["format"] == "cfn"]:
        reading = read_resources(path, (CORPUS / path).read_bytes())
        assert reading.resources == (), path
        assert {problem.code for problem in reading.problems} <= {"tag", "cloudformation-form"}
        assert reading.problems, path
