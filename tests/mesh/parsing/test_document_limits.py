"""Limits of the parser against hostile files; whatever is written can be read again."""

import json

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesh.canonical import Json, JsonObject
from mesh.parsing.document import Limits, read_documents
from mesh.resource import Steps
from tests.support.spec_strategies import TRICKY

ALIAS_BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def body_of(text: str, path: str = "a.yaml") -> JsonObject:
    reading = read_documents(path, text.encode())
    assert reading.problems == ()
    (document,) = reading.documents
    return document.body


def problems_of(blob: bytes | str, path: str = "a.yaml") -> list[tuple[int, str]]:
    """Return line and code of each problem."""
    raw = blob.encode() if isinstance(blob, str) else blob
    return [(problem.line, problem.code) for problem in read_documents(path, raw).problems]


# Hostile input

DEEP = 20_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "[" * DEEP),
        ("a.yaml", "{a: " * DEEP),
        ("a.yaml", "- " * DEEP),
        ("a.yaml", "? " * DEEP),
        ("a.yaml", "".join(f"{' ' * depth}a:\n" for depth in range(300))),
        ("a.yaml", "a: " + "[" * DEEP + "]" * DEEP),
        ("a.json", "[" * DEEP + "]" * DEEP),
        ("a.json", '{"a":' * DEEP),
    ],
    ids=lambda text: text[:8].strip(),
)
def test_deep_nesting_is_a_problem_and_no_crash(path: str, text: str) -> None:
    codes = {code for _, code in problems_of(text, path)}
    assert codes & {"too-deep", "key-not-text"}


def test_an_alias_bomb_stays_small() -> None:
    reading = read_documents("a.yaml", ALIAS_BOMB.encode())
    assert reading.documents == ()
    assert {problem.code for problem in reading.problems} == {"alias"}
    assert len(reading.problems) <= Limits().max_problems


@pytest.mark.parametrize(
    ("limits", "text", "found"),
    [
        (Limits(max_depth=2), "a: [1]\n", []),
        (Limits(max_depth=2), "a:\n  - [1]\n", [(2, "too-deep")]),
        (Limits(max_documents=2), "a: 1\n---\na: 2\n", []),
        (Limits(max_documents=2), "a: 1\n---\n---\na: 2\n", [(4, "too-many-documents")]),
        (Limits(max_values=5), "a: 1\nb: 2\n", []),
        (Limits(max_values=5), "a: 1\nb: 2\nc: 3\n", [(3, "too-many-values")]),
        (
            Limits(max_values=5),
            "[1,2]\n---\n[1,2]\n",
            [(1, "not-an-object"), (3, "too-many-values")],
        ),
        (Limits(max_values=2), "a:\n  b: 1\n", [(2, "too-many-values")]),
        (Limits(max_values=2), "- a\n- []\n", [(2, "too-many-values")]),
        (Limits(max_bytes=4), "a: 1", []),
        (Limits(max_bytes=4), "a: 12", [(0, "file-too-big")]),
        (Limits(max_problems=2), "1: a\n2: b\n3: c\n", [(1, "key-not-text"), (2, "key-not-text")]),
    ],
)
def test_each_limit_holds_and_allows_what_is_within(
    limits: Limits, text: str, found: list[tuple[int, str]]
) -> None:
    problems = read_documents("a.yaml", text.encode(), limits).problems
    assert [(problem.line, problem.code) for problem in problems] == found


@pytest.mark.parametrize("path", ["a.yaml", "a.json"])
def test_a_huge_number_is_text_and_costs_nothing(path: str) -> None:
    digits = "9" * 500_000
    assert body_of(f'{{"a": {digits}}}', path) == {"a": digits}


# Laws

_SYNTAX = st.sampled_from([*"{}[]:,-?&*!|>'\"%@`#\n\t \\", "---\n", "a", "1", "\\u", *TRICKY])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(TRICKY),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
_TEXTS = st.sampled_from(TRICKY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50
)
_OBJECTS = st.dictionaries(
    _TEXTS,
    st.recursive(
        _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=10
    ),
)


@pytest.mark.parametrize("path", ["a.yaml", "a.json"])
@settings(max_examples=200, deadline=None)
@given(blob=st.binary(max_size=300) | st.lists(_SYNTAX, max_size=40).map("".join).map(str.encode))
@example(blob=ALIAS_BOMB.encode())
def test_no_bytes_whatever_raise(path: str, blob: bytes) -> None:
    reading = read_documents(path, blob)
    # YAML has more line breaks than a newline: U+0085, U+2028 and U+2029.
    lines = len(blob.decode("utf-8", "replace").splitlines()) + 2
    assert all(0 <= problem.line <= lines for problem in reading.problems)
    for document in reading.documents:
        json.dumps(document.body).encode()
        assert document.source.line(()) >= 1


@settings(max_examples=20, deadline=None)
@given(body=_OBJECTS)
def test_reading_undoes_writing(body: JsonObject) -> None:
    assert body_of(yaml.safe_dump(body)) == body
    assert body_of(json.dumps(body), "a.json") == body
    assert body_of(json.dumps(body, ensure_ascii=False, indent="\t"), "a.json") == body


@settings(max_examples=15, deadline=None)
@given(bodies=st.lists(_OBJECTS.filter(bool), max_size=4))
def test_every_part_of_every_document_has_a_line(bodies: list[JsonObject]) -> None:
    reading = read_documents("a.yaml", yaml.safe_dump_all(bodies).encode())
    assert [document.body for document in reading.documents] == bodies
    for document in reading.documents:
        assert set(document.source.lines) == set(_steps(document.body))


def _steps(value: Json, above: Steps = ()) -> list[Steps]:
    inner: list[tuple[str | int, Json]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [above, *(steps for step, part in inner for steps in _steps(part, (*above, step)))]
