"""Real git servers for tests: over HTTPS by git's own http-backend, and over SSH by asyncssh."""

import base64
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.certificates import Authority

_MOST_BYTES = 64 * 1024 * 1024


@dataclass
class HttpsRemote:
    """Repositories of a folder over HTTPS; what it does can be changed at any time."""

    folder: Path
    port: int = 0
    ca: Path = Path()
    token: str | None = None
    """Password that is asked for; None if everybody may read and write."""
    status: int | None = None
    """Status of all answers instead of git's."""
    asked: list[str] = field(default_factory=list)
    """Paths that were asked for."""

    def url(self, repository: str) -> str:
        return f"https://127.0.0.1:{self.port}/{repository}"


@contextmanager
def https_remote(folder: Path, repositories: Path) -> Iterator[HttpsRemote]:
    """Serve the repositories of a folder over HTTPS until the block ends."""
    authority = Authority(folder)
    certificate = authority.issue("remote", "127.0.0.1")
    remote = HttpsRemote(repositories, ca=authority.bundle)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, remote)

        def do_POST(self) -> None:
            _answer(self, remote)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    remote.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield remote
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(request: BaseHTTPRequestHandler, remote: HttpsRemote) -> None:
    remote.asked.append(request.path)
    body = request.rfile.read(min(int(request.headers.get("content-length", 0)), _MOST_BYTES))
    if request.headers.get("transfer-encoding") == "chunked":
        body = _chunks(request)
    if remote.status is not None:
        return _send(request, remote.status, [], b"")
    if remote.token is not None and not _may(request, remote.token):
        return _send(request, 401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
    parts = urlsplit(request.path)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(remote.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_USER": "somebody",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "REQUEST_METHOD": request.command,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
    }
    command = ["git", "http-backend"]
    done = subprocess.run(command, input=body, env=environment, capture_output=True, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    status, headers = 200, []
    for line in head.decode().splitlines():
        name, _, value = line.partition(": ")
        if name.lower() == "status":
            status = int(value.split()[0])
        elif name:
            headers.append((name, value))
    return _send(request, status, headers, content)


def _chunks(request: BaseHTTPRequestHandler) -> bytes:
    found = bytearray()
    while size := int(request.rfile.readline().strip(), 16):
        found += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return bytes(found)


def _may(request: BaseHTTPRequestHandler, token: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Basic ")
    return base64.b64decode(given).decode().partition(":")[2] == token


def _send(
    request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    request.send_response(status)
    for name, value in headers:
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@dataclass
class SshRemote:
    """Repositories of a folder over SSH, for whoever has the key."""

    folder: Path
    port: int
    key: Path
    known_hosts: Path

    def url(self, repository: str) -> str:
        return f"ssh://git@127.0.0.1:{self.port}{self.folder}/{repository}"


@contextmanager
def ssh_remote(folder: Path, repositories: Path) -> Iterator[SshRemote]:
    """Serve the repositories of a folder over SSH until the block ends; skip without ``ssh``."""
    if shutil.which("ssh") is None:
        pytest.skip("ssh is not installed (Debian: apt install openssh-client)")
    program = [sys.executable, "-m", "tests.support.ssh_server", str(folder)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(program, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            yield SshRemote(repositories, port, folder / "a key", folder / "known hosts")
        finally:
            server.kill()
