"""Texts that others write are never part of a page: in commits, files, names and addresses."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pygit2
import pytest

from gitmesh.console.table import PAGES
from tests.console.conftest import Served, Visitor, serve, text_of
from tests.console.test_history import wait_logged
from tests.support.git import put
from tests.support.sample_shop import sample_files

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
RAW = re.compile(r"<script>alert|<img src=x|<svg onload|onerror=alert\(1\)>|javascript:alert|>49<")
NODE, ROUTE = "mesh/shop/virtualNode/cart-v1", "mesh/shop/virtualRouter/cart/route/all"
SERVICE = "mesh/shop/virtualService/cart.shop.internal"
FILE = "shop/<svg onload=alert(1)>.yaml"
HOST = "kind: VirtualNode\nmeshName: shop\nvirtualNodeName: odd\nspec:\n  serviceDiscovery:\n"
BAD = 'kind: VirtualNode\nmeshName: shop\nvirtualNodeName: "<script>alert(1)</script>"\nspec: {}\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a repository whose second commit is valid, and whose newest is refused."""
    found = serve(tmp_path_factory.mktemp("foreign"))
    visitor = found.visitor().sign_in()
    host = f"{HOST}    dns: {{hostname: odd.internal}}\n  # {ATTACK}\n"
    files = {**sample_files(), FILE: host}
    with found.server:
        for each in (files, {**files, "shop/<script>alert(1)<.yaml": BAD}):
            put(found.bare, each, message=f"{ATTACK}\n\n{ATTACK}")
            wait_logged(visitor, by_attacker(found))
        yield found


def by_attacker(served: Served) -> str:
    """Replace the newest commit by one whose author has an odd name; return its id."""
    repo = pygit2.Repository(str(served.bare))
    old = repo.references["refs/heads/main"].peel(pygit2.Commit)
    name = "\"'><script>alert(1)</script>"
    who = pygit2.Signature(name.replace("<", "&lt;").replace(">", "&gt;"), "a@b", old.commit_time)
    made = repo.create_commit(None, who, who, old.message, old.tree_id, [old.id])
    repo.references["refs/heads/main"].set_target(made)
    return str(made)


@pytest.fixture(scope="module")
def visitor(served: Served) -> Visitor:
    return served.visitor().sign_in()


def paths() -> list[str]:
    """Return each page, with names of its own and with an attack in each of its questions."""
    questions = (
        *("at", "q", "around", "diff", "view", "resource", "author", "kind", "since", "until"),
        *("before", "after", "node", "state", "page", "tab", "commit", "path", "host", "headers"),
        *(
            "from",
            "method",
            "mesh",
            "service",
            "step",
            "name",
            "parent",
            "message",
            "scope",
            "only",
        ),
    )
    attacks = "&".join(f"{name}={quote(ATTACK)}" for name in questions)
    few = f"author={quote(ATTACK)}&q={quote(ATTACK)}&message={quote(ATTACK)}&path={quote(ATTACK)}"
    names = {"/commit/": "main", "/commit-delivery/": "main", "/undo/": "main~1"}
    found = []
    for page in PAGES:
        head = page.path.partition("{name}")[0]
        name = names.get(head, SERVICE if head == "/traffic/" else ROUTE)
        if page.method == "GET":
            path = page.path.replace("{name}", name)
            found += [path, f"{path}?{few}", f"{path}?{attacks}"]
            if "{name}" in page.path:
                found.append(page.path.replace("{name}", quote(ATTACK)))
    return [*found, f"/resource/{NODE}?tab=yaml", "/log?view=events", "/commit/main~1"]


@pytest.mark.parametrize("path", paths())
def test_no_foreign_text_becomes_part_of_a_page(visitor: Visitor, path: str) -> None:
    found = visitor.get(path)
    assert found.status_code < 500, path
    if "html" in found.headers.get("content-type", ""):
        assert not RAW.search(found.text), path
    else:
        assert found.headers["x-content-type-options"] == "nosniff"


def test_foreign_texts_are_shown_as_they_are(visitor: Visitor) -> None:
    said = text_of(visitor.get("/log").text)
    assert "<script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}" in said
    assert FILE.removeprefix("shop/") in text_of(visitor.get("/resources").text)
