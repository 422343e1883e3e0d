"""Sign-in with passwords, sessions, and what keeps strangers out."""

import contextlib
import json
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitmesh.access.credential_changes import NewCaller
from gitmesh.access.users.user_changes import add_user, remove_user
from gitmesh.console.sign_in.throttle import Throttle, TooManyAttempts
from gitmesh.console.table import PAGES, Page
from tests.console.conftest import Served, Visitor, serve, text_of
from tests.support.command_line import gitmesh
from tests.support.git import Repo, git
from tests.support.server import Server

PASSWORD = "correct horse battery"
OTHER = "a quite different sentence"


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("users") / "users.toml"
    file.write_text('[[role]]\nname = "cart"\nwrite = ["mesh/shop/virtualRouter/cart"]\n')
    file.chmod(0o600)
    add_user(file, "cat", NewCaller("Cat", "cat@shop.example", "cart"), PASSWORD)
    add_user(file, "ada", NewCaller("Ada", "ada@shop.example", "write"), PASSWORD)
    add_user(file, "rob", NewCaller("Rob", "rob@shop.example", "read"), OTHER)
    return file


@pytest.fixture(scope="module")
def served(users: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve one repository, with users, to all tests of the module."""
    found = serve(tmp_path_factory.mktemp("sign-in"), "--console-users", str(users))
    with found.server:
        yield found


def enter(visitor: Visitor, login: str = "ada", password: str = PASSWORD, after: str = "/") -> int:
    """Try to sign in; return the status."""
    fields = {"login": login, "password": password, "next": after}
    return visitor.post("/sign-in", fields, token=visitor.token("/sign-in")).status_code


def session_of(visitor: Visitor) -> str:
    return next(v for k, v in visitor.client.cookies.items() if "session" in k)


def test_who_has_not_signed_in_is_sent_to_do_so_and_then_where_they_wanted(served: Served) -> None:
    visitor = served.visitor()
    found = visitor.get("/?at=main")
    assert (found.status_code, found.headers["location"]) == (303, "/sign-in?next=%2F%3Fat%3Dmain")
    page = visitor.get(found.headers["location"]).text
    assert '<input type="hidden" name="next" value="/?at=main">' in page
    fields = {"login": "ada", "password": PASSWORD, "next": "/?at=main"}
    entered = visitor.post("/sign-in", fields, token=visitor.token("/sign-in"))
    assert (entered.status_code, entered.headers["location"]) == (303, "/?at=main")
    assert "Ada" in visitor.get("/").text


@pytest.mark.parametrize(
    ("login", "password"), [("ada", OTHER), ("nobody", PASSWORD), ("", ""), ("ada", "x" * 5000)]
)
def test_a_wrong_password_and_an_unknown_login_are_told_alike(
    served: Served, login: str, password: str
) -> None:
    visitor = served.visitor()
    fields = {"login": login, "password": password}
    found = visitor.post("/sign-in", fields, token=visitor.token("/sign-in"))
    assert found.status_code == 401
    assert "do not belong together" in found.text
    assert not [name for name in visitor.client.cookies if "session" in name]


def test_cookies_are_kept_from_scripts_and_from_other_sites(served: Served) -> None:
    visitor = served.visitor()
    fields = {"login": "ada", "password": PASSWORD, "next": "/"}
    entered = visitor.post("/sign-in", fields, token=visitor.token("/sign-in"))
    cookie = next(c for c in entered.headers.get_list("set-cookie") if "session" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Domain" not in cookie


def test_a_session_gets_a_new_id_at_each_sign_in_and_none_that_was_brought(served: Served) -> None:
    visitor = served.visitor()
    name = f"gitmesh-session-{served.url.rpartition(':')[2]}"
    visitor.client.cookies.set(name, "chosen-by-an-attacker", domain="127.0.0.1")
    assert visitor.get("/").status_code == 303
    visitor.client.cookies.delete(name)
    enter(visitor)
    first = session_of(visitor)
    assert first != "chosen-by-an-attacker"
    enter(visitor)
    assert session_of(visitor) != first
    old = served.visitor()
    old.client.cookies.set(name, first, domain="127.0.0.1")
    assert old.get("/").status_code == 303


def test_who_signs_out_is_out_even_with_the_old_cookie(served: Served) -> None:
    visitor = served.visitor()
    enter(visitor)
    cookies = dict(visitor.client.cookies)
    assert visitor.post("/sign-out").headers["location"] == "/sign-in"
    other = served.visitor()
    other.client.cookies.update(cookies)
    assert other.get("/").status_code == 303


def test_who_signs_out_everywhere_ends_all_of_their_sessions_and_no_others(served: Served) -> None:
    one, two, another = served.visitor(), served.visitor(), served.visitor()
    enter(one)
    enter(two)
    enter(another, "rob", OTHER)
    one.post("/sign-out", {"everywhere": "yes"})
    assert two.get("/").status_code == 303
    assert another.get("/").status_code == 200


def test_ids_of_sessions_are_in_no_file(served: Served) -> None:
    visitor = served.visitor()
    enter(visitor)
    (file,) = served.bare.glob("gitmesh/*.sessions")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert session_of(visitor) not in file.read_text()
    assert "user:ada" in file.read_text()


def test_sessions_survive_a_restart_and_end_with_their_user(users: Path, tmp_path: Path) -> None:
    found = serve(tmp_path, "--console-users", str(users))
    address = found.url.removeprefix("http://")
    with found.server:
        add_user(users, "eve", NewCaller("Eve"), PASSWORD)
        visitor = found.visitor()
        enter(visitor, "eve")
        assert visitor.get("/").status_code == 200
        found.server.stop()
    options = ("--console", address, "--console-users", str(users))
    with Server(found.bare, *options, name="again") as again:
        again.wait_for("ready")
        assert visitor.get("/").status_code == 200
        remove_user(users, "eve")
        assert visitor.get("/").status_code == 303


def test_what_was_typed_survives_an_ended_session(served: Served) -> None:
    visitor = served.visitor()
    enter(visitor)
    token = visitor.token()
    visitor.post("/sign-out")
    sent = visitor.post("/nowhere", {"reason": 'the <b>"reason"</b>', "for": "1h"}, token=token)
    assert sent.status_code == 401
    assert "What you typed is kept" in sent.text
    typed = json.dumps([["reason", 'the <b>"reason"</b>'], ["for", "1h"]])
    fields = {"login": "ada", "password": PASSWORD, "next": "/nowhere", "typed": typed}
    resumed = visitor.post("/sign-in", fields, token=visitor.token("/sign-in"))
    assert resumed.status_code == 200
    assert 'action="/nowhere"' in resumed.text
    assert 'name="reason" value="the &lt;b&gt;&#34;reason&#34;&lt;/b&gt;"' in resumed.text
    token = resumed.text.partition('action="/nowhere"')[2].partition('name="csrf" value="')[2]
    again = visitor.post("/nowhere", {"reason": "r"}, token=token.partition('"')[0])
    assert again.status_code == 404  # not 403: the token is that of the new session


@pytest.mark.parametrize(
    "path", ["/edit/mesh/shop/virtualNode/a%20b%C3%BC", "/undo/main", "/pin", "/commit-changes"]
)
def test_each_page_that_writes_keeps_what_was_typed(served: Served, path: str) -> None:
    visitor = served.visitor()
    enter(visitor)
    token = visitor.token()
    visitor.post("/sign-out")
    sent = visitor.post(path, {"reason": "too slow"}, token=token)
    assert sent.status_code == 401
    assert f'name="next" value="{path}"' in sent.text
    assert "too slow" in sent.text
    # A script that asks for a part of an open page leaves that page as it is.
    part = visitor.post(path, {"reason": "too slow"}, token=token, headers={"hx-request": "true"})
    assert (part.status_code, part.text) == (204, "")
    assert visitor.get("/", hx_request="true").status_code == 204
    # Signed in again in another tab: the old form only needs a click.
    enter(visitor)
    ours = {"sec-fetch-site": "same-origin"}
    again = visitor.post(path, {"reason": "too slow"}, token=token, headers=ours)
    assert again.status_code == 403
    assert f'<form method="post" action="{path}">' in again.text
    assert 'name="reason" value="too slow"' in again.text
    strange = visitor.post(path, {"reason": "too slow"}, token=token)
    assert strange.status_code == 403
    assert "too slow" not in strange.text


def test_failed_attempts_are_throttled_by_login_and_address(served: Served) -> None:
    visitor = served.visitor()
    statuses = [enter(visitor, "victim", f"guess number {n} of many") for n in range(11)]
    assert statuses == [401] * 10 + [429]
    assert enter(served.visitor(), "ada") == 303  # others are not kept out


def test_other_headers_give_no_further_attempts(served: Served) -> None:
    visitor = served.visitor()
    token = visitor.token("/sign-in")
    fields = {"login": "victim", "password": "guess number 12 of many"}
    for name in ("x-forwarded-for", "forwarded", "x-real-ip", "client-ip"):
        found = visitor.post("/sign-in", fields, token=token, headers={name: "10.9.8.7"})
        assert found.status_code == 429


@pytest.mark.parametrize("page", [page for page in PAGES if page.allowed is not PAGES[0].allowed])
def test_who_may_only_read_is_told_that_pages_that_write_do_not_exist(
    served: Served, page: Page
) -> None:
    reader = served.visitor()
    assert enter(reader, "rob", OTHER) == 303
    before = git(served.bare, "rev-parse", "main")
    path = page.path.replace("{name}", "mesh/shop/virtualNode/cart-v1")
    reads = page.path in ("/verification", "/problems")  # which change nothing
    if page.method == "GET":
        found = reader.get(path)
    else:
        found = reader.post(path, {"change.0.key": "mesh/shop/virtualNode/cart-v1"})
    assert found.status_code in ((200, 303) if reads else (404,))
    assert git(served.bare, "rev-parse", "main") == before


def test_many_attempts_at_once_are_not_more_attempts() -> None:
    throttle, checked = Throttle(), list[int]()

    def guess(number: int) -> None:
        with contextlib.suppress(TooManyAttempts), throttle.attempt("ada", "10.0.0.1"):
            checked.append(number)
            time.sleep(0.01)  # as a password is hashed: the others come meanwhile
            throttle.failed("ada", "10.0.0.1")

    with ThreadPoolExecutor(40) as threads:
        list(threads.map(guess, range(40)))
    assert 10 <= len(checked) <= 11


def test_a_change_is_shown_only_as_far_as_its_author_may_read(served: Served) -> None:
    route = "mesh/shop/virtualRouter/cart/route/all"
    ada, cat = served.visitor(), served.visitor()
    enter(ada)
    enter(cat, "cat")
    shift = f"/shift/{route}?w.0=70&w.1=30"
    whole, part = text_of(ada.get(shift).text), text_of(cat.get(shift).text)
    assert "cart-v2 0 % → 30 %" in whole
    assert "cart-v2 0 % → 30 %" in part
    assert " web " in whole  # a node that calls the service
    assert " web " not in part
    refused = cat.get("/edit/mesh/shop/virtualRouter/cart/route/none/more")
    assert refused.status_code == 404
    assert cat.get("/edit/mesh/shop/virtualNode/web").status_code == 404
    mesh = cat.get("/edit/mesh/shop")
    assert mesh.status_code == 403
    assert "You may not change mesh/shop." in text_of(mesh.text)


def test_passwords_are_in_no_log(served: Served) -> None:
    visitor = served.visitor()
    enter(visitor)
    enter(visitor, "ada", "a password that is wrong")
    said = [json.dumps(line) for line in served.server.lines()]
    assert any("sign-in refused" in line for line in said)
    assert not [line for line in said if PASSWORD in line or "that is wrong" in line]


# ---- where it listens ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--console", "0.0.0.0:0"), "name who may sign in"),
        (("--console", "unix:/tmp/x"), "not a Unix socket"),
        (("--console", "127.0.0.1:0", "--console-tls-cert", "x.pem"), "TLS needs a certificate"),
        (
            ("--console", "127.0.0.1:0", "--console-users", "/nonexistent/users.toml"),
            "name the file of users",
        ),
    ],
)
def test_a_console_that_would_let_everybody_in_is_refused(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    bare = Repo(tmp_path).origin
    refused = gitmesh("serve", bare, *options)
    assert refused.code == 2
    assert told in refused.err


def test_passwords_do_not_cross_the_network_in_plain_text(users: Path, tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    options = ("--console", "0.0.0.0:0", "--console-users", str(users))
    refused = gitmesh("serve", bare, *options)
    assert refused.code == 2
    assert "plain text" in refused.err
