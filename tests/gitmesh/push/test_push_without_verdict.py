"""A push that cannot be checked is refused, whatever the reason."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from events import memory
from gitmesh.queries.log_location import log_path
from mesh.resource import Resource
from reconciler.git.commit import read_commit_object
from tests.gitmesh.push.test_push import Pushed, commit_shares, push, repo, tip
from tests.support.command_line import gitmesh
from tests.support.git import ENVIRONMENT, Repo, git
from tests.support.meshes import a_node
from tests.support.specs import text

__all__ = ["repo"]  # the fixture

_UNDECIDED = "gitmesh refuses this push: it could not be checked"
_ENDED = "gitmesh refuses this push: the check ended without a verdict"


def refused(repo: Repo, pushed: Pushed, before: str, *words: str, ref: str = "main") -> None:
    assert pushed.code != 0
    for each in words:
        assert each in pushed.told
    assert "Traceback" not in pushed.told
    assert tip(repo, ref) == before


def raw_commit(repo: Repo, tree: str, parent: str, message: bytes, header: bytes = b"") -> str:
    """Put the work tree's branch on a commit whose object is made by hand."""
    who = b"Alice <alice@example.com> 1790000000 +0000"
    text = b"tree %s\nparent %s\nauthor %s\ncommitter %s\n" % (
        tree.encode(),
        parent.encode(),
        who,
        who,
    )
    options = ["-t", "commit", "-w", "--stdin", "--literally"]
    commit = repo.git("hash-object", *options, stdin=text + header + b"\n" + message)
    repo.git("update-ref", "HEAD", commit)
    return commit


# ---- what a pusher may bring --------------------------------------------------------------------


@pytest.mark.parametrize("part", ["message", "header"])
def test_a_commit_of_thirty_megabytes_is_checked_like_any_other(repo: Repo, part: str) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10, "cart-v3")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    huge = b"x" * 30_000_000
    message, header = (huge, b"") if part == "message" else (b"short\n", b"note " + huge + b"\n")
    raw_commit(repo, tree, before, message, header)
    refused(repo, push(repo), before, "1 problem in 1 commit", '"cart-v3"')
    repo.git("reset", "--quiet", "--hard", before)
    commit_shares(repo, 10)
    good = raw_commit(repo, repo.git("rev-parse", "HEAD^{tree}"), before, message, header)
    let_in = push(repo)
    assert "1 commit, 1 change" in let_in.told
    assert tip(repo) == good


def test_a_commit_that_names_no_tree_of_its_own_is_refused(repo: Repo) -> None:
    """What the repository lacks already, git does not look for when somebody pushes."""
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10)
    lost = git(repo.origin, "rev-parse", "main:shop/web/service.yaml")
    lost_object(repo.origin, lost)
    commit = push(repo)
    refused(repo, commit, before, _UNDECIDED, f"object {lost} is not in the repository")


def lost_object(origin: Path, oid: str) -> None:
    """Take one object from a repository."""
    for pack in list((origin / "objects" / "pack").glob("*.pack")):
        content = pack.read_bytes()
        for file in (origin / "objects" / "pack").glob(f"{pack.stem}.*"):
            file.unlink()
        git(origin, "unpack-objects", "-q", stdin=content)
    (origin / "objects" / oid[:2] / oid[2:]).unlink()


@pytest.mark.parametrize("encoding", [b"utf-7", b"\xff\xfe"])
def test_a_message_in_an_odd_encoding_hides_no_mistake(repo: Repo, encoding: bytes) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10, "cart-v3")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    raw_commit(repo, tree, before, b"\xff\xfe\x00 \xed\xa0\x80\n", b"encoding " + encoding + b"\n")
    refused(repo, push(repo), before, "1 problem in 1 commit", '"cart-v3"')


def test_a_mistake_among_thousands_of_refs_is_found(repo: Repo) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10, "cart-v3")
    head = repo.head()
    updates = "".join(f"create refs/tags/{n:05}/é {head}\n" for n in range(2_000))
    repo.git("update-ref", "--stdin", stdin=updates.encode())
    refused(repo, push(repo, "--tags"), before, "1 problem in 1 commit")
    assert git(repo.origin, "tag") == ""


def test_lines_without_end_in_a_message_take_little_memory() -> None:
    """Sixteen megabytes of them are read; each must not become an object of its own."""
    import tracemalloc

    text = f"tree {'1' * 40}\n".encode() + b"\n" + b"a\n" + b"\n" * 1_000_000 + b"Signed-off-by: x"
    tracemalloc.start()
    facts = read_commit_object("2" * 40, text)  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert facts.trailers == (("Signed-off-by", "x"),)
    assert most < 8 * len(text)


# ---- refs that are followed by way of others ----------------------------------------------------


def test_a_branch_that_is_an_alias_is_checked_by_either_name(repo: Repo) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    git(repo.origin, "update-ref", "refs/heads/trunk", before)
    git(repo.origin, "symbolic-ref", "refs/heads/main", "refs/heads/trunk")
    commit_shares(repo, 10, "cart-v3")
    for name in ("trunk", "main"):
        pushed = push(repo, ref=f"HEAD:refs/heads/{name}")
        refused(repo, pushed, before, "1 problem in 1 commit", ref="trunk")
    repo.reset(before)
    shift = commit_shares(repo, 10)
    assert "1 commit, 1 change" in push(repo, ref="HEAD:trunk").told
    assert tip(repo, "main") == shift


