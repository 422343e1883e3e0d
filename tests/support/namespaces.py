"""Network namespaces on one virtual network, created by a test; they reach only each other.

Needs root, ``ip`` (iproute2) and ``nft`` (nftables); without them the test is skipped.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support import plain_app, plain_client

PATIENCE_S: Final = 20
PROXY_UID: Final = 1337

_ETC: Final = Path("/etc/netns")
"""Folder in which ``ip netns exec`` finds a namespace's own files."""
_number = count(1)
_NAT: Final = "add table inet t\nadd chain inet t c { type nat hook output priority -100; }\n"


def run(*command: str, stdin: str = "") -> str:
    """Run a command and return its output; raise with its own message if it fails."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Answer:
    """Result of a call: an HTTP status, the application's text, or an error."""

    status: int | None
    said: Mapping[str, Any]
    error: str = ""

    @property
    def app(self) -> str | None:
        """The application that answered; None if none or a proxy did."""
        return self.said.get("app")

    @property
    def peer(self) -> str | None:
        """The caller's address, as the application saw it."""
        return self.said.get("peer")


class Client:
    """A process in a namespace that makes calls and does not know the mesh."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def get(self, url: str, **headers: str) -> Answer:
        """Send an HTTP request; ``x_a="b"`` is the header ``x-a: b``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._order({"url": url, "headers": named})

    def text(self, url: str) -> str:
        """Return the content of an URL."""
        return str(self._raw({"url": url}).get("text", ""))

    def say(self, host: str, port: int, line: str) -> Answer:
        """Send a line over TCP."""
        return self._order({"tcp": [host, port], "line": line})

    def listen(self, host: str, port: int) -> Answer:
        """Open a TCP connection and wait for the server's first line."""
        return self._order({"tcp": [host, port]})

    def begin_tls(self, host: str, port: int, name: str) -> Answer:
        """Begin TLS with a server name, and return the application's answer."""
        return self._order({"tcp": [host, port], "tls": name})

    def _order(self, order: Mapping[str, Any]) -> Answer:
        got = self._raw(order)
        text = got.get("text", "")
        said = json.loads(text) if text.startswith("{") else {}
        return Answer(got.get("status"), said, got.get("error", ""))

    def _raw(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        got: dict[str, Any] = json.loads(self._process.stdout.readline())
        return got


class Namespace:
    """A network namespace on one virtual network; processes in it end with it."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.name = name
        self._stack = stack
        run("ip", "netns", "add", name)
        stack.callback(run, "ip", "netns", "del", name)
        self.ip("link", "set", "lo", "up")

    @property
    def within(self) -> tuple[str, ...]:
        """Command prefix that runs a command in this namespace."""
        return ("ip", "netns", "exec", self.name)

    def ip(self, *arguments: str) -> None:
        """Configure the namespace's network with ``ip``."""
        run("ip", "-n", self.name, *arguments)

    def nft(self, *arguments: str, rules: str = "") -> str:
        """Run nftables in this namespace, with rules on its input."""
        return run(*self.within, "nft", *arguments, stdin=rules)

    def start(
        self, *command: str, uid: int = 0, gid: int = 0, log: Path | None = None
    ) -> "subprocess.Popen[str]":
        """Run a process in this namespace until its end, with pipes; ``log`` gets its errors."""
        user = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
        errors = subprocess.DEVNULL if log is None else self._stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [*self.within, *user, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        self._stack.callback(_end, process)
        return process

    def app(self, name: str, *places: str) -> None:
        """Run an application that serves ``http:8080`` and similar on every address."""
        process = self.start(sys.executable, "-I", str(plain_app.__file__), name, *places)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", f"{name} did not start"

    def client(self, *, uid: int = 0, gid: int = 0) -> Client:
        """Run a client. It is passed as source, because the user may lack access to the file."""
        source = Path(str(plain_client.__file__)).read_text()
        return Client(self.start(sys.executable, "-I", "-c", source, uid=uid, gid=gid))


@contextmanager
def a_wire(
    hosts: Mapping[str, Sequence[str]], names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Create a namespace for each host with its addresses, all on one network; yield them by host.

    ``names`` are the names that all of them resolve, with their addresses; no DNS server is used.
    """
    _skip_unless_possible()
    unique = f"gitmesh-{os.getpid()}-{next(_number)}"
    hosts_file = "".join(f"{address} {name}\n" for name, address in names.items())
    with ExitStack() as stack:
        stack.enter_context(_folder(_ETC))
        wire = Namespace(f"{unique}-wire", stack)
        wire.ip("link", "add", "wire", "type", "bridge")
        wire.ip("link", "set", "wire", "up")
        made = {}
        for number, (host, addresses) in enumerate(hosts.items()):
            _own_files(stack, f"{unique}-{host}", f"127.0.0.1 localhost\n{hosts_file}")
            made[host] = namespace = Namespace(f"{unique}-{host}", stack)
            end = f"end{number}"
            wire.ip("link", "add", end, "type", "veth", "peer", "eth0", "netns", namespace.name)
            wire.ip("link", "set", end, "master", "wire", "up")
            for address in addresses:
                duplicates = ("nodad",) if ":" in address else ()
                namespace.ip("address", "add", address, "dev", "eth0", *duplicates)
            namespace.ip("link", "set", "eth0", "up")
        yield made


def _own_files(stack: ExitStack, name: str, hosts: str) -> None:
    folder = stack.enter_context(_folder(_ETC / name))
    for file, content in (("hosts", hosts), ("resolv.conf", "# nobody is asked\n")):
        stack.callback((folder / file).unlink, missing_ok=True)
        (folder / file).write_text(content)


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """Create a folder if it does not exist, and remove it afterwards if it is empty."""
    path.mkdir(exist_ok=True)
    try:
        yield path
    finally:
        with suppress(OSError):  # somebody else has something there
            path.rmdir()


def skip_unless_runnable(uid: int, *command: str) -> None:
    """Skip the test if a user may not run a program, because its folders are not readable."""
    user = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
    done = subprocess.run([*user, *command], capture_output=True, timeout=PATIENCE_S, check=False)
    if done.returncode != 0:
        pytest.skip(f"user {uid} may not run {command[0]}: {done.stderr.decode(errors='replace')}")


def _skip_unless_possible() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("making network namespaces takes root on Linux")
    for program, package in (("ip", "iproute2"), ("nft", "nftables"), ("setpriv", "util-linux")):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}: apt-get install {package}")
    skip_unless_runnable(PROXY_UID, sys.executable, "-I", "-c", "pass")
    try:
        with ExitStack() as stack:
            probe = Namespace(f"gitmesh-{os.getpid()}-{next(_number)}-probe", stack)
            probe.ip("link", "add", "wire", "type", "bridge")
            probe.nft("-f", "-", rules=_NAT)
    except AssertionError as error:
        pytest.skip(f"this machine makes no network namespaces with redirects: {error}")


def _end(process: "subprocess.Popen[str]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
