"""Problems: the page shows what ``gitmesh doctor`` finds, in the visitor's language."""

import time
from collections.abc import Iterator

import pytest

from gitmesh.demo.sample import shares
from tests.console.conftest import Served, Visitor, serve, text_of
from tests.console.test_history import wait_logged
from tests.support.git import put
from tests.support.sample_shop import sample_files


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("problems"))
    with found.server:
        yield found


def eventually(visitor: Visitor, words: str, **headers: str) -> str:
    """Return the page once it has these words: it looks at most every five seconds."""
    deadline = time.monotonic() + 60
    while words not in (said := text_of(visitor.get("/problems", **headers).text)):
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
    return said


def test_problems_have_evidence_and_the_next_step(served: Served) -> None:
    visitor = served.visitor().sign_in()
    assert "Nothing was found" in text_of(visitor.get("/problems").text)
    assert "/problems" in visitor.get("/").text
    bad = {**sample_files(shares(10)), "shop/odd.yaml": "kind: Nothing\n"}
    made = put(served.bare, bad, message="Odd")
    wait_logged(visitor, made)
    said = eventually(visitor, "the newest commit is refused")
    assert "shop/odd.yaml:1" in said
    assert f"Next: gitmesh show {made[:7]}" in said
    assert "最新提交被拒绝" in eventually(visitor, "下一步", accept_language="zh")
