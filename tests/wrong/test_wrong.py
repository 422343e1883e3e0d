"""Every wrong document is reported at its line, and never reaches the mesh."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from events.types import CommitApplied, CommitRejected
from mesh.canonical import Json
from mesh.problems.problem import errors
from reconciler.reading.tree import EMPTY
from tests.reconciler.following import following, mesh_of, run
from tests.support.git import git, put
from tests.support.manifests import go
from tests.wrong.right_kubernetes import KUBERNETES
from tests.wrong.right_native import NATIVE
from tests.wrong.table import Wrong, wrong_documents

WRONG: Final = list(wrong_documents())
RIGHT: Final = [("native", NATIVE), ("kubernetes", KUBERNETES)]
EVERY_FILE: Final = [(form, files, path) for form, files in RIGHT for path in files]


@pytest.mark.parametrize(("form", "files"), RIGHT, ids=["native", "kubernetes"])
def test_what_is_spoiled_was_right(form: str, files: dict[str, str]) -> None:
    assert list(go(EMPTY, files).tree.problems) == [], form


def test_there_are_more_than_200_of_them_and_no_two_are_the_same() -> None:
    assert len({(wrong.form, wrong.path, wrong.files[wrong.path]) for wrong in WRONG}) > 250
    assert {wrong.path for wrong in WRONG if wrong.form == "native"} == NATIVE.keys()
    assert {wrong.path for wrong in WRONG if wrong.form == "kubernetes"} == KUBERNETES.keys()
    assert len({wrong.code for wrong in WRONG}) > 35


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_document_is_told_of_by_file_and_line(wrong: Wrong) -> None:
    found = errors(go(EMPTY, wrong.files).tree.problems)
    assert (wrong.path, wrong.line, wrong.code) in [(p.path, p.line, p.code) for p in found]


Place = tuple[Any, Any]
"""What holds a value, and under which key or number."""


def places(value: Json) -> Iterator[Place]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from places(inner)


@pytest.mark.parametrize(
    ("form", "files", "path"), EVERY_FILE, ids=[f"{form}-{path}" for form, _, path in EVERY_FILE]
)
def test_a_value_of_the_wrong_shape_anywhere_refuses_the_commit(
    form: str, files: dict[str, str], path: str
) -> None:
    """A list in place of a plain value, and a plain value in place of a list or an object."""
    right = list(yaml.safe_load_all(files[path]))
    for number in range(len(list(places(right)))):
        documents = copy.deepcopy(right)
        holder, key = list(places(documents))[number]
        holder[key] = 7 if isinstance(holder[key], dict | list) else [["x"]]
        text = yaml.safe_dump_all(documents, sort_keys=False)
        found = errors(go(EMPTY, {**files, path: text}).tree.problems)
        assert [p for p in found if p.path == path and 1 <= p.line <= text.count("\n") + 1], text


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(EVERY_FILE), data=st.data())
def test_a_field_under_another_name_is_told_of_by_its_line(
    which: tuple[str, dict[str, str], str], data: st.DataObject
) -> None:
    form, files, path = which
    lines = files[path].split("\n")
    inside = lines.index("spec:")
    keys = [n for n, line in enumerate(lines) if n > inside and ":" in line.partition('"')[0]]
    if path == "instances.yaml":  # what an instance is known by has any name
        keys = [n for n in keys if not lines[n].startswith(" " * 8)]
    chosen = data.draw(st.sampled_from([n for n in keys if "apiVersion" not in lines[n]]))
    lines[chosen] = lines[chosen].replace(":", "Xx:", 1)
    found = go(EMPTY, {**files, path: "\n".join(lines)}).tree.problems
    assert found
    if form == "native":  # Kubernetes drops what it does not know, and metadata has much of that
        assert chosen + 1 in [p.line for p in errors(found) if p.path == path]


ANY: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x" * 2000, "${X}", "{{ x }}", "*", "\x7f", "é", "a b", "%", "["]),
    st.builds(list),
    st.builds(dict),
)


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(EVERY_FILE), data=st.data())
def test_whatever_a_value_becomes_nothing_breaks_and_lines_are_of_the_file(
    which: tuple[str, dict[str, str], str], data: st.DataObject
) -> None:
    _, files, path = which
    documents = list(yaml.safe_load_all(files[path]))
    for _ in range(data.draw(st.integers(1, 4))):
        holder, key = data.draw(st.sampled_from(list(places(documents))))
        holder[key] = data.draw(ANY)
    text = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True)
    for problem in go(EMPTY, {**files, path: text}).tree.problems:
        assert problem.message
        assert problem.path in files
        assert problem.path != path or 0 <= problem.line <= text.count("\n") + 1


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(EVERY_FILE), data=st.data())
def test_whatever_becomes_of_the_text_nothing_breaks(
    which: tuple[str, dict[str, str], str], data: st.DataObject
) -> None:
    _, files, path = which
    text = files[path]
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(len(text), at + 30)))
    new = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
    spoiled = text[:at] + new + text[end:]
    for problem in go(EMPTY, {**files, path: spoiled}).tree.problems:
        assert problem.path in files
        assert problem.message


@pytest.mark.parametrize(("form", "files"), RIGHT, ids=["native", "kubernetes"])
def test_none_of_a_sample_reaches_the_log_as_applied(
    form: str, files: dict[str, str], tmp_path: Path
) -> None:
    sample = [wrong for wrong in WRONG if wrong.form == form][::4]

    async def steps() -> None:
        origin = tmp_path / "origin.git"
        git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
        good = put(origin, files)
        async with following(origin, tmp_path / "log.db") as at:
            before = await at.until(good)
            assert before.resources == mesh_of(origin, good)
            for minute, wrong in enumerate(sample, 1):
                bad = put(origin, wrong.files, minute=minute)
                after = await at.until(bad)
                assert after.resources == before.resources
                assert after.commit == good
                rejected = at.events()[-1]
                assert isinstance(rejected, CommitRejected), wrong
                assert rejected.facts.commit == bad
                places = [(p["path"], p["line"], p["code"]) for p in rejected.problems]
                assert (wrong.path, wrong.line, wrong.code) in places
            story = [e for e in at.events() if isinstance(e, CommitApplied | CommitRejected)]
            assert [e.facts.commit for e in story if isinstance(e, CommitApplied)] == [good]
            assert len(story) == 1 + len(sample) > 10

    run(steps())
