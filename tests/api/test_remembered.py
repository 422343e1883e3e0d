"""Answers that are given again while the log has not grown."""

import pytest

from events.logged_commits import LoggedCommits
from events.types import CommitId, Seq
from gitmesh.access.caller import Caller
from gitmesh.access.permission import READ_ALL, Pattern, Permission
from gitmesh.api import remembered
from gitmesh.api.calls import read_call
from gitmesh.api.remembered import RememberedAnswers
from gitmesh.api.signature import SignedRequest
from reconciler.git.writing import Person

MESHES = "/v20190125/meshes"
SHOP = Permission(read=(Pattern("mesh/shop"),))


def asked(path: str = MESHES, query: str = "", **headers: str) -> SignedRequest:
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return SignedRequest("GET", path, query, [("host", "localhost"), *given], b"")


def who(permission: Permission = READ_ALL) -> Caller:
    return Caller(Person("Ada", "ada@example.com"), permission, "1", "ada")


def keep(
    known: RememberedAnswers, request: SignedRequest, caller: Caller, body: bytes = b"{}"
) -> None:
    known.put(known.position, request, caller, read_call(request), body)


def body(known: RememberedAnswers, request: SignedRequest, caller: Caller) -> bytes | None:
    found = known.get(request, caller)
    return None if found is None else found.body


@pytest.fixture
def logged() -> LoggedCommits:
    found = LoggedCommits()
    found.reached(Seq(1))
    return found


def test_an_answer_is_given_until_the_log_grows(logged: LoggedCommits) -> None:
    known = RememberedAnswers(logged)
    keep(known, asked(), who())
    assert body(known, asked(), who()) == b"{}"
    logged.begin_append()
    assert body(known, asked(), who()) is None, "it may be the old one already"
    assert body(known, asked(), who()) is None
    logged.reached(Seq(2), [CommitId("1" * 40)])
    assert body(known, asked(), who()) is None


def test_an_answer_belongs_to_path_query_and_permission(logged: LoggedCommits) -> None:
    known = RememberedAnswers(logged)
    keep(known, asked(), who())
    assert body(known, asked(f"{MESHES}/shop"), who()) is None
    assert body(known, asked(query="limit=1"), who()) is None
    assert body(known, asked(), who(SHOP)) is None
    assert body(known, asked(), who(SHOP.limited_to(["shop"]))) is None


def test_what_is_staged_in_a_change_set_is_neither_kept_nor_hidden(logged: LoggedCommits) -> None:
    known = RememberedAnswers(logged)
    staged = asked(f"{MESHES}/shop", x_gitmesh_change="blue")
    keep(known, staged, who(), b"staged")
    assert body(known, asked(f"{MESHES}/shop"), who()) is None
    keep(known, asked(f"{MESHES}/shop"), who())
    assert body(known, staged, who()) is None


def test_an_answer_that_was_read_before_the_log_grew_is_not_kept(logged: LoggedCommits) -> None:
    known = RememberedAnswers(logged)
    before = known.position
    logged.reached(Seq(2))
    known.put(before, asked(), who(), read_call(asked()), b"old")
    assert body(known, asked(), who()) is None


def test_tags_are_never_remembered_because_they_are_read_from_the_repository(
    logged: LoggedCommits,
) -> None:
    known = RememberedAnswers(logged)
    arn = "arn%3Aaws%3Aappmesh%3Aus-east-1%3A000000000000%3Amesh%2Fshop"
    tags = asked("/v20190125/tags", f"resourceArn={arn}")
    keep(known, tags, who())
    assert body(known, tags, who()) is None


def test_the_oldest_answers_give_way(
    logged: LoggedCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST_BYTES", 3_000)
    known = RememberedAnswers(logged)
    for number in range(4):
        keep(known, asked(f"{MESHES}/m{number}"), who(), b"x" * 400)
    found = [body(known, asked(f"{MESHES}/m{number}"), who()) for number in range(4)]
    assert [each is None for each in found] == [True, False, False, False]


def test_paths_and_queries_count_too(
    logged: LoggedCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST_BYTES", 9_000)
    known = RememberedAnswers(logged)
    queries = [f"limit=1&unknown={letter * 4_000}" for letter in "abc"]
    for query in queries:
        keep(known, asked(query=query), who())
    found = [body(known, asked(query=query), who()) for query in queries]
    assert [each is None for each in found] == [True, True, False]
