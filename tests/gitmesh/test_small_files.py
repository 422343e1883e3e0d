"""Readers of small state files survive damaged and forged content."""

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.integrity.checkpoint import sign
from events.integrity.note import SignerKey, WrongNote
from events.integrity.proof import WrongProof
from events.types import Chain, PushReceived, PushRefused
from gitmesh.audit.attestation import read_note
from gitmesh.audit.checkpoint_keys import read_public, read_secret
from gitmesh.audit.proof_file import check_file
from gitmesh.hooks.scripts import HookOptions, install, told
from gitmesh.inbox.pin_note import PinNote, read_pin
from gitmesh.inbox.push_note_reader import read_push, read_refused_push
from gitmesh.queries.log_location import git_dir, linked_branch, log_path
from gitmesh.queries.pins import until_text
from mesh.errors import GitmeshError, UsageError
from reconciler.attempt import Attempt, attempt_path, held_back, read_attempt
from reconciler.git.initialization import init_bare
from tests.support.git import Repo
from tests.support.server import Server

COMMIT: Final = "ab" * 20
KEY: Final = SignerKey("shop.example", b"\7" * 32)
PUSH: Final = {
    "ref": "refs/heads/main",
    "before": None,
    "after": COMMIT,
    "pusher": "alice",
    "via": "ssh",
    "claimed": "Alice <a@x>",
    "options": ["o"],
    "omitted": 0,
}
PROBLEM: Final = {
    "path": "mesh.yaml",
    "line": 1,
    "where": "$.spec",
    "code": "schema",
    "message": "m",
    "hint": "h",
    "severity": "error",
}
REFUSED: Final = {
    "push": PUSH,
    "reason": "problems",
    "commits": [COMMIT],
    "problems": [PROBLEM],
    "more_problems": 0,
}
PIN: Final = {"commit": COMMIT, "until": "2027-01-01T00:00:00Z", "reason": "INC-7"}
ATTEMPT: Final = {"commit": COMMIT, "tip": COMMIT, "number": 2}
HUGE: Final = 10 << 20
SNIPPETS: Final = (
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "1e18",
    "-1",
    "9" * 5_000,
    "true",
    "null",
    '""',
    '"\\ud800"',
    '"\\u0000"',
    '"' + "x" * 5_000 + '"',
    '"0001-01-01T00:00:00+23:59"',
    '"9999-12-31T23:59:59-23:59"',
    '{"a": 1}',
    "[[1]]",
    "[" * 1_020,
    "[" * 100_000,
    '{"a":' * 40_000,
)


def replaced(document: Any, wish: Callable[[int], Any], count: list[int]) -> Any:
    """Return the document with its n-th value replaced, where ``count`` counts down to it."""
    count[0] -= 1
    if count[0] == 0:
        return wish(0)
    if isinstance(document, dict):
        return {key: replaced(value, wish, count) for key, value in document.items()}
    if isinstance(document, list):
        return [replaced(value, wish, count) for value in document]
    return document


@st.composite
def damaged_json(draw: st.DrawFn, document: Any) -> bytes:
    """A document in which one value is another: too deep, too big, of another type."""
    snippet = draw(st.sampled_from(SNIPPETS))
    at = draw(st.integers(1, 30))
    return json.dumps(replaced(document, lambda _: "@", [at])).replace('"@"', snippet).encode()


@st.composite
def damaged(draw: st.DrawFn, text: bytes) -> bytes:
    """A text of which a part is gone, or something else."""
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    between = draw(
        st.binary(max_size=8)
        | st.sampled_from([b"\0" * 50, b"'", b'"', b"\n", b"\xe2\x80\x94 ", b"+", b"\xff"])
        | st.sampled_from(SNIPPETS).map(str.encode)
    )
    return text[:start] + between + text[end:]


def anything(document: Any) -> st.SearchStrategy[bytes]:
    return st.one_of(
        st.binary(max_size=200),
        st.sampled_from(SNIPPETS).map(str.encode),
        damaged_json(document),
        damaged(json.dumps(document).encode()),
    )


