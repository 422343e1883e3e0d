"""Checkpoints that a server signs: when it tries, what it logs, and how it recovers."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from events.integrity.chain import Row
from events.integrity.note import SignerKey
from events.opening import open_for_writing
from events.store import EventStore
from events.types import START, Chain, CommitApplied, ProxyConnected, Seq
from gitmesh.audit.checkpoint_keys import read_secret
from gitmesh.audit.checkpoint_signer import CheckpointSigner, Refused
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from gitmesh.server import checkpoint_signing
from gitmesh.server.checkpoint_signing import sign_at_the_end, sign_checkpoints
from mesh.errors import Retryable
from reconciler.follower import Follower
from reconciler.git.checkpoint_ref import REF, CheckpointRef, Filed
from reconciler.git.repository import GitRepository
from tests.support.command_line import gitmesh
from tests.support.git import Repo, git, put
from tests.support.histories import facts
from tests.support.sample_shop import sample_files

PATIENCE_S = 20.0
LOOK_S = 0.01
CONNECTED = ProxyConnected("mesh/shop/virtualNode/web", "1", "envoy")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SignerKey:
    path = tmp_path_factory.mktemp("keys") / "shop.key"
    assert gitmesh("keygen", path, "--name", "shop.example").code == 0
    return read_secret(path)


class Signing:
    """A log of a shop with one commit, and the task that signs its checkpoints."""

    def __init__(self, bare: Path, log: EventStore, key: SignerKey) -> None:
        self.bare = bare
        self.log = log
        self.key = key
        self.tries = 0
        self._commits = 0
        self.commit()

    def commit(self) -> None:
        put(self.bare, sample_files(shares(self._commits)), minute=self._commits)
        self._commits += 1
        Follower(GitRepository.open(self.bare), self.log).catch_up()

    def head(self, chain: Chain = Chain.MESH) -> int:
        return self.log.head(chain).seq

    def signed(self, chain: Chain = Chain.MESH) -> int:
        latest = CheckpointRef(GitRepository.open(self.bare)).latest()
        return 0 if latest is None else int(latest.notes[chain.value].split("\n")[1])

    async def tried(self, tries: int) -> None:
        """Wait until it has tried that often, and see that it does not try again at once."""
        await until(lambda: self.tries >= tries)
        await asyncio.sleep(10 * LOOK_S)
        assert self.tries == tries

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        task = asyncio.create_task(sign_checkpoints(self.log, self.bare, self.key))
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
def signing(tmp_path: Path, key: SignerKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signing]:
    bare = Repo(tmp_path).origin
    monkeypatch.setattr(checkpoint_signing, "LOOK_EVERY_S", LOOK_S)
    with open_for_writing(log_path(bare)) as log:
        found = Signing(bare, log, key)
        sign = CheckpointSigner.sign

        def counted(signer: CheckpointSigner) -> Filed | None:
            found.tries += 1
            return sign(signer)

        monkeypatch.setattr(CheckpointSigner, "sign", counted)
        yield found


async def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(LOOK_S)


def errors(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    found = [each for each in caplog.records if each.levelno >= logging.ERROR]
    return [(each.getMessage(), vars(each)["hint"]) for each in found]


def unwritable(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(CheckpointRef, "add", fail)


def test_every_commit_is_signed_and_nothing_between_is_tried(signing: Signing) -> None:
    async def steps() -> None:
        async with signing.started():
            await until(lambda: signing.signed() == signing.head())
            for tries in (1, 2):
                await signing.tried(tries)
                signing.commit()
                await until(lambda: signing.signed() == signing.head())

    asyncio.run(steps())
    other = CheckpointSigner(signing.log, GitRepository.open(signing.bare), signing.key)
    assert other.sign() is None, "it agrees with all that was signed"


def test_delivery_alone_is_signed_in_its_interval(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    interval_s = 0.4
    monkeypatch.setattr(checkpoint_signing, "DELIVERY_EVERY_S", interval_s)

    async def steps() -> None:
        async with signing.started():
            await until(lambda: signing.signed() == signing.head())
            for _ in range(2):
                signing.log.append_observed([CONNECTED])
                await until(lambda: signing.signed(Chain.DELIVERY) == signing.head(Chain.DELIVERY))
        assert 3 <= signing.tries <= 4, "it waits for the interval each time"

    asyncio.run(steps())


def test_a_contradicted_log_is_logged_once_and_read_again_only_for_something_new(
    signing: Signing, caplog: pytest.LogCaptureFixture
) -> None:
    """All of the log is read each time."""

    async def steps() -> None:
        async with signing.started():
            await until(lambda: signing.signed() == signing.head())
            git(signing.bare, "update-ref", "-d", REF)
            for tries in (2, 3):
                signing.commit()
                await signing.tried(tries)
            [(message, hint)] = errors(caplog)
            assert message.startswith(f"no checkpoint is signed: {REF} no longer exists")
            assert "gitmesh verify" in hint
            assert signing.signed() == 0

    asyncio.run(steps())


def test_what_cannot_be_written_is_logged_once_and_tried_until_it_can(
    signing: Signing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails_for_a_while(error: Exception, logged: int) -> None:
        before, commits = signing.tries, signing.head()
        with monkeypatch.context() as patch:
            unwritable(patch, error)
            signing.commit()
            await until(lambda: signing.tries >= before + 5)
            assert len(errors(caplog)) == logged
        await until(lambda: signing.signed() == signing.head() > commits)

    async def steps() -> None:
        async with signing.started():
            await until(lambda: signing.signed() == signing.head())
            await fails_for_a_while(Retryable("no room", hint="make some"), 1)
            await fails_for_a_while(Retryable("no room", hint="make some"), 2)
            await fails_for_a_while(OSError("no disk"), 3)
        assert errors(caplog) == [("no room", "make some")] * 2 + [("no disk", "")]

    asyncio.run(steps())


def test_other_words_for_why_nothing_is_signed_are_logged_too(
    signing: Signing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps() -> None:
        unwritable(monkeypatch, Retryable("no room"))
        async with signing.started():
            await until(lambda: errors(caplog))
            unwritable(monkeypatch, Retryable("no right"))
            await until(lambda: len(errors(caplog)) > 1)
        assert errors(caplog) == [("no room", ""), ("no right", "")]

    asyncio.run(steps())


def test_a_log_that_cannot_be_read_for_a_moment_ends_nothing(
    signing: Signing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Retryable("the log is busy")

    async def steps() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(signing.log, "head", fail)
            async with signing.started():
                await until(lambda: errors(caplog))
                patch.undo()
                await until(lambda: signing.signed() == signing.head())
        assert errors(caplog) == [("the log is busy", "")]

    asyncio.run(steps())


def test_what_was_not_filed_is_signed_later_though_nothing_is_new(
    signing: Signing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain may be read already when the other one cannot be read for a moment."""
    rows = signing.log.rows

    def fail(chain: Chain, *, after: Seq = START, limit: int | None = None) -> Iterator[Row]:
        if chain is Chain.DELIVERY:
            raise Retryable("the log is busy")
        return rows(chain, after=after, limit=limit)

    async def steps() -> None:
        async with signing.started():
            await until(lambda: signing.signed() == signing.head())
            with monkeypatch.context() as patch:
                patch.setattr(signing.log, "rows", fail)
                signing.commit()
                await until(lambda: errors(caplog))
            await until(lambda: signing.signed() == signing.head())

    asyncio.run(steps())


