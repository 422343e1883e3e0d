"""A mirror and its remote: real git servers over HTTPS, SSH and files."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.types import (
    OF_REMOTE,
    REMOTE_BRANCH_MISSING,
    REMOTE_DENIED,
    REMOTE_DIVERGED,
    REMOTE_MISSING,
    REMOTE_REPLACED,
    REMOTE_UNREACHABLE,
    REMOTE_UNSUPPORTED,
    REMOTE_UNTRUSTED,
)
from mesh.errors import UsageError
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved
from reconciler.reading.source import SourceUnavailable
from reconciler.remote.access import RemoteAccess
from reconciler.remote.address import RemoteAddress
from reconciler.remote.mirror import Mirror, Proposed
from tests.support.git import git, put
from tests.support.git_remotes import HttpsRemote, https_remote, ssh_remote

NOBODY = RemoteAccess()


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "shop.git")
    put(tmp_path / "shop.git", {"a": "1"})
    return tmp_path / "shop.git"


@pytest.fixture
def mirror(origin: Path) -> Mirror:
    return mirror_of(origin)


def mirror_of(origin: Path, branch: str | None = None) -> Mirror:
    address = RemoteAddress.parse(f"file://{origin}")
    return Mirror.create(origin.parent / "mirror.git", address, NOBODY, branch)


def head(repo: Path, ref: str = "refs/heads/main") -> str:
    return git(repo, "rev-parse", ref)


def reason(mirror: Mirror) -> str:
    with pytest.raises(SourceUnavailable) as error:
        mirror.look()
    assert error.value.reason in OF_REMOTE
    return error.value.reason


def test_the_branch_follows_the_remote_also_back(origin: Path, mirror: Mirror) -> None:
    first = head(origin)
    assert mirror.look().moved
    assert not mirror.look().moved
    assert head(mirror.path) == first
    second = put(origin, {"a": "2"})
    assert mirror.fetch().tip == second
    git(origin, "update-ref", "refs/heads/main", first)
    assert mirror.look().moved
    assert head(mirror.path) == first


def test_without_a_name_the_branch_of_the_remotes_head_is_followed(origin: Path) -> None:
    git(origin, "branch", "--move", "main", "live")
    git(origin, "symbolic-ref", "HEAD", "refs/heads/live")
    mirror = mirror_of(origin)
    assert mirror.ref == "refs/heads/live"
    mirror.look()
    assert head(mirror.path, "HEAD") == head(origin, "refs/heads/live")


def test_whatever_happens_to_the_remote_the_mirror_stays(origin: Path, mirror: Mirror) -> None:
    first = head(origin)
    mirror.look()
    origin.rename(origin.with_name("away.git"))
    assert reason(mirror) == REMOTE_MISSING
    git(origin.parent, "init", "--quiet", "--bare", "--initial-branch=main", "shop.git")
    assert reason(mirror) == REMOTE_BRANCH_MISSING
    put(origin, {"other": "repository"})
    for _ in range(2):  # and again, without a second look at the history
        assert reason(mirror) == REMOTE_REPLACED
    assert reason(mirror_of(origin)) == REMOTE_REPLACED  # also after a restart
    assert head(mirror.path) == first
    git(mirror.path, "update-ref", "-d", "refs/heads/main")  # as the hint says
    assert mirror.look().moved
    assert head(mirror.path) == head(origin)


def test_a_remote_with_other_object_ids_is_named(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--object-format=sha256", "shop.git")
    bare = tmp_path / "shop.git"
    tree = git(bare, "hash-object", "-t", "tree", "-w", "/dev/null")
    made = git(bare, "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", tree, "-m", "x")
    git(bare, "update-ref", "refs/heads/main", made)
    assert reason(mirror_of(tmp_path / "shop.git", "main")) == REMOTE_UNSUPPORTED


def test_a_mirror_is_that_of_one_address(origin: Path, mirror: Mirror) -> None:
    other = RemoteAddress.parse(f"file://{origin}-other")
    with pytest.raises(UsageError, match="is not a mirror of"):
        Mirror.create(mirror.path, other, NOBODY, None)
    with pytest.raises(UsageError, match="is not a mirror of"):
        Mirror.create(origin, other, NOBODY, None)


# ---- pushes --------------------------------------------------------------------------------------


def test_a_push_moves_the_remote_first_and_then_the_mirror(origin: Path, mirror: Mirror) -> None:
    mirror.look()
    before, made = head(mirror.path), aside(mirror)
    pushing = Mirror.of(GitRepository.open(mirror.path), mirror.ref, {})
    assert pushing is not None
    pushing.push(before, made)  # type: ignore[arg-type]
    assert head(origin) == head(mirror.path) == made
    assert not mirror.look().moved


def test_a_push_beside_a_newer_commit_changes_nothing_and_fetches_it(
    origin: Path, mirror: Mirror
) -> None:
    mirror.look()
    before, made = head(mirror.path), aside(mirror)
    newer = put(origin, {"a": "newer"})
    with pytest.raises(BranchMoved):
        mirror.push(before, made)  # type: ignore[arg-type]
    assert head(origin) == head(mirror.path) == newer


def test_a_protected_branch_gets_a_proposal(origin: Path, mirror: Mirror) -> None:
    mirror.look()
    before, made = head(mirror.path), aside(mirror)
    hook = origin / "hooks" / "update"
    link = "https://forge.example/team/shop/-/merge_requests/new"
    hook.write_text(f'#!/bin/sh\necho "create one: {link}" >&2\ntest "$1" != refs/heads/main\n')
    hook.chmod(0o755)
    with pytest.raises(Proposed) as error:
        mirror.push(before, made)  # type: ignore[arg-type]
    assert link in error.value.hint
    assert head(origin) == head(mirror.path) == before
    assert head(origin, f"refs/heads/gitmesh/{made[:12]}") == made


def test_commits_of_the_mirror_alone_are_never_overwritten(origin: Path, mirror: Mirror) -> None:
    mirror.look()
    made = aside(mirror)
    git(mirror.path, "update-ref", mirror.ref, made)
    assert not mirror.look().moved
    put(origin, {"a": "newer"})
    assert reason(mirror) == REMOTE_DIVERGED
    assert head(mirror.path) == made


def aside(mirror: Mirror) -> str:
    """Make a commit on the mirror's branch to which no ref points."""
    tree = git(mirror.path, "rev-parse", f"{mirror.ref}^{{tree}}")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    return git(mirror.path, *who, "commit-tree", tree, "-p", mirror.ref, "-m", "ours")


