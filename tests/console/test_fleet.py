"""Proxies and pins, as a browser without scripts meets them."""

import re
from collections.abc import Iterator

import pytest

from tests.console.conftest import Served, Visitor, serve, text_of
from tests.console.test_history import wait_logged
from tests.support.git import put
from tests.support.sample_shop import sample_files


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("fleet"))
    with found.server:
        yield found


@pytest.fixture(scope="module")
def visitor(served: Served) -> Visitor:
    return served.visitor().sign_in()


def test_without_a_proxy_the_page_says_how_to_start_one(visitor: Visitor) -> None:
    said = text_of(visitor.get("/proxies").text)
    assert "No proxy is connected" in said
    assert "gitmesh bootstrap" in said


def test_a_pin_needs_a_reason_shows_what_it_changes_and_ends_from_the_page(
    served: Served, visitor: Visitor
) -> None:
    first = _newest(visitor)
    second = put(served.bare, {**sample_files(), "NOTES.md": "nothing\n"}, message="A note")
    wait_logged(visitor, second)
    page = visitor.get(f"/pin?commit={first}")
    assert "What proxies would get" in text_of(page.text)
    empty = visitor.post("/pin", {"commit": first, "for": "1h", "reason": " "})
    assert empty.status_code == 400
    assert "reason" in text_of(empty.text)
    made = visitor.post("/pin", {"commit": first, "for": "15m", "reason": "cart answers 500"})
    assert made.status_code == 303
    held = text_of(visitor.get("/pin").text)
    assert "Pinned to" in held
    assert "cart answers 500" in held
    assert visitor.post("/unpin", {"reason": ""}).status_code == 303
    assert "Pinned to" not in text_of(visitor.get("/pin").text)


def test_what_cannot_be_pinned_is_refused_with_the_choices_kept(visitor: Visitor) -> None:
    found = visitor.post("/pin", {"commit": "f" * 40, "for": "1h", "reason": "x"})
    assert found.status_code == 400
    assert visitor.post("/pin", {"commit": "", "for": "9y", "reason": "x"}).status_code == 400


def _newest(visitor: Visitor) -> str:
    found = re.search(r'data-open href="/commit/([0-9a-f]{40})"', visitor.get("/log").text)
    assert found is not None
    return found[1]