@pytest.mark.parametrize("chain", Chain)
def test_a_ref_that_is_gone_is_refused_though_one_chain_alone_was_signed(
    tmp_path: Path, key: SignerKey, chain: Chain
) -> None:
    bare = Repo(tmp_path).origin
    with open_for_writing(log_path(bare)) as log:
        event = CommitApplied(facts(1)) if chain is Chain.MESH else CONNECTED
        log.append(chain, [event], expected=START)
        signer = CheckpointSigner(log, GitRepository.open(bare), key)
        assert signer.sign() is not None
        assert signer.sign() is None
        git(bare, "update-ref", "-d", REF)
        with pytest.raises(Refused, match=f"no longer exists.* 1 {chain} events"):
            signer.sign()


@pytest.mark.parametrize("gone", [True, False])
def test_what_another_process_signed_is_not_taken_back_either(signing: Signing, gone: bool) -> None:
    repository = GitRepository.open(signing.bare)
    signer = CheckpointSigner(signing.log, repository, signing.key)
    first = CheckpointSigner(signing.log, repository, signing.key).sign()
    assert first is not None
    assert signer.sign() is None
    signing.commit()
    assert CheckpointSigner(signing.log, repository, signing.key).sign() is not None
    assert signer.sign() is None
    git(signing.bare, "update-ref", *(["-d", REF] if gone else [REF, first.commit]))
    with pytest.raises(Refused, match=f"{signing.head()} mesh events"):
        signer.sign()


def test_at_the_end_the_last_state_is_signed_and_a_failure_is_only_logged(
    signing: Signing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_at_the_end(signing.log, signing.bare, signing.key)
    assert signing.signed() == signing.head() > 0
    assert errors(caplog) == []
    signing.commit()
    unwritable(monkeypatch, Retryable("no room", hint="make some"))
    sign_at_the_end(signing.log, signing.bare, signing.key)
    assert errors(caplog) == [("no room", "make some")]
