"""Attacks on the API: each is refused cleanly, and none reaches git or stops the server."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest import mock
from urllib.parse import quote

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gitmesh.access.recent_signatures import AGAIN_WITHIN
from tests.api.conftest import ACCOUNT, KEY, SECRET, TOKEN, Served, serve
from tests.support.git import git

MESHES = "/v20190125/meshes"
ROUTERS = f"{MESHES}/shop/virtualRouters"
ROUTER = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}
BEARER = f"authorization: Bearer {TOKEN}\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("attacks"))
    with found.server:
        yield found


OVERHEARD = [
    ("PUT", f"/v20190125/tag?resourceArn=arn%3Aaws%3Aappmesh%3Aeu-west-1%3A{ACCOUNT}%3Amesh%2Fshop",
     b'{"tags":[{"key":"team","value":"cart"}]}'),
    ("DELETE", f"{ROUTERS}/overheard", b""),
    ("POST", "/gitmesh/v1/changes",
     b'{"apply":[{"kind":"Mesh","meshName":"overheard","spec":{}}]}'),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def overheard(target: Served) -> tuple[list[bytes], float]:
    """Return signed writes that were carried out, whose effect was then undone, and when."""
    make = {"virtualRouterName": "overheard", "spec": ROUTER}
    _done(target, request("PUT", ROUTERS, json.dumps(make).encode()))
    sent = []
    for method, path, body in OVERHEARD:
        headers = signed(method, path, body)
        if method == "POST":
            headers["content-type"] = "application/json"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        sent.append(request(method, path, body, lines))
        _done(target, sent[-1])
        _done(target, sent[-1]) if method != "DELETE" else None  # at once, it changes nothing
    _done(target, request("PUT", ROUTERS, json.dumps(make).encode()))
    _done(target, request("DELETE", f"{MESHES}/overheard"))
    gone = b'{"tagKeys":["team"]}'
    _done(target, request("PUT", OVERHEARD[0][1].replace("/tag?", "/untag?"), gone))
    return sent, time.monotonic()


def _done(target: Served, data: bytes) -> None:
    answer = exchange(target, data)
    assert statuses(answer) == [200], answer


@pytest.fixture(autouse=True)
def unharmed(target: Served) -> Iterator[None]:
    """Check after each attack that nothing reached git, and that the server still answers."""
    before = git(target.bare, "rev-parse", "main")
    yield
    assert git(target.bare, "rev-parse", "main") == before
    answer = exchange(target, request("GET", MESHES))
    assert statuses(answer) == [200], answer
    faults = [line for line in target.server.lines() if line["level"] in ("ERROR", "CRITICAL")]
    assert faults == []


def address(served: Served) -> tuple[str, int]:
    host, _, port = served.url.removeprefix("http://").rpartition(":")
    return host, int(port)


def request(
    method: str, path: str, body: bytes = b"", headers: str = BEARER, *, host: str = "h"
) -> bytes:
    length = f"content-length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}{length}connection: close\r\n\r\n"
    return head.encode("latin-1") + body


def exchange(served: Served, data: bytes, *, within_s: float = 30.0) -> bytes:
    """Send bytes, and return everything that comes back until the server closes."""
    received = b""
    with socket.create_connection(address(served), timeout=within_s) as connection:
        sender = threading.Thread(target=_send, args=(connection, data))
        sender.start()
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass
        finally:
            sender.join()
    return received


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        return  # the server had enough


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in _STATUS.findall(answer)]


def refused(answer: bytes) -> bool:
    """Tell whether an answer is one refusal, or none because the connection was closed."""
    found = statuses(answer)
    return len(found) <= 1 and all(400 <= status < 500 for status in found)


# ---- signatures ------------------------------------------------------------------------------


def signed(
    method: str = "PUT",
    path: str = MESHES,
    body: bytes = b'{"meshName":"attack"}',
    *,
    at: datetime | None = None,
    service: str = "appmesh",
    secret: str = SECRET,
    key: str = KEY,
) -> dict[str, str]:
    """Return the headers of a signed request."""
    made = AWSRequest(method=method, url=f"http://h{path}", data=body)
    now = (at or datetime.now(UTC)).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        signer: Any = auth.SigV4Auth(Credentials(key, secret), service, "eu-west-1")
        signer.add_auth(made)
    return {name.lower(): value for name, value in made.headers.items()}


def attempt(
    served: Served, headers: dict[str, str], method: str = "PUT", path: str = MESHES,
    body: bytes = b'{"meshName":"attack"}',
) -> int:  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = exchange(served, request(method, path, body, lines))
    [status] = statuses(answer)
    return status


def without(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {n: v for n, v in headers.items() if n != name}


def changed(name: str, old: str, new: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {**headers, name: re.sub(old, new, headers[name])}


SPOILED: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no signature at all": without("authorization"),
    "no date": without("x-amz-date"),
    "an empty header": lambda h: {**h, "authorization": ""},
    "no algorithm": changed("authorization", "AWS4-HMAC-SHA256 ", ""),
    "another algorithm": changed("authorization", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
    "algorithm none": changed("authorization", "AWS4-HMAC-SHA256", "none"),
    "an empty signature": changed("authorization", "Signature=.*", "Signature="),
    "zeros": changed("authorization", "Signature=.*", "Signature=" + "0" * 64),
    "capitals": lambda h: {**h, "authorization": h["authorization"].replace(
        h["authorization"][-64:], h["authorization"][-64:].upper())},
    "a short signature": changed("authorization", ".{8}$", ""),
    "a longer signature": changed("authorization", "$", "00"),
    "another key": changed("authorization", KEY, "AKIDREADER"),
    "an unknown key": changed("authorization", KEY, "AKIDNOBODY"),
    "a key with a path": changed("authorization", KEY, "../AKIDWRITER"),
    "host not signed": changed("authorization", "SignedHeaders=host;", "SignedHeaders="),
    "nothing signed": changed("authorization", "SignedHeaders=[^,]*", "SignedHeaders=host"),
    "another date in the scope": changed("authorization", r"/\d{8}/", "/20200101/"),
    "another service": changed("authorization", "/appmesh/", "/s3/"),
    "another region": changed("authorization", "/eu-west-1/", "/us-east-1/"),
    "a header that is not signed": lambda h: {**h, "x-amz-security-token": "x"},
    "a change that is not signed": lambda h: {**h, "x-gitmesh-change": "other"},
    "a date in words": changed("x-amz-date", ".*", "now"),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_signature_is_refused(target: Served, how: str) -> None:
    good = signed()
    spoiled = SPOILED[how](good)
    assert spoiled != good
    assert attempt(target, spoiled) in (400, 403)


def test_what_is_signed_cannot_be_changed(target: Served) -> None:
    assert attempt(target, signed(), body=b'{"meshName":"attacK"}') == 403
    assert attempt(target, signed(), method="POST") == 403
    assert attempt(target, signed(), path=f"{MESHES}/shop") == 403
    assert attempt(target, signed(), path=f"{MESHES}?meshOwner=1") == 403
    assert attempt(target, signed(secret="x" * 40)) == 403
    assert attempt(target, signed(service="s3")) == 400


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365, -60 * 24 * 365])
def test_a_request_of_another_time_is_refused(target: Served, minutes: int) -> None:
    when = datetime.now(UTC) + timedelta(minutes=minutes)
    assert attempt(target, signed(at=when)) == 403


def test_two_authorizations_are_no_proof(target: Served) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed().items())
    for first, second in ((lines, BEARER), (BEARER, lines), (BEARER, BEARER)):
        answer = exchange(target, request("PUT", MESHES, b'{"meshName":"two"}', first + second))
        assert refused(answer), answer


# ---- paths -----------------------------------------------------------------------------------

PATHS = [
    f"{MESHES}/..%2f..%2fetc%2fpasswd",
    f"{MESHES}/%2e%2e/%2e%2e/etc/passwd",
    f"{MESHES}/../../etc/passwd",
    f"{MESHES}/shop/virtualRouters/..%2F..%2F..%2F.git%2fconfig",
    f"{MESHES}/shop/virtualRouters/%00",
    f"{MESHES}/shop/virtualRouters/a%0d%0aVia:%20push",
    f"{MESHES}/shop/virtualRouters/%c0%ae%c0%ae%c0%af",
    f"{MESHES}/shop/virtualRouters/%ed%a0%80",
    f"{MESHES}/shop/virtualRouters/%",
    f"{MESHES}/shop/virtualRouters/%zz",
    f"{MESHES}/shop/virtualRouters/..\\..\\x",
    f"{MESHES}//virtualRouters/x",
    f"{MESHES}/shop/virtualRouters/{'a' * 256}",
    f"{MESHES}/shop/virtualRouters/{'a' * 20_000}",
    f"{MESHES}/shop/virtualRouters?limit={'1' * 5_000}",
    f"{MESHES}/shop/virtualRouters?limit=-1",
    f"{MESHES}/shop/virtualRouters?nextToken=%00%ff",
    f"{MESHES}/shop/virtualRouters?nextToken=" + "A" * 4000,
    "http://other.example/v20190125/meshes/x",
    "//v20190125/meshes",
    "*",
    "/.git/config",
    "/v20190125/../../../../etc/passwd",
]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_path_leads_nowhere(target: Served, method: str, path: str) -> None:
    answer = exchange(target, request(method, path))
    assert refused(answer), answer
    assert b"root:" not in answer


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "OPTIONS", "HEAD", "PROPFIND", "GE\tT", ""])
def test_other_methods_do_nothing(target: Served, method: str) -> None:
    assert refused(exchange(target, request(method, MESHES)))


# ---- what HTTP may mean in two ways ------------------------------------------------------------

INNER = f"PUT {MESHES} HTTP/1.1\r\nhost: h\r\n{BEARER}content-length: 21\r\n\r\n" + (
    '{"meshName":"inside"}'
)
AMBIGUOUS = {
    "length and chunks": f"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    "chunks and length": f"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n{INNER}",
    "two lengths": f"content-length: 0\r\ncontent-length: {len(INNER)}\r\n\r\n{INNER}",
    "a list of lengths": f"content-length: 0, {len(INNER)}\r\n\r\n{INNER}",
    "a negative length": f"content-length: -1\r\n\r\n{INNER}",
    "a signed length": f"content-length: +4\r\n\r\n{INNER}",
    "a hexadecimal length": f"content-length: 0x4\r\n\r\n{INNER}",
    "a huge length": f"content-length: {'9' * 40}\r\n\r\n{INNER}",
    "another coding": f"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}",
    "two codings": f"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{INNER}",
    "a space before the colon": f"content-length : 4\r\n\r\n{INNER}",
    "a folded header": f"x: a\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    "a lone return": f"x: a\rtransfer-encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    "a zero byte": f"x: a\0b\r\n\r\n{INNER}",
    "a chunk of no size": f"transfer-encoding: chunked\r\n\r\nzz\r\n{INNER}",
    "a chunk too large": f"transfer-encoding: chunked\r\n\r\n{'f' * 30}\r\n{INNER}",
    "a chunk of negative size": f"transfer-encoding: chunked\r\n\r\n-1\r\n{INNER}",
}


@pytest.mark.parametrize("how", AMBIGUOUS)
def test_no_request_hides_in_another(target: Served, how: str) -> None:
    # Without a proof of identity outside: only what is inside could do anything.
    data = f"GET {MESHES}/shop HTTP/1.1\r\nhost: h\r\n{AMBIGUOUS[how]}"
    answer = exchange(target, data.encode("latin-1"))
    found = statuses(answer)
    assert all(400 <= status < 500 for status in found), answer
    assert b"inside" not in answer
    assert len(found) == 1 or how == "a folded header", "a second request was read"


@pytest.mark.parametrize(
    "host", ["", "host: a\r\nhost: b\r\n", "host: h\r\nHost: h\r\n"], ids=["none", "two", "twice"]
)
def test_a_request_has_one_host(target: Served, host: str) -> None:
    data = f"GET {MESHES} HTTP/1.1\r\n{host}{BEARER}connection: close\r\n\r\n"
    assert refused(exchange(target, data.encode()))


@pytest.mark.parametrize("host", ["evil.example", "h/../..", "h@evil", "h:99999999", "[::1", "-"])
def test_a_strange_host_changes_nothing(target: Served, host: str) -> None:
    answer = exchange(target, request("GET", MESHES, host=host))
    assert statuses(answer) in ([200], [400])
    assert b"evil" not in answer


def test_requests_in_one_go_are_answered_in_order_and_each_needs_a_proof(target: Served) -> None:
    mine = f"GET {MESHES}/shop HTTP/1.1\r\nhost: h\r\n{BEARER}\r\n"
    nobody = f"PUT {MESHES} HTTP/1.1\r\nhost: h\r\ncontent-length: 21\r\n\r\n" + (
        '{"meshName":"inside"}'
    )
    last = f"GET {MESHES}/none HTTP/1.1\r\nhost: h\r\n{BEARER}connection: close\r\n\r\n"
    answer = exchange(target, (mine + nobody + mine + last).encode())
    assert statuses(answer) == [200, 403, 200, 404]
    many = exchange(target, (mine * 50 + last).encode())
    assert statuses(many) == [200] * 50 + [404]
    assert statuses(exchange(target, (mine + "rubbish\r\n\r\n" + mine).encode())) in (
        [200, 400],
        [400],
    )


# ---- too much, too deep, too slow ------------------------------------------------------------


def nested(depth: int) -> bytes:
    return b'{"meshName":"deep","spec":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


BODIES = {
    "too long": b'{"meshName":"' + b"a" * (2 << 20) + b'"}',
    "deep objects": nested(100_000),
    "deep lists": b'{"meshName":"deep","spec":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "a little deep": nested(200),
    "a huge number": b'{"meshName":"n","spec":{"a":' + b"9" * 100_000 + b"}}",
    "a huge exponent": b'{"meshName":"n","spec":{"a":1e999999999}}',
    "not a number": b'{"meshName":"n","spec":NaN}',
    "a zero byte": b'{"meshName":"n\\u0000"}',
    "half a character": b'{"meshName":"n\\ud800"}',
    "half a character in a field": b'{"meshName":"n","\\ud800":1}',
    "half a character in a spec": b'{"meshName":"n","spec":{"\\ud800":"\\udfff"}}',
    "not UTF-8": b'{"meshName":"\xff\xfe"}',
    "the same name twice": b'{"meshName":"n","meshName":"m","x":1}',
    "many unknown names": json.dumps({f"x{i}": 1 for i in range(50_000)}).encode(),
    "a list": b"[1]",
    "text": b"meshName: a",
    "an alias": b'{"meshName":"&a","spec":"*a"}',
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_too_much_is_refused(target: Served, what: str) -> None:
    answer = exchange(target, request("PUT", MESHES, BODIES[what]))
    assert refused(answer), answer
    assert statuses(answer) != [] or what == "too long"


def test_a_body_without_end_is_cut_off(target: Served) -> None:
    head = f"PUT {MESHES} HTTP/1.1\r\nhost: h\r\n{BEARER}transfer-encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = exchange(target, head.encode() + chunk * 200)
    assert refused(answer)


@pytest.mark.parametrize(
    "headers",
    ["x: " + "a" * 100_000 + "\r\n", "".join(f"x{i}: 1\r\n" for i in range(500)),
     "x" * 30_000 + ": 1\r\n", "cookie: a\r\n" * 2_000],
    ids=["long", "many", "long name", "repeated"],
)  # fmt: skip
def test_headers_that_are_too_much_are_refused(target: Served, headers: str) -> None:
    assert refused(exchange(target, request("GET", MESHES, headers=BEARER + headers)))


def drip(served: Served, start: bytes, more: bytes) -> tuple[float, bytes]:
    """Send a byte now and then; return when the server had enough, and what it answered."""
    began = time.monotonic()
    answer = b""
    with socket.create_connection(address(served), timeout=0.5) as connection:
        connection.sendall(start)
        while time.monotonic() - began < 40:
            try:
                connection.sendall(more)
                part = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            answer += part
            if not part:
                break
    return time.monotonic() - began, answer


SLOW: Final[Mapping[str, tuple[bytes, bytes]]] = {
    "nothing": (b"", b""),
    "a method": (b"G", b"E"),
    "headers": (f"GET {MESHES} HTTP/1.1\r\n".encode(), b"x: a\r\n"),
    "a body": (
        f"PUT {MESHES} HTTP/1.1\r\nhost: h\r\ncontent-length: 9999\r\n{BEARER}\r\n".encode(),
        b" ",
    ),
    "a second request": (
        request("GET", MESHES).replace(b"connection: close\r\n", b"") + b"GET /",
        b"x",
    ),
}
"""What a slow client begins with, and what it sends now and then."""


@pytest.fixture(scope="module")
def dripped(target: Served) -> Mapping[str, tuple[float, bytes]]:
    """Return how each slow client fared; all come at once, for the server waits for ten seconds."""
    with ThreadPoolExecutor(len(SLOW)) as pool:
        fared = pool.map(lambda sent: drip(target, *sent), SLOW.values())
        return dict(zip(SLOW, fared, strict=True))


@pytest.mark.parametrize("what", SLOW)
def test_a_slow_client_is_cut_off(dripped: Mapping[str, tuple[float, bytes]], what: str) -> None:
    took, answer = dripped[what]
    assert took < 25, "it would hold its connection for as long as it likes"
    assert all(status in (200, 408, 400) for status in statuses(answer))


def test_idle_connections_have_a_bound_and_lock_nobody_out_for_long(target: Served) -> None:
    idle: list[socket.socket] = []
    try:
        for _ in range(600):
            try:
                idle.append(socket.create_connection(address(target), timeout=5))
            except OSError:
                break
        target.server.wait_for("too many connections of API clients")
    finally:
        for each in idle:
            each.close()
    deadline = time.monotonic() + 20
    while statuses(_try(target)) != [200] and time.monotonic() < deadline:
        time.sleep(0.2)


def _try(served: Served) -> bytes:
    try:
        return exchange(served, request("GET", MESHES))
    except OSError:
        return b""


# ---- names and trailers --------------------------------------------------------------------------

NAMES = [
    "a\nVia: push", "a\r\n\r\nSigned-off-by: root <root@h>", "a\x00", "a\x1b[31m", "..", ".", "",
    "../../hooks/post-receive", "/etc/passwd", ".git/config", "a/../../b", "\ud800",
    "a\u2028b\u0085",    " ", "a" * 256, "x" * 100_000, "-rf", "\u202ea", "a\x7f",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_writes_no_trailer_and_no_file_elsewhere(target: Served, name: str) -> None:
    before = git(target.bare, "rev-parse", "main")
    for path, field in ((ROUTERS, "virtualRouterName"), (MESHES, "meshName")):
        spec = ROUTER if field == "virtualRouterName" else {}
        answer = exchange(
            target, request("PUT", path, json.dumps({field: name, "spec": spec}).encode())
        )
        [status] = statuses(answer)
        assert status < 500, answer
        if status == 200:
            check_commit_of(target, name)
            git(target.bare, "update-ref", "refs/heads/main", before)
    target.server.wait_until(lambda: git(target.bare, "rev-parse", "main") == before)


def check_commit_of(target: Served, name: str) -> None:
    told = git(target.bare, "log", "-1", "--format=%B", "main")
    assert [line for line in told.splitlines() if line.startswith("Via:")] == ["Via: api"]
    assert "Signed-off-by" not in told
    assert "\n" not in name
    paths = git(target.bare, "diff", "--name-only", "main^", "main").splitlines()
    assert all(path.startswith("shop/") and ".." not in path.split("/") for path in paths), paths


@pytest.mark.parametrize(
    "token",
    ["a\nVia: push", "a b", "x" * 65, "", "../x", "a\u0000", 7, ["a"], {"a": 1}],
)
def test_a_client_token_writes_no_trailer(target: Served, token: Any) -> None:
    body = {"virtualRouterName": "token", "spec": ROUTER, "clientToken": token}
    assert refused(exchange(target, request("PUT", ROUTERS, json.dumps(body).encode())))


def test_an_invocation_id_writes_no_trailer(target: Served) -> None:
    before = git(target.bare, "rev-parse", "main")
    for index, value in enumerate(["a Via: push", "a;b", "x" * 65, "a\tb", "%0aVia:%20push"]):
        headers = f"{BEARER}amz-sdk-invocation-id: {value}\r\n"
        body = {"virtualRouterName": f"inv{index}", "spec": ROUTER}
        answer = exchange(target, request("PUT", ROUTERS, json.dumps(body).encode(), headers))
        assert statuses(answer) in ([200], [400])
        told = git(target.bare, "log", "-1", "--format=%B", "main")
        assert "Invocation-Id" not in told
        assert [line for line in told.splitlines() if line.startswith("Via:")] == ["Via: api"]
    git(target.bare, "update-ref", "refs/heads/main", before)
    target.server.wait_until(lambda: git(target.bare, "rev-parse", "main") == before)


def test_a_name_in_an_error_breaks_no_header_and_no_log_line(target: Served) -> None:
    name = quote("a\u2028b\u202e<script>", safe="")
    answer = exchange(target, request("GET", f"{MESHES}/shop/virtualRouters/{name}"))
    assert statuses(answer) == [404]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"script" not in head
    assert b"application/json" in head
    assert json.loads(body)["message"]


# ---- overheard requests: last, because they must be some seconds old -----------------------------


@pytest.mark.parametrize("which", range(len(OVERHEARD)))
@pytest.mark.parametrize("invocation", ["", "amz-sdk-invocation-id: another\r\n"])
def test_a_write_that_was_overheard_changes_nothing(
    target: Served, overheard: tuple[list[bytes], float], which: int, invocation: str
) -> None:
    sent, at = overheard
    time.sleep(max(0.0, at + AGAIN_WITHIN.total_seconds() + 0.5 - time.monotonic()))
    data = sent[which].replace(b"host: h\r\n", f"host: h\r\n{invocation}".encode())
    answer = exchange(target, data)
    assert statuses(answer) == [403], answer
    assert b"received before" in answer
