"""Every problem code is documented, and every documented code is used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh.problems.codes import CODES, SECTIONS, page

ROOT = Path(__file__).parents[3]
REGISTRY = {
    "codes.py",
    "document_codes.py",
    "import_codes.py",
    "proxyless_codes.py",
}
MAKERS = {"Problem", "problem", "error", "warning", "spoil", "break_off", "limit"}
"""Calls that make a problem. The code is their only text that is a single word."""

WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
NOT_CODES = {
    "utf-8",
    "utf-8-sig",
    "client-error",
    "gateway-error",
    "server-error",
    "stream-error",
    "connection-error",
    "content-type",
    "x-forwarded-proto",
    "x-request-id",
    "x-gitmesh-virtual-service-port",
    "x-app-mesh-virtual-service",
}
"""Encodings, App Mesh's retry events, and headers."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("mesh", "reconciler", "xds/translate/proxyless", "gitmesh/shifts"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name not in REGISTRY and path.parent.name != "spec":
                yield path, ast.parse(path.read_text())


def texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def codes_given(tree: ast.Module) -> Iterator[str]:
    """The literals that stand where a call takes a problem's code."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        given = [*node.args] if called in MAKERS else []
        given += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        for each in given:
            if isinstance(each, ast.Constant) and WORD.fullmatch(str(each.value)):
                yield str(each.value)


def test_the_page_says_what_the_registry_says() -> None:
    assert (ROOT / "docs" / "problems.md").read_text() == page(), (
        "docs/problems.md is stale: python -m mesh.problems.codes > docs/problems.md"
    )


def test_every_code_that_a_problem_is_made_with_is_documented() -> None:
    found = [(path.name, code) for path, tree in sources() for code in codes_given(tree)]
    assert len(found) > 40, "the calls that make problems have changed their names"
    assert [(name, code) for name, code in found if code not in CODES] == []


def test_every_text_that_looks_like_a_code_is_documented() -> None:
    """Codes also travel through tables and helpers, where no call shows them."""
    looks = {
        (path.name, text)
        for path, tree in sources()
        for text in texts(tree)
        if path.is_relative_to(ROOT / "mesh") and KEBAB.fullmatch(text)
    }
    assert {(name, text) for name, text in looks if text not in CODES} <= {
        (name, text) for name, text in looks if text in NOT_CODES
    }


def test_every_documented_code_is_used() -> None:
    used = {text for _, tree in sources() for text in texts(tree)}
    assert sorted(set(CODES) - used) == []


def test_a_code_stands_in_one_chapter_only() -> None:
    assert sum(len(codes) for codes in SECTIONS.values()) == len(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_says_what_it_means_and_what_to_do(code: str) -> None:
    doc = CODES[code]
    assert WORD.fullmatch(code)
    assert doc.meaning.endswith(".")
    assert doc.remedy.endswith(".")


def test_a_code_given_in_a_call_is_found() -> None:
    calls = (
        'Problem("a.yaml", 1, "$", "one", "a message")',
        's.problem((), "two", "a message")',
        'f(code="three")',
    )
    assert [list(codes_given(ast.parse(call))) for call in calls] == [["one"], ["two"], ["three"]]