@given(anything(ATTEMPT))
@example(json.dumps({**ATTEMPT, "number": math.inf}).replace("Infinity", "1e999").encode())
@example(b"[" * 1_020)
@example(b"\0" * HUGE)
@settings(max_examples=150)
def test_a_damaged_record_of_attempts_counts_as_none(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = attempt_path(Path(folder) / "events.sqlite3")
        path.write_bytes(text)
        found = read_attempt(path)
        assert found is None or (
            isinstance(found, Attempt)
            and isinstance(found.commit, str)
            and isinstance(found.tip, str)
            and type(found.number) is int
            and found.number > 0
        )
        held_back(path)


def test_a_record_of_attempts_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = attempt_path(tmp_path / "events.sqlite3")
    path.write_text(json.dumps(ATTEMPT).ljust(160))
    assert read_attempt(path) == Attempt(**ATTEMPT)  # type: ignore[arg-type]


@given(anything(PIN))
@settings(max_examples=150)
def test_a_damaged_note_of_a_pin_is_none_or_one_that_can_be_logged(text: bytes) -> None:
    note = read_pin(text)
    assert note is None or isinstance(note, PinNote)
    if note is not None:
        note.reason.encode()
        if note.until is not None:
            until_text(note.until)


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-10:00"])
def test_a_note_until_a_time_that_utc_does_not_have_is_none(until: str) -> None:
    assert read_pin(json.dumps({**PIN, "until": until}).encode()) is None


@given(anything(PUSH))
@settings(max_examples=150)
def test_a_damaged_note_of_a_push_is_none_or_one_that_can_be_logged(text: bytes) -> None:
    note = read_push(text)
    if note is not None:
        event = note.event("alice")
        assert isinstance(event, PushReceived)
        json.dumps([event.ref, event.pusher, event.options], ensure_ascii=False).encode()


@given(anything(REFUSED))
@settings(max_examples=150)
def test_a_damaged_note_of_a_refused_push_is_none_or_one_that_can_be_logged(text: bytes) -> None:
    note = read_refused_push(text)
    if note is not None:
        event = note.event("alice")
        assert isinstance(event, PushRefused)
        json.dumps([event.reason, event.problems], ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hooks") / "shop.git"
    init_bare(path, "main")
    install(path, HookOptions("main", path / "log.sqlite3"))
    return path


def test_our_hook_tells_its_options(bare: Path) -> None:
    assert told(bare) == HookOptions("main", bare / "log.sqlite3")


@pytest.mark.parametrize(
    "last",
    [
        "run it's",
        "run --branch",
        "run --log",
        "run --branch a..b",
        "run --log ''",
        "run --log $'\\0'",
        "run --log x\0y",
        "run --log " + "x" * 10_000,
        "",
        "'" * 1_001,
    ],
)
def test_a_damaged_hook_tells_options_that_can_be_looked_at_or_none(bare: Path, last: str) -> None:
    path = bare / "hooks" / "post-receive"
    before = path.read_text()
    try:
        path.write_text(f"{before}{last}\n")
        options = told(bare)
    finally:
        path.write_text(before)
    assert options is None or isinstance(options, HookOptions)


def test_a_hook_that_names_no_branch_does_not_keep_a_server_from_starting(tmp_path: Path) -> None:
    origin = Repo(tmp_path).origin
    install(origin, HookOptions("main"))
    hook = origin / "hooks" / "post-receive"
    hook.write_text(hook.read_text().replace("--branch main", "--branch a..b"))
    attempt_path(log_path(origin)).parent.mkdir()
    os.mkfifo(attempt_path(log_path(origin)))  # another small file that could keep it waiting
    with Server(origin) as server:
        server.wait_for("ready")
        assert any("the hooks check no branch" in str(line["message"]) for line in server.lines())


NOTE: Final = sign(Chain.MESH, 3, b"\1" * 32, KEY)


@given(damaged(NOTE.encode()).map(lambda raw: raw.decode("utf-8", "replace")))
@settings(max_examples=150)
def test_a_damaged_checkpoint_is_called_one(text: str) -> None:
    keys = [KEY.verifier("shop.example/mesh")]
    try:
        read_note("it", text, keys)
    except WrongNote:
        return
    assert text.strip().startswith(NOTE.partition("\n\n")[0])


KEYS: Final[Mapping[str, bytes]] = {
    "secret": KEY.secret_text().encode(),
    "public": f"{KEY.verifier('shop.example/mesh')}\n".encode(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_damaged_key_is_called_one(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    reader = read_secret if kind == "secret" else read_public

    @given(damaged(KEYS[kind]))
    @settings(max_examples=150)
    def scenario(text: bytes) -> None:
        path.write_bytes(text)
        os.chmod(path, 0o600)
        with contextlib.suppress(UsageError):
            reader(path)

    scenario()


PROOF: Final = {"format": "gitmesh-proof-v1", "chain": "mesh", "path": [], "checkpoint": NOTE}


@given(anything(PROOF) | anything({**PROOF, "event": {"seq": 1, "data": {}}}))
@settings(max_examples=150)
def test_a_damaged_proof_is_called_one(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "proof.json"
        path.write_bytes(text)
        with pytest.raises(WrongProof):
            check_file(path, [KEY.verifier("shop.example/mesh")])


@pytest.mark.parametrize("name", [".git", "commondir", "HEAD"])
@given(damaged(b"gitdir: ../shop.git/worktrees/one\n") | st.just(b"x" * HUGE))
@settings(max_examples=60)
def test_a_damaged_pointer_to_a_repository_is_said_in_words(name: str, text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = Path(folder) / "work"
        repo.mkdir()
        if name != ".git":
            (repo / "HEAD").write_text("ref: refs/heads/main\n")
            (repo / "objects").mkdir()
        (repo / name).write_bytes(text)
        for reader in (git_dir, linked_branch):
            with contextlib.suppress(GitmeshError):
                reader(repo)
