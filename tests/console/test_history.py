"""Log, commit, undo, comparison, state and verification, without scripts."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from gitmesh.demo.sample import shares
from tests.console.conftest import Served, Visitor, serve, text_of
from tests.support.git import put
from tests.support.sample_shop import sample_files


def _shift(served: Served, weight: int, message: str) -> str:
    """Shift the cart's traffic by a push; return the commit."""
    return put(served.bare, sample_files(shares(weight)), message=message)


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, list[str]]]:
    """Serve the shop after two shifts, the second with a hostile subject."""
    served = serve(tmp_path_factory.mktemp("history"))
    with served.server:
        commits = [
            _shift(served, 25, "Shift cart to 25 %"),
            _shift(served, 50, "<script>alert(1)</script> & 'more'"),
        ]
        visitor = served.visitor().sign_in()
        wait_logged(visitor, commits[-1])
        yield served, commits


@pytest.fixture(scope="module")
def visitor(shifted: tuple[Served, list[str]]) -> Visitor:
    return shifted[0].visitor().sign_in()


def wait_logged(visitor: Visitor, commit: str) -> None:
    for _ in range(600):
        page = visitor.get(f"/commit/{commit}")
        if page.status_code == 200 and 'id="delivery"' in page.text:
            return
    raise AssertionError(page.text)


def _names(page: str) -> list[str]:
    """Return the resources that a page links to, and the numbers that it counts."""
    return sorted(set(re.findall(r"mesh/shop/[\w/.-]+|<dd>\d+", page.partition("<main")[2])))


def test_the_log_tells_each_commit_with_its_change_and_escapes_foreign_text(
    shifted: tuple[Served, list[str]], visitor: Visitor
) -> None:
    page = visitor.get("/log").text
    assert "<script>alert" not in page
    said = text_of(page)
    assert "Shift cart to 25 %" in said
    assert said.index("<script>alert(1)</script>") < said.index("Shift cart to 25 %")
    assert re.search(r"cart-v2 \d+ % → 25 %", said)
    for commit in shifted[1]:
        assert f'href="/commit/{commit}"' in page


def test_filters_choose_commits_and_stay_in_the_address(visitor: Visitor) -> None:
    found = text_of(visitor.get("/log?author=nobody-of-that-name").text)
    assert "Nothing in the log fits this filter" in found
    shown = visitor.get("/log?kind=TrafficShifted").text
    assert "Shift cart to 25 %" in text_of(shown)
    assert "/log/export?kind=TrafficShifted" in unescape(shown)
    assert visitor.get("/log?kind=Nonsense").status_code == 400
    assert visitor.get("/log?before=1.x").status_code == 400


def test_events_of_both_chains_are_told_and_exported(visitor: Visitor) -> None:
    page = text_of(visitor.get("/log?view=events").text)
    assert "CommitApplied" in page
    assert "ServerStarted" in page
    export = visitor.get("/log/export?kind=TrafficShifted")
    assert export.headers["content-disposition"].startswith("attachment")
    assert [line["kind"] for line in map(json.loads, export.text.splitlines())] == [
        "TrafficShifted",
        "TrafficShifted",
    ]


def test_pages_of_the_log_follow_one_another_without_gap_or_repetition(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits, address = [], "/log"
    for _ in range(10):
        page = visitor.get(address).text
        commits += re.findall(r'data-open href="/commit/([0-9a-f]{40})"', page)
        older = re.search(r'<a href="([^"]+)" rel="next">', page)
        if older is None:
            break
        address = unescape(older[1])
    assert len(commits) == len(set(commits)) == 3


def test_a_commit_tells_who_what_and_whom_it_concerns(
    shifted: tuple[Served, list[str]], visitor: Visitor
) -> None:
    page = visitor.get(f"/commit/{shifted[1][0]}").text
    said = text_of(page)
    assert "Shift cart to 25 %" in said
    assert "cart-v2" in said
    assert "Whom it concerns" in said
    assert "replaced" in said
    assert visitor.get("/commit/ffffffffffffffffffffffffffffffffffffffff").status_code == 404


def test_undo_shows_what_would_change_and_commits_it_as_the_visitor(
    tmp_path: Path,
) -> None:
    served = serve(tmp_path)
    with served.server:
        visitor = served.visitor().sign_in()
        first = _shift(served, 25, "Shift cart to 25 %")
        wait_logged(visitor, first)
        preview = visitor.get(f"/undo/{first}")
        assert re.search(r"25 % → \d+ %", text_of(preview.text))
        fields = dict(re.findall(r'name="(scope|only|tip)" value="([^"]*)"', preview.text))
        # A form that somebody has before a push is not committed after it.
        second = _shift(served, 50, "Shift on")
        wait_logged(visitor, second)
        late = visitor.post(f"/undo/{first}", {**fields, "reason": "too many errors"})
        assert late.status_code == 409
        assert "Somebody pushed meanwhile" in text_of(late.text)
        chosen = visitor.get(f"/undo/{first}?scope=since")
        fields = dict(re.findall(r'name="(scope|only|tip)" value="([^"]*)"', chosen.text))
        made = visitor.post(f"/undo/{first}", {**fields, "reason": "too many errors"})
        assert made.status_code == 303, made.text
        page = visitor.get(made.headers["location"])
        assert page.status_code == 200
        said = text_of(page.text)
        assert "too many errors" in said
        assert "Via: console" in said
        assert "reverts" in said
        again = text_of(visitor.get(f"/undo/{first}?scope=since").text)
        assert "the mesh already is as it was" in again


def test_undoing_one_commit_names_later_changes_of_the_same_resource(
    shifted: tuple[Served, list[str]], visitor: Visitor
) -> None:
    said = text_of(visitor.get(f"/undo/{shifted[1][0]}?scope=commit").text)
    assert "Later commits changed these, too" in said
    assert "mesh/shop/virtualRouter/cart/route/" in said


def test_moments_are_compared_and_named_wrongly_with_a_hint(
    shifted: tuple[Served, list[str]], visitor: Visitor
) -> None:
    first, second = shifted[1]
    said = text_of(visitor.get(f"/compare?before={first}&after={second}").text)
    assert "cart-v2 25 % → 50 %" in said
    wrong = visitor.get("/compare?before=no-such-moment")
    assert wrong.status_code == 400
    assert "no-such-moment" in wrong.text
    assert visitor.get("/compare").status_code == 200


@pytest.mark.parametrize("path", ["/", "/state", "/topology", "/resources"])
def test_a_moment_between_the_changes_of_a_commit_is_the_end_of_that_commit(
    visitor: Visitor, path: str
) -> None:
    end = re.search(r"<output[^>]*>(\d+)<", visitor.get("/state?at=2").text)
    assert end is not None
    assert int(end[1]) > 2
    between = _names(visitor.get(f"{path}?at=2").text)
    assert between == _names(visitor.get(f"{path}?at={end[1]}").text)
    assert len(between) > 2
    assert visitor.get(f"{path}?at=99999999").status_code == 400


def test_the_log_is_verified_from_a_page(visitor: Visitor) -> None:
    assert "Nobody has verified it" in text_of(visitor.get("/verification").text)
    assert visitor.post("/verification").status_code == 303
    said = text_of(visitor.get("/verification").text)
    assert "The log is intact." in said
