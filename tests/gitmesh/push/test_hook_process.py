"""Hooks that run in copies of a server's hook process: as those that run by themselves do."""

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from events.types import CommitId
from gitmesh.demo.sample import ROUTES, shares
from gitmesh.hooks import client, scripts
from gitmesh.push.check import check
from gitmesh.push.read_specs import ReadSpecs
from gitmesh.queries.log_location import log_path
from reconciler.git.repository import GitRepository
from tests.gitmesh.push.test_push import Pushed, commit_shares, push, received
from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.sample_shop import sample_files
from tests.support.server import Server

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Hooked:
    """A repository with hooks as they are installed, and its server."""

    repo: Repo
    server: Server

    @property
    def address(self) -> str:
        return client.address(str(log_path(self.repo.origin)))

    def connected(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made.settimeout(PATIENCE_S)
        try:
            made.connect(self.address)
        except OSError:
            made.close()
            raise
        return made

    def process(self) -> int:
        """Return the id of the hook process; wait until there is one."""
        until(self.answers)
        with self.connected() as made:
            peer = made.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            return int(struct.unpack("3i", peer)[0])

    def answers(self) -> bool:
        with contextlib.suppress(OSError), self.connected():
            return True
        return False

    def copies(self) -> list[int]:
        """Return the processes of the running hooks."""
        found = Path(f"/proc/{self.process()}/task/{self.process()}/children").read_text()
        return [int(pid) for pid in found.split()]

    def copy_of(self, hook: "subprocess.Popen[str]") -> int:
        """Return the copy that runs a hook, once it has the hook's input."""

        def reads(pid: int) -> bool:
            return os.stat(f"/proc/{pid}/fd/0").st_ino == os.stat(f"/proc/{hook.pid}/fd/0").st_ino

        until(lambda: any(map(reads, self.copies())))
        return next(filter(reads, self.copies()))

    def hook(self, name: str) -> "subprocess.Popen[str]":
        """Start a hook, whose input the caller writes."""
        return subprocess.Popen(
            [str(self.repo.origin / "hooks" / name)],
            cwd=self.repo.origin,
            env={**os.environ, "GIT_DIR": "."},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def until(so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def made(folder: Path) -> Repo:
    folder.mkdir(exist_ok=True)
    repo = Repo(folder)
    repo.origin.rename(folder / "plain.git")
    assert gitmesh("init", repo.origin).code == 0
    repo.commit(sample_files(), "The shop's mesh")
    return repo


@pytest.fixture
def hooked(tmp_path: Path) -> Iterator[Hooked]:
    repo = made(tmp_path)
    with Server(repo.origin) as server:
        server.wait_for("ready")
        hooked = Hooked(repo, server)
        hooked.process()
        yield hooked


def by_themselves(repo: Repo) -> None:
    """Let the hooks find no client."""
    for name in scripts.NAMES:
        hook = repo.origin / "hooks" / name
        hook.write_text(re.sub(r"(?m)^client=.*$", "client=", hook.read_text()))


def words(pushed: Pushed) -> tuple[int, str]:
    return pushed.code, re.sub(r"[\d.]+ ms", "… ms", pushed.told)


def mistake(repo: Repo) -> None:
    repo.commit({ROUTES: sample_files(shares(10, "cart-v3"))[ROUTES]}, "To version 3")


def mended(repo: Repo) -> None:
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    commit_shares(repo, 20)


def test_a_hook_runs_in_a_copy_and_its_own_process_waits(hooked: Hooked) -> None:
    hook = hooked.hook("pre-receive")
    hooked.copy_of(hook)
    commands = [
        Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        for pid in Path(f"/proc/{hook.pid}/task/{hook.pid}/children").read_text().split()
    ]
    assert [command[1] for command in commands] == [b"-IS"]
    assert hook.communicate("", timeout=PATIENCE_S)[0] == ""
    assert hook.returncode == 0
    until(lambda: not hooked.copies())


def test_the_answers_are_those_of_a_hook_that_runs_by_itself(
    hooked: Hooked, tmp_path: Path
) -> None:
    other = made(tmp_path / "other")
    by_themselves(other)
    with Server(other.origin) as server:
        server.wait_for("ready")
        for change in (
            lambda repo: None,
            lambda repo: commit_shares(repo, 10),
            mistake,
            mended,
        ):
            answers = []
            for repo in (hooked.repo, other):
                change(repo)
                answers.append(words(push(repo, "-o", "ticket=CHG-1", REMOTE_USER="alice")))
            assert answers[0] == answers[1]
        [mine, others] = [received(repo) for repo in (hooked.repo, other)]
        assert [each.pusher for each in mine] == [each.pusher for each in others] == ["alice"] * 3
        assert [each.options for each in mine] == [each.options for each in others]


def test_it_has_a_name_of_its_own(hooked: Hooked) -> None:
    assert Path(f"/proc/{hooked.process()}/comm").read_text() == "gitmesh-hooks\n"


AS_NOBODY = """
import os, socket, sys
made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
address = "\\0" + sys.argv[1]
os.setuid(65534)
"""
ASK = """
made.connect(address)
made.send(b"(1, [], {}, '/')")
print(made.recv(16))
"""
SERVE = """
made.bind(address)
made.listen()
print("listening", flush=True)
while True:
    client, _ = made.accept()
    print(client.recv(100), flush=True)
"""


def as_nobody(program: str, address: str) -> list[str]:
    return [sys.executable, "-c", AS_NOBODY + program, address.removeprefix("\0")]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_is_not_answered(hooked: Hooked) -> None:
    command = as_nobody(ASK, hooked.address)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("b''\n", "")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_process_of_another_user_is_told_nothing(hooked: Hooked) -> None:
    os.kill(hooked.process(), signal.SIGKILL)
    until(lambda: not hooked.answers())
    command = as_nobody(SERVE, hooked.address)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "listening\n"
        assert "19 changes" in push(hooked.repo).told
        other.kill()
        assert set(other.stdout.read().splitlines()) == {"b''"}


def test_a_repository_can_be_copied_while_it_is_served(hooked: Hooked, tmp_path: Path) -> None:
    hooked.process()
    shutil.copytree(hooked.repo.origin, tmp_path / "copy")


def test_pushes_go_on_without_the_hook_process(hooked: Hooked) -> None:
    os.kill(hooked.process(), signal.SIGKILL)
    assert "19 changes" in push(hooked.repo).told
    commit_shares(hooked.repo, 10)
    assert "1 change" in push(hooked.repo).told


def test_a_hook_process_that_does_not_answer_runs_no_hook_later(hooked: Hooked) -> None:
    process = hooked.process()
    os.kill(process, signal.SIGSTOP)
    try:
        assert "19 changes" in push(hooked.repo).told
        mistake(hooked.repo)
        assert "1 problem in 1 commit" in push(hooked.repo).told
    finally:
        os.kill(process, signal.SIGCONT)
    hooked.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    commit_shares(hooked.repo, 10)
    assert "1 change" in push(hooked.repo).told
    assert len(received(hooked.repo)) == 2
    asked = ("log", hooked.repo.origin, "--kind", "PushRefused", "--json")
    until(lambda: len(gitmesh(*asked).json_lines()) == 1)


def test_a_push_whose_copy_is_killed_is_refused(hooked: Hooked) -> None:
    hook = hooked.hook("pre-receive")
    os.kill(hooked.copy_of(hook), signal.SIGKILL)
    told, _ = hook.communicate("", timeout=PATIENCE_S)
    assert hook.returncode == 1
    assert "the check ended without a verdict (exit code 70)" in told
    assert push(hooked.repo).code == 0


def test_what_is_no_request_is_not_answered(hooked: Hooked) -> None:
    bad = ("", "x", "[" * 5000, "1", "(0, [], {}, '/')", "(1, [2], {}, '/')", "(1, [], {}, 3)")
    for said in (*(each.encode() for each in bad), b"\xff" * 100):
        with hooked.connected() as made, contextlib.suppress(ConnectionError):
            made.send(said)
            assert made.recv(16) == b""
    assert push(hooked.repo).code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_server(hooked: Hooked, number: signal.Signals) -> None:
    process = hooked.process()
    hooked.server.stop(number)
    until(lambda: not Path(f"/proc/{process}").exists() or "Z" in state(process))
    assert not hooked.answers()
    assert "no server is running" in push(hooked.repo).told


def state(process: int) -> str:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return "Z"


def test_a_second_server_leaves_it_alone_and_the_next_one_replaces_what_is_left(
    hooked: Hooked,
) -> None:
    first = hooked.process()
    with Server(hooked.repo.origin, name="second") as second:
        assert second.process.wait(PATIENCE_S) != 0
    assert hooked.process() == first
    os.kill(first, signal.SIGKILL)
    hooked.server.stop()
    with Server(hooked.repo.origin, name="third") as server:
        server.wait_for("ready")
        assert hooked.process() != first


def test_another_log_has_a_hook_process_too(hooked: Hooked) -> None:
    first, origin = hooked.process(), hooked.repo.origin
    aside = origin.rename(origin.with_name("aside.git"))
    shutil.copytree(aside, origin)
    hooked.server.wait_until(
        lambda: sum(line["message"] == "ready" for line in hooked.server.lines()) == 2
    )
    assert hooked.process() == first
    assert "19 changes" in push(hooked.repo).told


def test_known_specs_change_no_decision(tmp_path: Path) -> None:
    repo = made(tmp_path)
    commits = [CommitId(repo.git("rev-parse", "HEAD"))]
    for change in (lambda: commit_shares(repo, 10), lambda: mistake(repo)):
        change()
        commits.append(CommitId(repo.git("rev-parse", "HEAD")))
    repo.revert("HEAD")
    commits.append(CommitId(repo.git("rev-parse", "HEAD")))
    source = GitRepository.open(repo.work)
    for known in commits:
        repo.git("update-ref", "refs/heads/known", known)
        specs = ReadSpecs()
        specs.read(repo.work / ".git", "known")
        assert bool(specs.tree.graph.resources) == (known != commits[2])
        for before, after in zip([None, *commits], [*commits, commits[0]], strict=True):
            assert check(source, before, after, specs.tree) == check(source, before, after)


def test_too_many_specs_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitmesh.push.read_specs.MOST_RESOURCES", 18)
    repo = made(tmp_path)
    specs = ReadSpecs()
    specs.read(repo.work / ".git", None)
    assert not specs.tree.graph.resources
    monkeypatch.setattr("gitmesh.push.read_specs.GitRepository", None)
    specs.read(repo.work / ".git", None)  # does not even open it again
