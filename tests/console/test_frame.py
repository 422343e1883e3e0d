"""What is around every page: headers, languages, colours, errors, static files."""

import ast
import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pytest

from tests.console import texts
from tests.console.conftest import Served, Visitor

ROOT = Path(__file__).parents[2]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def test_vendored_files_are_those_of_the_manifest() -> None:
    vendor = files("gitmesh.console") / "static" / "vendor"
    listed = json.loads((vendor / "manifest.json").read_text())
    hashes = {
        name: hashlib.sha256((vendor / name).read_bytes()).hexdigest()
        for entry in vendor.iterdir()
        if (name := entry.name) != "manifest.json"
    }
    assert hashes == {
        name: file["sha256"] for each in listed for name, file in each["files"].items()
    }
    assert all(each["version"] and each["licence"] for each in listed)


def test_every_text_is_translated() -> None:
    assert texts.untranslated("zh") == [], "python -m tests.console.texts, then translate"
    assert texts.superfluous("zh") == [], "python -m tests.console.texts"
    assert texts.mismatched("zh") == [], "the values in a translation are those of its text"


def _is_text(node: ast.expr) -> bool:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != ""
    return text or isinstance(node, ast.JoinedStr)


def test_no_error_of_the_console_is_in_english_alone() -> None:
    raised = [
        (path.name, node.lineno)
        for path in (ROOT / "gitmesh" / "console").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("PageError", "UsageError", "Fatal", "Retryable")
        if any(_is_text(each) for each in [*node.args, *(each.value for each in node.keywords)])
    ]
    assert raised == [], "visitor's words: visit.words._(...)"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/none", "/static/none.css"])
def test_every_answer_has_the_security_headers(visitor: Visitor, path: str) -> None:
    headers = visitor.get(path).headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_no_page_needs_inline_script_or_style(visitor: Visitor) -> None:
    page = visitor.get("/").text
    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=")


def test_static_files_have_names_that_change_with_them_and_are_kept_forever(
    visitor: Visitor,
) -> None:
    page = visitor.get("/").text
    path = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    found = visitor.get(path)
    assert found.status_code == 200
    assert hashlib.sha256(found.content).hexdigest()[:12] in path
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../table.py",
        "/static/%2e%2e/table.py",
        "/static/..%2ftable.py",
        "/static/....//table.py",
        "/static//etc/passwd",
        "/static/vendor/manifest.json",
        "/static/console.css",
        "/static/%00",
    ],
)
def test_no_path_leads_out_of_the_static_files(served: Served, path: str) -> None:
    import socket
    from urllib.parse import urlsplit

    host, _, port = urlsplit(served.url).netloc.partition(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split()[1] in (b"404", b"303")
    assert b"PAGES" not in answer


def test_the_language_is_the_browsers_unless_one_was_chosen(served: Served) -> None:
    visitor = served.visitor().sign_in()
    assert '<html lang="en"' in visitor.get("/").text
    assert '<html lang="zh"' in visitor.get("/", accept_language="fr, zh-CN;q=0.9, en;q=0.8").text
    chosen = visitor.post("/preferences", {"language": "zh", "next": "/"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/")
    page = visitor.get("/", accept_language="en").text
    assert '<html lang="zh"' in page
    assert "概览" in page


def test_colours_are_the_systems_unless_some_were_chosen(served: Served) -> None:
    visitor = served.visitor().sign_in()
    assert 'data-theme="auto"' in visitor.get("/").text
    visitor.post("/preferences", {"theme": "dark", "next": "/"})
    assert 'data-theme="dark"' in visitor.get("/").text
    visitor.post("/preferences", {"theme": "pink", "next": "/"})
    assert 'data-theme="dark"' in visitor.get("/").text


def test_errors_are_told_in_words_with_the_id_of_the_request(served: Served) -> None:
    visitor = served.visitor().sign_in()
    found = visitor.get("/none")
    assert found.status_code == 404
    assert "There is no such page." in found.text
    request_id = found.headers["x-request-id"]
    assert request_id in found.text
    assert served.server.wait_for("page", request_id=request_id)["status"] == 404
    assert visitor.client.delete("/").status_code == 405
    assert "cannot be asked that way" in visitor.client.delete("/").text
    long = visitor.client.post(
        "/preferences", content=b"a" * 1_100_000, headers={"content-type": "text/plain"}
    )
    assert long.status_code == 413
    assert "too long" in long.text