def test_a_branch_whose_name_is_no_text_is_checked(repo: Repo) -> None:
    name = os.fsdecode(b"refs/heads/\xff")
    git(repo.origin, "symbolic-ref", "HEAD", name)
    repo.commit({"shop/a.yaml": "kind: Mess\n"})
    pushed = push(repo, ref=f"HEAD:{name}")
    assert pushed.code != 0
    assert "gitmesh refuses this push: " in pushed.told
    assert git(repo.origin, "for-each-ref") == ""


def test_a_tag_that_is_followed_is_checked_for_what_it_names(repo: Repo) -> None:
    assert gitmesh("hooks", repo.origin, "--branch", "refs/tags/live").code == 0
    good = repo.head()
    repo.git("tag", "-a", "live", "-m", "live")
    assert "19 changes" in push(repo, ref="live").told
    repo.git("tag", "-f", "-a", "live", "-m", "the same by another tag")
    assert push(repo, "--force", ref="refs/tags/live").code == 0
    commit_shares(repo, 10, "cart-v3")
    repo.git("tag", "-f", "-a", "live", "-m", "live")
    pushed = push(repo, "--force", ref="refs/tags/live")
    refused(repo, pushed, good, "1 problem in 1 commit", ref="live^{commit}")
    repo.git("tag", "-f", "live", "HEAD^{tree}")
    pushed = push(repo, "--force", ref="refs/tags/live")
    refused(repo, pushed, good, _UNDECIDED, "which is not a commit", ref="live^{commit}")


# ---- a check that ends before its verdict -------------------------------------------------------


def run_instead(repo: Repo, script: str) -> None:
    """Let the pre-receive hook run a script in place of Python; ``$python`` is the real one."""
    hook = repo.origin / "hooks" / "pre-receive"
    other = repo.origin / "python"
    other.write_text(f"#!/bin/sh\npython='{sys.executable}'\n{script}\n")
    other.chmod(0o755)
    hook.write_text(re.sub(r"(?m)^python=.*$", f"python='{other}'", hook.read_text()))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("kill -KILL $$", 137),
        ("kill -SEGV $$", 139),
        ("kill -TERM $$", 143),
        ("ulimit -t 1; while :; do :; done", r"1\d\d"),
        ('exec "$python" -P -m gitmesh_is_gone', 1),
        ("""exec "$python" -c 'import os; os._exit(120)'""", 120),
        ("exit 1", 1),
    ],
    ids=["killed", "crashed", "ended", "out of time", "not installed", "exit 120", "exit 1"],
)
def test_a_check_that_ends_early_keeps_the_push_out_and_says_so(
    repo: Repo, script: str, code: int | str
) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10)
    run_instead(repo, script)
    pushed = push(repo)
    refused(repo, pushed, before, _ENDED, "hint: push again")
    assert re.search(rf"\(exit code {code}\)", pushed.told)


def nodes(batch: int) -> list[Resource]:
    return [a_node(f"n{batch}x{n}", 80) for n in range(400)]


def test_a_check_that_runs_out_of_memory_keeps_the_push_out(repo: Repo) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    repo.commit({f"shop/many{n}.yaml": text(*nodes(n)) for n in range(10)})
    missed = True
    for kilobytes in (20_000, 35_000, 50_000):
        run_instead(repo, f'ulimit -d {kilobytes}; exec "$python" "$@"')
        pushed = push(repo)
        assert (pushed.code == 0) == ("4,000 changes" in pushed.told)
        if pushed.code != 0:
            refused(repo, pushed, before)
            assert _UNDECIDED in pushed.told or _ENDED in pushed.told
            missed = False
    assert not missed, "no limit was too low: lower them"


_WITHOUT_MEMORY = """shift 3; exec "$python" -c '
import sys
from gitmesh.push import pre_receive
def check(*_):
    raise MemoryError
pre_receive.check = check
from gitmesh.push.__main__ import main
sys.exit(main())' "$@"
"""


def test_a_check_without_memory_names_the_remedy(repo: Repo) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10)
    run_instead(repo, _WITHOUT_MEMORY)
    remedy = f"hint: {memory.HINT}"
    refused(repo, push(repo), before, _UNDECIDED, "there is not enough memory", remedy)


def test_a_check_of_a_repository_that_cannot_be_read_keeps_the_push_out(repo: Repo) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    (repo.origin / "info" / "grafts").write_text(f"{before}\n")
    commit_shares(repo, 10)
    refused(repo, push(repo), before, _UNDECIDED, "info/grafts", "hint: remove it")


def test_words_that_cannot_be_written_let_nothing_in(repo: Repo) -> None:
    """A pusher that goes away while it is told why it is refused."""
    assert push(repo).code == 0
    before = tip(repo)
    commit_shares(repo, 10, "cart-v3")
    run_instead(repo, 'exec "$python" "$@" 2>/dev/full')
    refused(repo, push(repo), before)


def test_no_log_and_no_server_keep_no_push_out(repo: Repo) -> None:
    """Neither is asked for the verdict."""
    log = log_path(repo.origin)
    log.parent.mkdir(exist_ok=True)
    for content in (b"", b"no log" * 999):
        log.write_bytes(content)
        commit_shares(repo, 10)
        assert push(repo).code == 0


def test_what_git_tells_a_hook_is_read_whole_or_not_at_all(repo: Repo) -> None:
    hook = repo.origin / "hooks" / "pre-receive"
    head = repo.head()
    done = subprocess.run(
        [hook],
        cwd=repo.origin,
        input=f"{'0' * 40} {head}\n".encode(),
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert _UNDECIDED in done.stderr.decode()
