"""Benchmark of verification of a log with 100,000 events: by itself, by git, by checkpoints."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.town import SPECS_OF_A_SERVICE, build
from events.integrity.checkpoint import verifiers
from events.integrity.note import SignerKey
from events.integrity.proof import check
from events.opening import back_up, open_for_reading
from events.sqlite.opening import connect
from events.sqlite.store import SqliteEventStore
from events.store import EventReader
from events.types import Chain, Seq
from gitmesh.audit.attestation import contradictions, read_checkpoints
from gitmesh.audit.checkpoint_signer import CheckpointSigner
from gitmesh.audit.proof_file import prove_event
from reconciler.follower import Follower
from reconciler.git.checkpoint_ref import CheckpointRef
from reconciler.git.repository import GitRepository
from reconciler.rederivation import rederive

# Not a multiple of the mesh's hundred weights, so that every commit shifts traffic.
SERVICES, COMMITS = 2_001, 45_000
RUNS = 3


def figures() -> Iterator[Figure]:
    """Measure on a log of a real history: a commit with two events, 45,000 times."""
    with tempfile.TemporaryDirectory() as folder:
        path, log_path = Path(folder) / "town.git", Path(folder) / "events.sqlite3"
        build(path, SERVICES * SPECS_OF_A_SERVICE, COMMITS)
        _follow(path, log_path)
        log = open_for_reading(log_path)
        events = log.head(Chain.MESH).seq
        yield from _by_itself(log, events)
        yield from _by_git(log, path, events)
        yield from _by_signature(log, path, events)
        log.close()
        started = time.perf_counter()
        if wrong := back_up(log_path, Path(folder) / "backup.sqlite3"):
            raise RuntimeError(f"the backup is not whole: {wrong}")
        yield Figure("backup, checked", time.perf_counter() - started, "s")


def _follow(path: Path, log_path: Path) -> None:
    connection = connect(log_path)
    connection.execute("PRAGMA synchronous = OFF")  # the benchmark measures only reading
    log = SqliteEventStore(log_path, connection)
    follower = Follower(GitRepository.open(path), log)
    while follower.catch_up() is not None:
        pass
    log.close()


def _by_itself(log: EventReader, events: int) -> Iterator[Figure]:
    best = float("inf")
    for _ in range(RUNS):
        started = time.perf_counter()
        if wrong := log.verify():
            raise RuntimeError(f"the log is not whole: {wrong}")
        best = min(best, time.perf_counter() - started)
    yield Figure(f"verify {events:,} events, best of {RUNS}", best, "s", "< 2")


def _by_git(log: EventReader, path: Path, events: int) -> Iterator[Figure]:
    started = time.perf_counter()
    found = rederive(GitRepository.open(path), log.rows(Chain.MESH))
    if found.difference or found.checked != events:
        raise RuntimeError(f"git says otherwise: {found.difference}")
    yield Figure("  derived again from git", time.perf_counter() - started, "s", "< 60")


def _by_signature(log: EventReader, path: Path, events: int) -> Iterator[Figure]:
    repo, key = GitRepository.open(path), SignerKey.generate("bench.example")
    signer = CheckpointSigner(log, repo, key)
    started = time.perf_counter()
    signer.sign()
    yield Figure("  the first checkpoint", time.perf_counter() - started, "s")
    started = time.perf_counter()
    signed, wrong = read_checkpoints(CheckpointRef(repo).newest_first(), verifiers(key))
    if wrong or contradictions(log, signed):
        raise RuntimeError("the checkpoint does not hold")
    yield Figure("  checked", time.perf_counter() - started, "s")
    started = time.perf_counter()
    proof = prove_event(log, repo, Chain.MESH, Seq(events // 2))
    yield Figure("a proof of one event", (time.perf_counter() - started) * 1e3, "ms")
    started = time.perf_counter()
    check(proof, verifiers(key))
    yield Figure("  checked without the log", (time.perf_counter() - started) * 1e3, "ms")
