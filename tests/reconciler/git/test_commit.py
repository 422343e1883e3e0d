"""Metadata of commit objects, however malformed."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.types import CommitId
from reconciler.git.commit import MAX_MESSAGE, read_commit_object, reverts, rfc3339, trailers
from reconciler.git.repository import GitRepository
from tests.support.git import Repo, git

ID = CommitId("a" * 40)

MESSAGES = {
    "a title alone has none": "Ticket: this is the title",
    "the last paragraph is all trailers": "Shift\n\nWhy.\n\nTicket: CHG-1\nReviewed-by: B <b@x>\n",
    "the same key twice is kept twice": "T\n\nReviewed-by: Bob\nReviewed-by: Eve",
    "a value may go on after a space": "T\n\nTicket: CHG-1\n  and more\nReason: x",
    "prose with one colon is none": "T\n\nNote: this is prose\nwith other lines",
    "a quarter is enough beside a sign-off": "T\n\nprose\nSigned-off-by: Bob <b@x>\nmore prose",
    "prose in another paragraph is none": "T\n\nTicket: CHG-1\n\nLast words.",
    "a space before the colon is allowed": "T\n\nTicket : CHG-1",
    "a key has no spaces": "T\n\nMy ticket: CHG-1",
    "cherry-picks count as git's own": "T\n\nprose\nTicket: X\n(cherry picked from commit abc)",
    "empty values are kept": "T\n\nTicket:\nReason: x",
    "three dashes end nothing in a commit": "T\n\nbody\n\n---\nTicket: X",
    "windows line ends": "T\r\n\r\nTicket: X\r\nReason: y\r\n",
    "nothing at all": "",
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_trailers_are_those_that_git_itself_finds(message: str, tmp_path: Path) -> None:
    said = git(tmp_path, "interpret-trailers", "--parse", "--no-divider", stdin=message.encode())
    theirs = [tuple(line.split(":", 1)) for line in said.splitlines() if line]

    assert trailers(message) == tuple((key.strip(), value.strip()) for key, value in theirs)


def test_a_revert_names_the_commit_it_undoes(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.commit({"a.txt": "1"})
    shift = repo.commit({"a.txt": "2"}, "Shift")
    first = repo.revert(shift)
    second = repo.revert(first)
    repo.push()
    read = GitRepository.open(repo.origin)

    assert read.facts(CommitId(first)).reverts == (shift,)
    assert read.facts(CommitId(second)).reverts == (first,)


def test_a_revert_of_a_merge_names_the_merge_alone(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    base = repo.commit({"a.txt": "1"})
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"b.txt": "1"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge side", "side")
    merge = repo.head()
    undone = repo.revert(merge, "-m", "1")
    repo.push()

    facts = GitRepository.open(repo.origin).facts(CommitId(undone))
    assert f"changes made to {base}" in facts.message.replace("\n", " ")
    assert facts.reverts == (merge,)


def test_several_reverts_in_one_message_are_all_found_once() -> None:
    one, two = "1" * 40, "2" * 40
    message = f"x\n\nThis reverts commit {one}.\nThis reverts commit {two}.\n" * 2
    assert reverts(message) == (one, two)
    assert reverts(f"This reverts commit {one[:39]}.") == ()


def test_who_and_when_are_told_apart(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    date = "2026-11-23T03:12:00-0330"
    commit = repo.commit({"a": "1"}, "T\n\nbody\n\nTicket: X-1", GIT_AUTHOR_DATE=date)
    repo.push()

    facts = GitRepository.open(repo.origin).facts(CommitId(commit))
    assert (facts.author.name, facts.author.email) == ("Alice", "alice@example.com")
    assert facts.author.at == "2026-11-23T03:12:00-03:30"
    assert facts.committer.name == "Carol"
    assert facts.trailers == (("Ticket", "X-1"),)
    assert facts.message == "T\n\nbody\n\nTicket: X-1\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"A <a@x> 0 +0000", "1970-01-01T00:00:00+00:00"),
        (b"A <a@x> 99999999999999999999 +0000", "9999-12-30T23:59:59+00:00"),
        (b"A <a@x> -99999999999999999999 +0000", "0001-01-02T00:00:00+00:00"),
        (b"A <a@x> 0 +9999", "1970-01-01T00:00:00+00:00"),
        (b"A <a@x> 0 +1400", "1970-01-01T14:00:00+14:00"),
        (b"A <a@x> never", "1970-01-01T00:00:00+00:00"),
        (b"no address at all", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_absurd_dates_are_still_rfc_3339(line: bytes, expected: str) -> None:
    raw = b"tree " + b"b" * 40 + b"\nauthor " + line + b"\ncommitter " + line + b"\n\nx"
    assert read_commit_object(ID, raw).author.at == expected


def test_names_in_other_encodings_are_read_as_said_or_made_presentable() -> None:
    latin = b"tree %b\nauthor J\xf6rg <j@x> 0 +0000\nencoding ISO-8859-1\n\n\xfc" % (b"b" * 40)
    assert read_commit_object(ID, latin).author.name == "Jörg"
    assert read_commit_object(ID, latin).message == "ü"
    unknown = latin.replace(b"ISO-8859-1", b"rot13")
    assert read_commit_object(ID, unknown).author.name == "J\ufffdrg"


def test_a_long_message_is_cut_but_keeps_its_trailers() -> None:
    message = b"T\n\n" + b"x" * 2 * MAX_MESSAGE + b"\n\nTicket: X-1\n"
    raw = b"tree " + b"b" * 40 + b"\nauthor A <a@x> 0 +0000\n\n" + message
    facts = read_commit_object(ID, raw)
    assert len(facts.message) == MAX_MESSAGE
    assert facts.message.endswith("…")
    assert facts.trailers == (("Ticket", "X-1"),)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    facts = read_commit_object(ID, b"tree x\nauthor " + raw)
    facts.message.encode()
    facts.author.name.encode()


@settings(deadline=None)
@given(st.integers(), st.integers(-20_000, 20_000))
def test_any_moment_has_an_rfc_3339_form(seconds: int, offset: int) -> None:
    assert len(rfc3339(seconds, offset)) == len("1970-01-01T00:00:00+00:00")


LINES = st.sampled_from(
    [
        "",
        " ",
        "Ticket: X-1",
        "Signed-off-by: B <b@x>",
        "(cherry picked from commit abc)",
        "prose without a colon",
        "two words: prose",
        "# a comment",
        "  folded",
        "Empty:",
        ": no key",
        "---",
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES, max_size=8).map("\n".join))
@example("\nTicket: X-1\n\n# a comment\n ")
@example("\nSigned-off-by: B <b@x>\n# a comment\n  folded")
def test_whatever_the_message_trailers_are_those_of_git(
    tmp_path_factory: pytest.TempPathFactory, message: str
) -> None:
    where = tmp_path_factory.getbasetemp()
    said = git(where, "interpret-trailers", "--parse", "--no-divider", stdin=message.encode())
    theirs = [tuple(line.split(":", 1)) for line in said.splitlines() if line]
    assert trailers(message) == tuple((key.strip(), value.strip()) for key, value in theirs)
