"""Requests with the same key get one answer for some seconds; others get their own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gitmesh.console.visit import Redirect
from gitmesh.console.web.shared_answers import FRESH_S, Placed, SharedAnswers


def test_what_many_ask_for_at_once_is_made_once() -> None:
    shared, made, ready = SharedAnswers(), list[int](), threading.Event()

    def make() -> Placed:
        ready.wait(10)
        made.append(1)
        return Redirect("/"), "1.1"

    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(shared.get, "log", make) for _ in range(8)]
        ready.set()
        assert {each.result(10) for each in found} == {(Redirect("/"), "1.1")}
    assert len(made) == 1


def test_an_answer_is_made_again_for_another_key_and_after_a_while() -> None:
    times = iter([0.0, 1.0, 1.0, FRESH_S + 0.5])
    shared, made = SharedAnswers(lambda: next(times)), list[str]()

    def make() -> Placed:
        made.append("made")
        return Redirect(f"/{len(made)}"), ""

    paths = [shared.get(key, make)[0] for key in ("a", "a", "b", "a")]
    assert paths == [Redirect("/1"), Redirect("/1"), Redirect("/2"), Redirect("/3")]


def test_after_a_failure_the_next_one_tries_again() -> None:
    shared = SharedAnswers()

    def fail() -> Placed:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        shared.get("a", fail)
    assert shared.get("a", lambda: (Redirect("/"), "1"))[1] == "1"
