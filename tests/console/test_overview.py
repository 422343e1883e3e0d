"""Overview: one sentence first, then what is not as it should be."""

import time
from collections.abc import Iterator
from shlex import quote

import pytest

from gitmesh.console.pages.overview import meshes
from mesh.keys import Kind, ResourceKey
from tests.console.conftest import Served, Visitor, serve, sign_in, text_of
from tests.console.test_history import wait_logged
from tests.support.git import put
from tests.support.sample_shop import sample_files

BROKEN = "kind: Route\nmeshName: shop\nvirtualRouterName: cart\nrouteName: odd\nspec: {}\n"
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> {{ 7 * 7 }}"


def eventually(visitor: Visitor, words: str, path: str = "/") -> str:
    """Return a page once it has these words."""
    deadline = time.monotonic() + 60
    while words not in (said := text_of(visitor.get(path).text)):
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
    return said


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("empty"), empty=True)
    with found.server:
        yield found


def test_an_empty_repository_is_told_with_the_commands_that_fill_it(empty: Served) -> None:
    said = text_of(empty.visitor().sign_in().get("/").text)
    assert "the repository has no commit yet" in said
    assert f"git clone {quote(str(empty.bare))}" in said


def test_one_sentence_says_what_is_served(served: Served, visitor: Visitor) -> None:
    said = text_of(visitor.get("/").text)
    assert "is ready" in said
    assert "no proxy is connected yet" in said
    assert "gitmesh bootstrap --node mesh/shop/" in said
    assert "5 VirtualNode" in said


def test_commit_messages_and_names_never_become_html(served: Served, visitor: Visitor) -> None:
    made = put(served.bare, {**sample_files(), "a.md": "1"}, message=HOSTILE)
    wait_logged(visitor, made)
    page = visitor.get("/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{ 7 * 7 }}" in page


def test_a_refused_commit_is_a_banner_with_file_and_line_and_goes_when_it_is_mended(
    served: Served, visitor: Visitor
) -> None:
    put(served.bare, {**sample_files(), "shop/odd.yaml": BROKEN}, message="Odd")
    said = eventually(visitor, "The newest commit")
    assert "is refused" in said
    assert "shop/odd.yaml:" in said
    assert "is ready" in said  # what is served stays the sentence
    wait_logged(visitor, put(served.bare, {**sample_files(), "b.md": "2"}, message="Mended"))
    assert "The newest commit" not in text_of(visitor.get("/").text)


def test_a_pin_is_a_banner_with_its_reason_and_its_end(served: Served, visitor: Visitor) -> None:
    commit = str(served.server.wait_for("ready")["commit"])
    wait_logged(visitor, put(served.bare, {**sample_files(), "p.md": "p"}, message="Newer"))
    visitor.post("/pin", {"commit": commit, "for": "1h", "reason": "cart answers 500"})
    said = eventually(visitor, "Pinned to")
    assert "cart answers 500" in said
    assert "the pin ends in " in said
    assert "waits behind the pin" in said
    visitor.post("/unpin", {"reason": "done"})
    assert "Pinned to" not in text_of(visitor.get("/").text)


def test_an_open_page_is_told_that_the_log_grew_and_resumes(
    served: Served, visitor: Visitor
) -> None:
    page = visitor.get("/").text
    seen = page.partition('data-live="')[2].partition('"')[0]
    with visitor.client.stream("GET", "/live", params={"after": "1.0"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        told = next(line for line in lines if line.startswith("id: "))
    assert told == f"id: {seen}"
    with visitor.client.stream("GET", "/live", headers={"last-event-id": seen}) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        wait_logged(served.visitor().sign_in(), put(served.bare, {**sample_files(), "c.md": "3"}))
        assert next(line for line in lines if line.startswith("event")) == "event: grown"
    assert served.visitor().get("/live").status_code == 401


def test_a_page_that_asks_anew_gets_what_the_log_has_by_then(
    served: Served, visitor: Visitor
) -> None:
    for number in range(2):  # answers are shared for seconds, but only while the log is the same
        message = f"Asked anew {number}"
        files = {**sample_files(), "n.md": message}
        wait_logged(visitor, put(served.bare, files, message=message))
        assert message in text_of(visitor.get("/log", hx_request="true").text)


def test_a_page_in_a_browser_follows_by_itself(served: Served, browser: object) -> None:
    context = browser.new_context(base_url=served.url)  # type: ignore[attr-defined]
    page = context.new_page()
    sign_in(page)
    page.goto("/")
    put(served.bare, {**sample_files(), "d.md": "4"}, message="Seen without a reload")
    page.wait_for_selector("text=Seen without a reload", timeout=60_000)
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/log")
    page.keyboard.press("j")
    put(served.bare, {**sample_files(), "e.md": "5"}, message="Seen in the log")
    page.wait_for_selector(".entry.changed >> text=Seen in the log", timeout=60_000)
    # The line that was selected before is still the selected one, below the new one.
    assert "Seen without" in page.inner_text(".entry[aria-selected=true]")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    put(served.bare, {**sample_files(), "f.md": "6"}, message="Seen after a pause")
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    page.wait_for_selector("text=Seen after a pause", timeout=60_000)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.hasAttribute('data-search')")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.is_visible("#shortcuts")
    context.close()


def test_meshes_are_counted_by_kind() -> None:
    keys = [
        ResourceKey.of_mesh("shop"),
        ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart"),
        ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"),
        ResourceKey.of_mesh("bank"),
    ]
    found = [(each.key.name, each.counts) for each in meshes(keys)]
    assert found == [("bank", ()), ("shop", ((Kind.VIRTUAL_NODE, 2),))]
