"""Everything that is written to a server's error stream becomes a log line."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest

from bench import frames
from tests.support.ads_client import METHOD
from tests.support.git import Repo, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE, sample_files
from tests.support.server import Server
from xds.type_urls import CLUSTER
from xds.wire.encode import encode

STREAMS, CONNECTIONS = 4_000, 4
REQUEST = encode(DiscoveryRequest(node=Node(id=ENTRANCE), type_url=CLUSTER))
_CANCEL = (8).to_bytes(4, "big")

SPEAKING = """
import os, subprocess, sys, threading, time, warnings
from gitmesh.server.error_stream import captured
from gitmesh.server.log_format import log_to_stderr

class Unraisable:
    def __del__(self):
        raise ValueError("nobody hears this")

with captured() as stream:
    log_to_stderr("info", as_json=True, stream=stream)
    os.write(2, b"E0000 00:00:01.000000    7 tcp_server.cc:45] File descriptor limit reached\\n")
    os.write(2, b"two\\nlines\\n\\n")
    os.write(2, b"no text: \\xff\\xfe\\n")
    print("from Python", file=sys.stderr, flush=True)
    subprocess.run(["sh", "-c", "echo from a child >&2"])
    warnings.warn("do not do this")
    Unraisable()
    thread = threading.Thread(target=lambda: 1 / 0, name="worker")
    thread.start()
    thread.join()
    os.write(2, b"x" * 20_000 + b"\\n")
    os.write(2, b"the last words, without an end")
print("as before", file=sys.stderr)
"""


UNHEARD = """
import logging, os, time
from gitmesh.server.error_stream import captured
from gitmesh.server.log_format import log_to_stderr

with captured() as stream:
    log_to_stderr("info", stream=stream)
    for n in range(3):
        logging.getLogger("x").warning("nobody reads this")
    began = time.process_time()
    time.sleep(0.5)
    print(time.process_time() - began)
"""


@pytest.fixture(scope="module")
def told() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SPEAKING], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_stream_that_nobody_reads_any_more_is_no_error_and_no_work(terminal: bool) -> None:
    reading, writing = pty.openpty() if terminal else os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", UNHEARD], stdout=subprocess.PIPE, stderr=writing, timeout=60
    )
    os.close(writing)
    assert done.returncode == 0
    assert float(done.stdout) < 0.2


def test_all_of_it_is_json_until_the_block_ends(told: list[str]) -> None:
    assert told[-1] == "as before"
    lines = [json.loads(line) for line in told[:-1]]
    messages = [line["message"] for line in lines]
    for expected in ("two", "lines", "from Python", "from a child", "worker has failed"):
        assert expected in messages
    assert "the last words, without an end" in messages
    assert any("no text" in message for message in messages)
    assert max(map(len, messages)) <= 8_000


def test_a_line_of_grpc_has_its_level_and_its_place(told: list[str]) -> None:
    (line,) = [json.loads(line) for line in told if "File descriptor" in line]
    assert (line["level"], line["message"], line["grpc"]) == (
        "ERROR",
        "File descriptor limit reached",
        "tcp_server.cc:45",
    )


def test_warnings_and_errors_that_nobody_catches_are_lines_with_their_traceback(
    told: list[str],
) -> None:
    (warning,) = [json.loads(line) for line in told if "do not do this" in line]
    assert warning["level"] == "WARNING"
    (unraisable,) = [json.loads(line) for line in told if "nobody hears this" in line]
    assert "ValueError" in unraisable["traceback"]
    (thread,) = [json.loads(line) for line in told if "worker has failed" in line]
    assert "ZeroDivisionError" in thread["traceback"]


def opened_and_cancelled(cancel_at_once: bool) -> tuple[bytes, bytes]:
    """Return what opens streams on one connection and asks on each, and what cancels them all."""
    opening = frames.opening("xds", METHOD)
    at = opening.rindex(b"\x83\x86")
    parts, block = [opening[: at - frames.HEAD]], opening[at:]
    cancels: list[bytes] = []
    message = b"\0" + len(REQUEST).to_bytes(4, "big") + REQUEST

    for number in range(1, 2 * (STREAMS // CONNECTIONS), 2):
        cancel = frames.frame(frames.RST_STREAM, 0, number, _CANCEL)
        parts += [frames.frame(frames.HEADERS, 4, number, block)]
        parts += [frames.frame(frames.DATA, 0, number, message)]
        (parts if cancel_at_once else cancels).append(cancel)
    return b"".join(parts), b"".join(cancels)


def is_answered(address: str) -> bool:
    """Subscribe once. A proxy that is told to retry in a second does so, as Envoy would."""
    try:
        with RawClient(address, ENTRANCE) as proxy:
            proxy.subscribe(CLUSTER)
    except AssertionError as error:
        if "retry in a second" not in str(error):
            raise
        time.sleep(1)
        return False
    return True


@pytest.mark.parametrize("workers", ["0", "1"])
def test_4000_streams_that_are_cancelled_at_once_are_no_tracebacks(
    tmp_path: Path, workers: str
) -> None:
    import socket

    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    with Server(bare, "--workers", workers) as server:
        port = int(server.address.rpartition(":")[2])
        for cancel_at_once in (False, True):
            asked, cancelled = opened_and_cancelled(cancel_at_once)
            sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
            for each in sockets:
                with contextlib.suppress(OSError):
                    each.sendall(asked)
            time.sleep(0.1)
            for each in sockets:
                with contextlib.suppress(OSError):  # gRPC may have ended such a connection
                    each.sendall(cancelled)
            time.sleep(0.5)
            for each in sockets:
                each.close()
        server.wait_until(lambda: is_answered(server.address))
        assert server.stop() == 0
    text = (tmp_path / "serve.log").read_text()
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert Counter(line["message"] for line in lines if "traceback" in line) == {}


def test_what_grpc_tells_of_itself_is_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPC_VERBOSITY", "debug")
    monkeypatch.setenv("GRPC_TRACE", "http")
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    with Server(bare, cold=True) as server, RawClient(server.address, ENTRANCE) as proxy:
        proxy.subscribe(CLUSTER)
        server.wait_until(lambda: any("grpc" in line for line in server.lines()))
        assert server.stop() == 0
    for line in (tmp_path / "serve.log").read_text().splitlines():
        json.loads(line)
    assert os.environ["GRPC_TRACE"] == "http"
