"""A server that follows a repository on another host, through its mirror."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gitmesh.cli import exit_codes
from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.git import git, put
from tests.support.git_remotes import HttpsRemote, https_remote
from tests.support.sample_shop import sample_files
from tests.support.server import Server

TOKEN, SECRET = "t0ken-of-the-forge", "s3cret-of-the-webhook"


@dataclass
class Followed:
    """A repository on a forge, and the server that follows it."""

    origin: Path
    mirror: Path
    remote: HttpsRemote
    server: Server
    client: httpx.Client

    def webhook(self, secret: str = SECRET) -> int:
        """Send what GitHub sends after a push; return the status of the answer."""
        body = b'{"ref": "refs/heads/main"}'
        made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={made}"}
        return self.client.post("/webhook", content=body, headers=headers).status_code

    def wait_for_words(self, words: str) -> None:
        self.server.wait_until(
            lambda: any(words in str(line["message"]) for line in self.server.lines())
        )


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    folder = tmp_path_factory.mktemp("forge")
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "shop.git")
    origin, mirror = folder / "shop.git", folder / "a mirror.git"
    git(origin, "config", "http.receivepack", "true")
    put(origin, sample_files())
    (folder / "token").write_text(TOKEN)
    (folder / "secret").write_text(SECRET)
    with https_remote(folder, folder) as remote:
        remote.token = TOKEN
        options = [
            *("--mirror", str(mirror), "--remote-poll", "3600"),
            *("--remote-token-file", str(folder / "token"), "--remote-ca-file", str(remote.ca)),
            *("--http", "127.0.0.1:0", "--http-anonymous"),
            *("--webhook-secret-file", str(folder / "secret")),
        ]
        with Server(origin, *options, address=remote.url("shop.git")) as server:
            api = f"http://{server.wait_for('serving the API')['listen']}"
            server.wait_for("ready")
            with httpx.Client(base_url=api) as client:
                yield Followed(origin, mirror, remote, server, client)


def test_a_signed_webhook_brings_a_push_at_once(followed: Followed) -> None:
    made = put(followed.origin, sample_files(shares(10)), minute=1)
    assert followed.webhook("forged") == 403
    assert followed.webhook() == 202
    assert followed.server.wait_for("commit applied", commit=made[:7])
    found = gitmesh("status", "--repo", followed.mirror, "--json").json()
    assert found["newest"] == made


def test_a_flood_of_forged_webhooks_is_cut_off_and_told_once(followed: Followed) -> None:
    before, forged = len(followed.remote.asked), 120
    assert 429 in {followed.webhook("forged") for _ in range(forged)}
    assert len(followed.remote.asked) - before < forged / 10  # the fetch of the webhook before
    lines = [line["message"] for line in followed.server.lines()]
    assert lines.count("webhooks without a valid signature") == 1


def test_a_rollback_is_pushed_to_the_remote_with_the_token(followed: Followed) -> None:
    before = git(followed.origin, "rev-parse", "main")
    made = put(followed.origin, sample_files(shares(30)), minute=2)
    assert followed.webhook() == 202
    followed.server.wait_for("commit applied", commit=made[:7])
    done = gitmesh("rollback", before, "--repo", followed.mirror, "--json")
    assert done.code == exit_codes.OK, done.err
    reverted = done.json()["commit"]
    assert git(followed.origin, "rev-parse", "main") == reverted
    followed.server.wait_for("commit applied", commit=reverted[:7])


def test_while_the_forge_is_down_it_is_told_once_and_nothing_else_changes(
    followed: Followed,
) -> None:
    tip = git(followed.origin, "rev-parse", "main")
    followed.remote.status = 503
    for _ in range(3):
        followed.webhook()
        followed.wait_for_words("the remote cannot be reached")
    found = gitmesh("status", "--repo", followed.mirror, "--json").json()
    assert found["served"] == tip
    assert found["degraded"][0]["reason"] == "remote-unreachable"
    refused = gitmesh("rollback", "main~1", "--repo", followed.mirror)
    assert refused.code != exit_codes.OK
    assert "the remote cannot be reached" in refused.err
    assert "nothing was changed" in refused.err
    assert git(followed.mirror, "rev-parse", "main") == tip
    followed.remote.status = None
    followed.webhook()
    followed.wait_for_words("remote-unreachable is over")
    kinds = gitmesh("log", "--repo", followed.mirror, "--kind", "SourceDegraded", "--json").out
    assert kinds.count("remote-unreachable") == 1


def test_nothing_that_is_kept_or_said_has_a_secret(followed: Followed) -> None:
    said = str(followed.server.lines())
    kept = b"".join(p.read_bytes() for p in followed.mirror.rglob("*") if p.is_file())
    for secret in (TOKEN, SECRET):
        assert secret not in said
        assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["https://127.0.0.1:1/shop.git"], "the remote cannot be reached"),
        (["https://me:secret@127.0.0.1/shop.git"], "contains a password"),
        (["shop.git", "--webhook-secret-file", "secret"], "needs a remote repository"),
        (["file:///nowhere/shop.git", "--branch", "main"], "there is no such repository"),
    ],
)
def test_what_cannot_be_followed_ends_at_once_with_a_remedy(
    followed: Followed, tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "secret").write_text("x")
    places = {"shop.git": str(followed.origin), "secret": str(tmp_path / "secret")}
    named = [places.get(each, each) for each in arguments]
    done = gitmesh("serve", *named, "--listen", "127.0.0.1:0", XDG_STATE_HOME=str(tmp_path))
    assert done.code != exit_codes.OK
    assert words in done.err
    assert "hint:" in done.err
