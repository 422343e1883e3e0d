"""What a hostile site, or a hostile person, may try against the console."""

import re
import socket
from urllib.parse import urlsplit

import pytest

from gitmesh.console.table import PAGES
from gitmesh.console.web.body import MOST_BODY, MOST_FIELDS
from tests.console.conftest import Served, Visitor
from tests.support.git import git

OTHER_SITE = "http://evil.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": OTHER_SITE},
        {"origin": "null"},
        {"origin": "http://127.0.0.1"},
    ],
)
def test_forms_of_other_sites_change_nothing_even_with_a_token(
    visitor: Visitor, headers: dict[str, str]
) -> None:
    token = visitor.token()
    found = visitor.post("/preferences", {"theme": "dark"}, token=token, headers=headers)
    assert found.status_code == 403
    assert "set-cookie" not in found.headers


@pytest.mark.parametrize("path", ["/preferences", "/sign-out", "/sign-in", "/sign-in/provider"])
def test_no_write_without_a_token_of_this_browser(served: Served, path: str) -> None:
    visitor, other = served.visitor().sign_in(), served.visitor().sign_in()
    for token in ("", "x", "A" * 88, other.token()):
        assert visitor.post(path, {"theme": "dark"}, token=token).status_code == 403
    assert visitor.get("/").status_code == 200


def test_tokens_look_different_each_time_and_stay_good(visitor: Visitor) -> None:
    one, two = visitor.token(), visitor.token()
    assert one != two
    for token in (one, two):
        assert visitor.post("/preferences", {"theme": "auto"}, token=token).status_code == 303


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/%0d%0aset-cookie:x=1\r\nset-cookie: y=1",
        "",
    ],
)
def test_redirects_stay_on_this_console(visitor: Visitor, place: str) -> None:
    found = visitor.post("/preferences", {"theme": "auto", "next": place})
    assert found.headers["location"] == "/"
    page = visitor.client.get("/sign-in", params={"next": place}).text
    assert '<input type="hidden" name="next" value="/">' in page


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "127.0.0.1@evil.example",
        "10.0.0.1",
        "",
        "[::1",
    ],
)
def test_other_host_names_are_not_answered(served: Served, host: str) -> None:
    assert answered(served, host) == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:80", "[::1]:18090"])
def test_names_of_this_machine_are_answered(served: Served, host: str) -> None:
    assert answered(served, host) == 200


def answered(served: Served, host: str) -> int:
    place = urlsplit(served.url)
    with socket.create_connection((place.hostname or "", place.port or 0)) as raw:
        ask = f"GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        raw.sendall(ask.encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    return int(answer.split()[1])


@pytest.mark.parametrize(
    "path",
    [
        "/?at=<script>alert(1)</script>",
        '/?at="><img src=x onerror=alert(1)>',
        "/<script>alert(1)</script>",
        '/sign-in?next="><script>alert(1)</script>',
        "/?at={{7*7}}",
    ],
)
def test_nothing_in_an_address_becomes_part_of_the_page(visitor: Visitor, path: str) -> None:
    page = visitor.get(path).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not re.search(r"\b49\b", page)


def test_a_form_of_another_kind_is_no_form(visitor: Visitor) -> None:
    found = visitor.client.post("/preferences", json={"csrf": visitor.token(), "theme": "dark"})
    assert found.status_code == 415


def test_an_open_page_cannot_be_framed(visitor: Visitor) -> None:
    headers = visitor.get("/").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


WRITES = sorted({page.path for page in PAGES if page.method == "POST"})
NODE = "mesh/shop/virtualNode/cart-v1"


def of_node(path: str) -> str:
    return path.replace("{name}", "main" if path.startswith("/undo") else NODE)


@pytest.mark.parametrize("path", WRITES)
def test_no_page_changes_anything_without_a_token_or_for_another_site(
    served: Served, visitor: Visitor, path: str
) -> None:
    before = git(served.bare, "rev-parse", "main")
    fields = {"change.0.key": NODE, "commit": "main", "reason": "x", "scope": "commit"}
    for token in ("", "x", served.visitor().sign_in().token()):
        assert visitor.post(of_node(path), fields, token=token).status_code == 403
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": OTHER_SITE}):
        found = visitor.post(of_node(path), fields, headers=headers)
        assert found.status_code == 403
    assert git(served.bare, "rev-parse", "main") == before


def test_nobody_follows_the_log_without_a_session(served: Served) -> None:
    assert served.visitor().get("/live").status_code == 401


def test_forms_that_are_too_large_are_refused(visitor: Visitor) -> None:
    token = visitor.token()
    long = {"text": "x" * (MOST_BODY + 1)}
    assert visitor.post("/review", long, token=token).status_code == 413
    many = {f"f{n}": "" for n in range(MOST_FIELDS + 1)}
    assert visitor.post("/review", many, token=token).status_code == 400


def test_no_value_becomes_a_header(visitor: Visitor) -> None:
    for path in ("/log/export?author=a%0d%0aset-cookie:%20x=1", "/sign-in?next=/%0d%0ax:%20y"):
        found = visitor.get(path)
        assert "set-cookie" not in found.headers or "x=1" not in found.headers["set-cookie"]
        assert "x" not in found.headers


def test_private_pages_are_kept_by_no_cache(visitor: Visitor) -> None:
    for path in ("/", "/log", "/log/export", f"/resource/{NODE}", "/none"):
        assert visitor.get(path).headers["cache-control"] == "no-store"
