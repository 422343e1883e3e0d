"""The server as a process: it starts, says so, follows pushes, and ends as it should."""

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
    with Server(bare) as server:
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


def test_a_second_server_for_the_same_log_is_refused_with_code_3(
    bare: Path, server: Server
) -> None:
    server.wait_for("ready")
    second = gitmesh("serve", bare, "--listen", "127.0.0.1:0")
    assert second.code == 3
    assert "another process is writing" in second.err


def test_a_port_that_is_taken_ends_it_with_code_3(bare: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = gitmesh("serve", bare, "--listen", address)
    assert refused.code == 3
    assert f"error: cannot listen on {address}" in refused.err
    assert "Traceback" not in refused.err


def test_plain_text_beyond_this_machine_must_be_asked_for(bare: Path) -> None:
    refused = gitmesh("serve", bare, "--listen", "0.0.0.0:0")
    assert refused.code == 2
    assert "plain text" in refused.err


def test_a_repository_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused = gitmesh("serve", tmp_path / "nowhere")
    assert refused.code == 2
    assert "hint:" in refused.err
