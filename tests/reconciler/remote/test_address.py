"""Addresses of remotes, what git's words mean, and when the mirror's branch follows."""

from pathlib import Path

import pytest

from events.types import (
    MIRROR_UNWRITABLE,
    OF_REMOTE,
    REMOTE_BRANCH_MISSING,
    REMOTE_DAMAGED,
    REMOTE_DENIED,
    REMOTE_MISSING,
    REMOTE_UNREACHABLE,
    REMOTE_UNSUPPORTED,
    REMOTE_UNTRUSTED,
    CommitId,
)
from mesh.errors import UsageError
from reconciler.remote.access import RemoteAccess
from reconciler.remote.address import RemoteAddress, is_remote_address
from reconciler.remote.failure import failure
from reconciler.remote.move import Diverged, Replaced, Stay, Take, next_move


@pytest.mark.parametrize(
    ("text", "scheme", "host", "user"),
    [
        ("https://forge.example/team/mesh.git", "https", "forge.example", ""),
        ("https://deploy@forge.example:8443/team/mesh", "https", "forge.example", "deploy"),
        ("ssh://git@forge.example:2222/team/mesh.git", "ssh", "forge.example", "git"),
        ("git@forge.example:team/mesh.git", "ssh", "forge.example", "git"),
        ("file:///srv/git/mesh.git", "file", "", ""),
        ("file:///srv/a folder/m\u00e4sh.git", "file", "", ""),
        ("http://127.0.0.1:3000/mesh.git", "http", "127.0.0.1", ""),
        ("http://[::1]:3000/mesh.git", "http", "::1", ""),
    ],
)
def test_addresses_are_those_that_git_takes(text: str, scheme: str, host: str, user: str) -> None:
    assert is_remote_address(text)
    found = RemoteAddress.parse(text)
    assert (found.url, found.scheme, found.host, found.user) == (text, scheme, host, user)


@pytest.mark.parametrize("text", ["shop.git", "/srv/shop.git", "./a:b", "C:/mesh", "../x@y/z"])
def test_paths_are_no_addresses(text: str) -> None:
    assert not is_remote_address(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://me:secret@forge.example/mesh.git", "contains a password"),
        ("http://forge.example/mesh.git", "plain text"),
        ("git://forge.example/mesh.git", "not supported"),
        ("ext::sh -c id", "not supported"),
        ("ssh://-oProxyCommand=id/mesh", "cannot begin with -"),
        ("https://forge.example/", "names no repository"),
        ("https:///mesh.git", "names no repository"),
        ("file://forge/mesh.git", "three slashes"),
        ("https://forge.example/mesh?token=x", "query"),
        ("https://forge.example:port/mesh", "not the address"),
        ("https://forge.example/a\nb", "control characters"),
    ],
)
def test_other_addresses_are_refused_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        RemoteAddress.parse(text)
    assert "secret" not in str(error.value)


def test_each_address_has_a_name_of_its_own() -> None:
    texts = ("https://a.example/x/y.git", "https://a.example/x-y.git", "git@a.example:x/y.git")
    names = [RemoteAddress.parse(text).name for text in texts]
    assert len(set(names)) == 3
    assert all(name.startswith("a.example-x-y-") for name in names)


def test_credentials_are_named_by_their_files_only(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    address = RemoteAddress.parse("https://forge.example/mesh.git")
    found = RemoteAccess(token_file=token).environment(address)
    assert "s3cret" not in str(found)
    assert found["GIT_ALLOW_PROTOCOL"] == "https"
    given = RemoteAccess(ca_file=token).environment(address)
    assert str(token) in given.values()
    assert not any("ca-certificates" in value for value in given.values())
    with pytest.raises(UsageError, match="--remote-ssh-key has no use"):
        RemoteAccess(ssh_key=token).require_files(address)
    with pytest.raises(UsageError, match="No such file"):
        RemoteAccess(token_file=tmp_path / "none").require_files(address)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("fatal: couldn't find remote ref refs/heads/main", REMOTE_BRANCH_MISSING),
        ("fatal: unable to access 'https://x/': SSL certificate problem: x", REMOTE_UNTRUSTED),
        ("Host key verification failed.\nfatal: Could not read from remote", REMOTE_UNTRUSTED),
        ("fatal: Authentication failed for 'https://x/'", REMOTE_DENIED),
        ("fatal: could not read Username for 'https://x': terminal prompts", REMOTE_DENIED),
        ("git@x: Permission denied (publickey).\nfatal: Could not read", REMOTE_DENIED),
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", REMOTE_MISSING),
        ("fatal: '/x' does not appear to be a git repository", REMOTE_MISSING),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 503",
         REMOTE_UNREACHABLE),
        ("ssh: connect to host x port 22: Connection refused", REMOTE_UNREACHABLE),
        ("fatal: mismatched algorithms: client sha1; server sha256", REMOTE_UNSUPPORTED),
        ("error: object 1: badEmail: invalid\nfatal: fsck error in packed object", REMOTE_DAMAGED),
        ("fatal: write error: No space left on device", MIRROR_UNWRITABLE),
        ("", REMOTE_UNREACHABLE),
    ],
)  # fmt: skip
def test_what_git_says_has_a_reason_and_a_remedy(said: str, reason: str) -> None:
    found = failure(said)
    assert found.reason == reason
    assert reason in OF_REMOTE
    assert found.hint


def test_words_of_a_remote_are_bounded_and_without_credentials() -> None:
    said = f"fatal: unable to access 'https://me:s3cret@x/': \x1b[31m{'x' * 9999}"
    message = failure(said).message
    assert "s3cret" not in message
    assert "\x1b" not in message
    assert len(message) < 300


A, B, C = (CommitId(letter * 40) for letter in "abc")


@pytest.mark.parametrize(
    ("local", "known", "remote", "related", "move"),
    [
        (None, None, A, True, Take(A)),
        (A, A, A, True, Stay()),
        (A, A, B, True, Take(B)),  # also after a force push
        (A, A, B, False, Replaced(B)),
        (B, A, A, True, Stay()),  # a commit of ours that the remote does not have yet
        (B, A, B, True, Stay()),
        (B, A, C, True, Diverged(C)),
        (A, None, B, True, Take(B)),
    ],
)
def test_the_mirrors_branch_follows_where_nothing_is_lost(
    local: CommitId | None, known: CommitId | None, remote: CommitId, related: bool, move: object
) -> None:
    assert next_move(local, known, remote, lambda _one, _other: related) == move
