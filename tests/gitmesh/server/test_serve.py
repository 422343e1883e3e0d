"""The server as a process: start, ready line, pushes, and shutdown."""

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.sample_shop import sample_files
from tests.support.server import Server


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return Repo(tmp_path).origin


@pytest.fixture
def server(bare: Path) -> Iterator[Server]:
    with Server(bare, cold=True) as server:
        yield server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_with_code_0(server: Server, number: signal.Signals) -> None:
    ready = server.wait_for("ready")
    assert ready["commit"] == "none"
    assert server.stop(number) == 0
    assert [line["message"] for line in server.lines()][-2:] == ["stopping", "stopped"]


def test_each_commit_is_one_line_and_a_mistake_is_told_with_its_place(
    bare: Path, server: Server
) -> None:
    server.wait_for("ready")
    first = put(bare, sample_files(), message="The shop's mesh")
    line = server.wait_for("commit applied", commit=first[:7])
    assert line["changes"] == 19
    assert line["author"] == "Alice"
    published = server.wait_for("snapshot published", commit=first[:7])
    assert published["mesh_seq"] == 20
    bad = put(bare, {**sample_files(), "shop/a.yaml": b"kind: Mess\n"}, message="Oops")
    line = server.wait_for("commit rejected", commit=bad[:7])
    assert line["level"] == "WARNING"
    assert str(line["first"]).startswith("shop/a.yaml:1: ")
    assert server.stop() == 0
    told = [re.match("commit", str(line["message"])) for line in server.lines()]
    assert len([match for match in told if match]) == 2


REFUSED = "the newest commit is refused; the server serves the last valid one"


def test_a_restart_says_that_the_branchs_newest_commit_is_refused(bare: Path) -> None:
    good = put(bare, sample_files())
    with Server(bare) as server:
        assert server.wait_for("ready")["commit"] == good
        bad = put(bare, {**sample_files(), "shop/a.yaml": b"kind: Mess\n"})
        server.wait_for("commit rejected", commit=bad[:7])
        assert server.stop() == 0
        assert REFUSED not in [line["message"] for line in server.lines()]
    with Server(bare) as server:
        assert server.wait_for("ready")["commit"] == good
        told = server.wait_for(REFUSED)
        assert server.stop() == 0
    assert (told["level"], told["tip"], told["serving"]) == ("WARNING", bad[:7], good[:7])
    assert told["hint"] == "gitmesh log"


def test_a_second_server_for_the_same_log_is_refused_with_code_3(
    bare: Path, server: Server
) -> None:
    server.wait_for("ready")
    second = gitmesh("serve", bare, "--listen", "127.0.0.1:0")
    assert second.code == 3
    assert "another process is writing" in second.err


def test_a_port_that_is_taken_ends_it_with_code_3(bare: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = gitmesh("serve", bare, "--listen", f"127.0.0.1:{port}")
    assert refused.code == 3
    other = f"127.0.0.1:{port + 1 if port < 65535 else port - 1}"
    assert refused.err == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        f"  hint: is another server running there? choose another port: --listen {other}\n"
    )


def test_plain_text_beyond_this_machine_must_be_asked_for(bare: Path) -> None:
    before = sorted(bare.rglob("*"))
    refused = gitmesh("serve", bare, "--listen", "0.0.0.0:0")
    assert refused.code == 2
    assert "plain text" in refused.err
    assert "event log" not in refused.err
    assert sorted(bare.rglob("*")) == before


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "127.0.0.1:", "foo"])
def test_what_is_no_address_is_refused_before_the_log_is_opened(bare: Path, address: str) -> None:
    before = sorted(bare.rglob("*"))
    refused = gitmesh("serve", bare, "--listen", address)
    assert refused.code == 2
    assert f"--listen={address!r}: not an address; write host:port" in refused.err
    assert "event log" not in refused.err
    assert sorted(bare.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--branch", "a..b"), 2, "'a..b' cannot be the name of a branch"),
        (("--listen", "192.0.2.1:0", "--insecure-listen"), 3, "an address of this machine"),
        (("--listen", "unix:/nowhere/xds.sock"), 3, "there is no folder /nowhere"),
        (("--listen", "unix:xds.sock", "--workers", "1"), 2, "cannot share a socket file"),
        (("--checkpoint-key", "/no.key"), 2, "/no.key: No such file"),
    ],
)
def test_what_cannot_be_is_refused_before_the_log_is_opened(
    bare: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    before = sorted(bare.rglob("*"))
    refused = gitmesh("serve", bare, *options)
    assert refused.code == code
    assert words in refused.err
    assert "event log" not in refused.err
    assert sorted(bare.rglob("*")) == before


def test_hooks_are_told_of_no_branch_that_cannot_be(bare: Path) -> None:
    before = sorted(bare.rglob("*"))
    refused = gitmesh("hooks", bare, "--branch", "a b")
    assert (refused.code, "'a b' cannot be the name of a branch" in refused.err) == (2, True)
    assert sorted(bare.rglob("*")) == before


def test_a_repository_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused = gitmesh("serve", tmp_path / "nowhere")
    assert refused.code == 2
    assert "hint:" in refused.err


@pytest.mark.parametrize(
    "options",
    [
        ["--tls-cert", "xds.pem"],
        ["--tls-cert", "xds.pem", "--tls-key", "xds.key"],
        ["--tls-client-ca", "proxies.pem"],
        ["--tls-trust-domain", "shop.example"],
    ],
    ids=" ".join,
)
def test_half_of_mutual_tls_is_refused(bare: Path, options: list[str]) -> None:
    before = sorted(bare.rglob("*"))
    refused = gitmesh("serve", bare, *options)
    assert refused.code == 2
    assert "mutual TLS needs a certificate, its key, and the CA" in refused.err
    assert sorted(bare.rglob("*")) == before


@pytest.mark.parametrize("workers", ["0", "1"])
def test_tls_files_that_are_not_there_are_refused_in_words(bare: Path, workers: str) -> None:
    files = ("--tls-cert", "/no.pem", "--tls-key", "/no.key", "--tls-client-ca", "/no.ca")
    before = sorted(bare.rglob("*"))
    refused = gitmesh("serve", bare, *files, "--listen", "127.0.0.1:0", "--workers", workers)
    assert refused.code == 2
    assert sorted(bare.rglob("*")) == before
    assert "/no.pem cannot be read: No such file or directory" in refused.err


@pytest.mark.parametrize(
    "options", [["--http", "127.0.0.1:0", "--http-anonymous"], ["--console", "127.0.0.1:0"]]
)
def test_what_makes_commits_removes_the_branch_lock_of_a_server_that_was_killed(
    bare: Path, options: list[str]
) -> None:
    put(bare, sample_files(), message="The shop's mesh")
    lock = bare / "refs" / "heads" / "main.lock"
    lock.touch()
    with Server(bare, *options) as server:
        line = server.wait_for("removed the lock of a server that was killed")
        assert (line["path"], lock.exists()) == (str(lock), False)