# ---- other hosts ---------------------------------------------------------------------------------


@pytest.fixture
def remote(tmp_path: Path, origin: Path) -> Iterator[HttpsRemote]:
    git(origin, "config", "http.receivepack", "true")
    with https_remote(tmp_path, tmp_path) as found:
        yield found


def test_https_with_a_token_from_a_file_that_is_read_anew(
    tmp_path: Path, origin: Path, remote: HttpsRemote
) -> None:
    token = tmp_path / "the token"
    token.write_text("s3cret\n")
    remote.token = "s3cret"
    access = RemoteAccess(token_file=token, ca_file=remote.ca)
    address = RemoteAddress.parse(remote.url("shop.git"))
    mirror = Mirror.create(tmp_path / "a mirror.git", address, access, None)
    mirror.look()
    before, made = head(mirror.path), aside(mirror)
    mirror.push(before, made)  # type: ignore[arg-type]
    assert head(origin) == made
    remote.token = "another"
    assert reason(mirror) == REMOTE_DENIED
    token.write_text("another\nand what else is in the file")
    assert not mirror.look().moved
    for path in mirror.path.rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes()


def test_https_that_fails_has_a_reason(tmp_path: Path, remote: HttpsRemote) -> None:
    address = RemoteAddress.parse(remote.url("shop.git"))
    with pytest.raises(SourceUnavailable) as error:  # by an authority that nobody knows
        Mirror.create(tmp_path / "m.git", address, NOBODY, None)
    assert error.value.reason == REMOTE_UNTRUSTED
    mirror = Mirror.create(tmp_path / "m.git", address, RemoteAccess(ca_file=remote.ca), "main")
    for status, expected in (
        (503, REMOTE_UNREACHABLE),
        (403, REMOTE_DENIED),
        (404, REMOTE_MISSING),
    ):
        remote.status = status
        assert reason(mirror) == expected
    remote.status = None
    mirror.look()
    remote.port, answered = 1, len(remote.asked)
    nowhere = RemoteAddress.parse("https://127.0.0.1:1/shop.git")
    gone = Mirror.create(tmp_path / "n.git", nowhere, NOBODY, "main")
    assert reason(gone) == REMOTE_UNREACHABLE
    assert len(remote.asked) == answered


def test_a_remote_cannot_send_git_elsewhere(tmp_path: Path, origin: Path) -> None:
    """Neither configuration of the user nor of the mirror changes the transport."""
    address = RemoteAddress.parse("https://127.0.0.1:1/shop.git")
    mirror = Mirror.create(tmp_path / "m.git", address, NOBODY, "main")
    git(mirror.path, "config", f"url.file://{tmp_path}/.insteadOf", "https://127.0.0.1:1/")
    with pytest.raises(SourceUnavailable, match="not allowed"):
        mirror.fetch()


def test_ssh_with_a_key_for_a_known_host(tmp_path: Path, origin: Path) -> None:
    with ssh_remote(tmp_path, tmp_path) as remote:
        address = RemoteAddress.parse(remote.url("shop.git"))
        access = RemoteAccess(ssh_key=remote.key, known_hosts=remote.known_hosts)
        mirror = Mirror.create(tmp_path / "m.git", address, access, None)
        mirror.look()
        before, made = head(mirror.path), aside(mirror)
        mirror.push(before, made)  # type: ignore[arg-type]
        assert head(origin) == made
        nobody = tmp_path / "nobody"
        nobody.write_text("")
        stranger = RemoteAccess(ssh_key=remote.key, known_hosts=nobody)
        unknown = Mirror.create(tmp_path / "n.git", address, stranger, "main")
        assert reason(unknown) == REMOTE_UNTRUSTED
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")],
            check=True,
        )
        wrong = RemoteAccess(ssh_key=tmp_path / "other", known_hosts=remote.known_hosts)
        denied = Mirror.create(tmp_path / "o.git", address, wrong, "main")
        assert reason(denied) == REMOTE_DENIED
