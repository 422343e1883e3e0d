"""Rollback by a commit: of the whole mesh, or of single resources."""

import json
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from gitmesh.demo.sample import ROUTES, shares
from gitmesh.service.changes.rollback import whole
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved, Person, move_branch, write_commit
from reconciler.reading.source import ObjectId
from tests.support.command_line import Ran, gitmesh
from tests.support.git import Repo, git, put
from tests.support.sample_shop import Shop, sample_files
from tests.support.server import Server

ROUTE = "mesh/shop/virtualRouter/cart/route/all"
Files = dict[str, str | bytes]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return Repo(tmp_path).origin


def rollback(bare: Path, to: str, *options: object) -> Ran:
    return gitmesh(
        "rollback", to, "--repo", bare, *options, GIT_AUTHOR_NAME="Eve", GIT_AUTHOR_EMAIL="eve@x"
    )


def file(bare: Path, path: str, revision: str = "main") -> str:
    return git(bare, "show", f"{revision}:{path}")


def test_a_rollback_is_a_commit_with_the_tree_and_says_whom_it_reverts(bare: Path) -> None:
    first = put(bare, sample_files(), message="The shop's mesh")
    second = put(bare, sample_files(shares(10)), message="Shift", minute=1)
    third = put(bare, sample_files(shares(50)), message="Shift on", minute=2)
    options = ("--reason", "INC-7:\ncarts fail", "--author", "Ada <ada@shop.example>")
    done = rollback(bare, first, *options)
    assert done.code == 0
    assert "route cart/all: cart-v1 50 % → 100 %, cart-v2 50 % → 0 %" in done.out
    assert "affects 1 of 4 services, 2 of 6 nodes" in done.out
    assert git(bare, "rev-parse", "main^") == third
    assert git(bare, "rev-parse", "main^{tree}") == git(bare, "rev-parse", f"{first}^{{tree}}")
    assert git(bare, "log", "-1", "--format=%an <%ae> %cn", "main") == "Ada <ada@shop.example> Eve"
    assert git(bare, "log", "-1", "--format=%B", "main").splitlines() == [
        f"Roll back to {first[:7]} “The shop's mesh”",
        "",
        "INC-7: carts fail",
        "",
        f"This reverts commit {third}.",
        f"This reverts commit {second}.",
        "",
        f"Gitmesh-Rollback-To: {first}",
    ]
    assert gitmesh("show", "HEAD", "--repo", bare).code in (0, 2)  # no log yet: words, no fault


def test_files_that_are_no_specs_stay_and_so_do_their_modes(bare: Path) -> None:
    old: Files = {**sample_files(), "app/main.py": "old"}
    first = put(bare, old)
    new: Files = {**sample_files(shares(10)), "app/main.py": "new", "shop/more.yaml": NODE}
    del new["shop/payments/payments.yaml"]
    del new["shop/web/node.yaml"], new["shop/web/service.yaml"], new["shop/entrance/routes.yaml"]
    new["gitmesh.yaml"] = "root: shop\negressToAws: true\n"
    put(bare, new, minute=1)
    assert rollback(bare, first).code == 0
    changed = git(bare, "diff", "--name-only", first, "main")
    assert changed == "app/main.py"


NODE = """\
kind: VirtualNode
meshName: shop
virtualNodeName: more
spec:
  listeners: [{portMapping: {port: 80, protocol: http}}]
  serviceDiscovery: {dns: {hostname: more.local}}
"""


def test_a_dry_run_shows_the_same_and_moves_nothing(bare: Path) -> None:
    first = put(bare, sample_files())
    tip = put(bare, sample_files(shares(10)), minute=1)
    tried = rollback(bare, "main~1", "--dry-run", "--json").json()
    assert git(bare, "rev-parse", "main") == tip
    assert (tried["commit"], tried["to"], tried["reverts"]) == (None, first, [tip])
    done = rollback(bare, "main~1", "--json").json()
    assert git(bare, "rev-parse", "main") == done["commit"]
    assert done["changes"] == tried["changes"]
    assert done["blastRadius"] == tried["blastRadius"]
    assert [change["subject"] for change in done["changes"]] == [ROUTE]
    again = rollback(bare, first)
    assert (again.code, again.out) == (
        0,
        f"nothing to roll back: all is as at {first[:7]} already\n",
    )


def test_what_would_be_wrong_is_told_and_moves_nothing(bare: Path) -> None:
    bad = put(bare, sample_files(shares(10, "cart-v3")))
    tip = put(bare, sample_files(), minute=1)
    refused = rollback(bare, bad)
    assert refused.code == 1
    assert "shop/cart/routes.yaml:31: error[dangling-reference]" in refused.err
    assert git(bare, "rev-parse", "main") == tip
    shown = rollback(bare, bad, "--json")
    assert shown.code == 1
    assert shown.json()["problems"][0]["code"] == "dangling-reference"


def test_a_push_meanwhile_keeps_the_branch_where_it_is(bare: Path) -> None:
    first = put(bare, sample_files())
    put(bare, sample_files(shares(10)), minute=1)
    repo = GitRepository.open(bare)
    planned = whole(repo, repo.tip(), repo.resolve(first))
    eve = Person("Eve", "eve@x")
    made = write_commit(
        repo, planned.planned.tree, planned.planned.tip, "back", author=eve, committer=eve
    )
    theirs = put(bare, sample_files(shares(20)), minute=2)
    with pytest.raises(BranchMoved, match="somebody has pushed to main meanwhile"):
        move_branch(repo, "refs/heads/main", planned.planned.tip, made, eve, "test")
    assert git(bare, "rev-parse", "main") == theirs


def test_the_refs_own_lock_is_honoured(bare: Path) -> None:
    first = put(bare, sample_files())
    tip = put(bare, sample_files(shares(10)), minute=1)
    (bare / "refs" / "heads" / "main.lock").touch()
    refused = rollback(bare, first)
    assert refused.code == 3
    assert git(bare, "rev-parse", "main") == tip


def test_a_moment_is_looked_up_in_the_log(shop: Shop, tmp_path: Path) -> None:
    bare = tmp_path / "copy.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(shop.bare), str(bare))
    tried = rollback(bare, "20", "--log", shop.log, "--dry-run", "--json").json()
    assert tried["to"] == shop.first
    tried = rollback(bare, shop.shift[:9], "--log", shop.log, "--dry-run", "--json").json()
    assert tried["to"] == shop.shift
    unknown = rollback(bare, "a year ago", "--log", shop.log)
    assert unknown.code == 2


def status(work: Path) -> list[str]:
    """Return what git finds changed in a work tree, without the leading space."""
    return git(work, "status", "--porcelain").splitlines()


@pytest.mark.parametrize("head", ["branch", "detached"])
def test_a_work_tree_follows_and_keeps_what_is_edited_elsewhere(tmp_path: Path, head: str) -> None:
    repo = Repo(tmp_path)
    first = repo.commit(sample_files())
    repo.commit({ROUTES: sample_files(shares(10))[ROUTES], "shop/more.yaml": NODE})
    if head == "detached":
        repo.git("checkout", "--quiet", "--detach")
    (repo.work / "README.md").write_text("mine")
    (repo.work / "untracked").write_text("mine, too")
    done = rollback(repo.work, first, "--reason", "x")
    assert done.code == 0, done.err
    assert repo.git("rev-list", "--count", "HEAD") == "3"
    assert (repo.work / ROUTES).read_bytes() == sample_files()[ROUTES]
    assert not (repo.work / "shop/more.yaml").exists()
    assert status(repo.work) == ["M README.md", "?? untracked"]
    assert (repo.work / "README.md").read_text() == "mine"


@pytest.mark.parametrize("how", ["edited", "staged", "in the way"])
def test_what_is_not_committed_is_never_overwritten(tmp_path: Path, how: str) -> None:
    repo = Repo(tmp_path)
    first = repo.commit(sample_files(shares(0)))
    tip = repo.commit({ROUTES: sample_files(shares(10))[ROUTES], "shop/web/node.yaml": None})
    path = "shop/web/node.yaml" if how == "in the way" else ROUTES
    (repo.work / path).write_text("mine")
    if how == "staged":
        repo.git("add", "--all")
    before = status(repo.work)
    refused = rollback(repo.work, first)
    assert refused.code == 2
    assert path in refused.err
    assert f"git -C {quote(str(repo.work))} stash --include-untracked" in refused.err
    assert (repo.head(), status(repo.work)) == (tip, before)
    assert (repo.work / path).read_text() == "mine"


def test_a_linked_work_tree_of_a_bare_repository_follows(bare: Path, tmp_path: Path) -> None:
    first = put(bare, sample_files())
    put(bare, sample_files(shares(10)), minute=1)
    linked, other = tmp_path / "linked", tmp_path / "other"
    git(bare, "worktree", "add", "--quiet", str(linked), "main")
    git(bare, "worktree", "add", "--quiet", "-b", "draft", str(other), "main")
    assert rollback(bare, first).code == 0
    assert (linked / ROUTES).read_bytes() == sample_files()[ROUTES]
    assert (status(linked), status(other)) == ([], [])
    assert (other / ROUTES).read_text() == sample_files(shares(10))[ROUTES]


def test_a_branch_that_nobody_has_checked_out_moves_beside_a_work_tree(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    first = repo.commit(sample_files())
    repo.commit({ROUTES: sample_files(shares(10))[ROUTES]})
    repo.git("branch", "live")
    (repo.work / ROUTES).write_text("mine")
    assert rollback(repo.work, first, "--branch", "live").code == 0
    assert repo.git("diff", "--stat", first, "live") == ""
    assert (repo.work / ROUTES).read_text() == "mine"


@pytest.mark.parametrize("author", ["nobody", "<x>", "A\nB <b@x>"])
def test_an_author_is_a_name_and_an_address(bare: Path, author: str) -> None:
    first = put(bare, sample_files())
    put(bare, sample_files(shares(10)), minute=1)
    assert rollback(bare, first, "--author", author).code == 2


# ---- single resources ---------------------------------------------------------------------------


def test_one_route_goes_back_and_everything_else_stays_to_the_byte(bare: Path) -> None:
    first = put(bare, sample_files())
    now = sample_files(shares(50))
    text = str(now[ROUTES])
    assert 'exact: "yes"' in text
    text = text.replace('exact: "yes"', 'exact: "sure"')  # another document of the same file
    text = text.replace("maxRetries: 2", "maxRetries: 3   # twice was too little")
    tests = "shop/cart/routes-test.yaml"  # which hold for the other document
    now = {**now, ROUTES: text, "shop/more.yaml": NODE}
    held = now[tests]
    assert isinstance(held, bytes)
    now[tests] = held.replace(b'"yes"', b'"sure"')
    put(bare, now, minute=1)
    done = rollback(bare, first, "--only", ROUTE)
    assert done.code == 0, done.err
    made = git(bare, "rev-parse", "--short=7", "main")
    assert done.out.startswith(f"{made} rolls 1 resource back to {first[:7]}: 1 change\n")
    again = rollback(bare, first, "--only", ROUTE).out
    assert again == f"nothing to roll back: that resource is as at {first[:7]} already\n"
    assert git(bare, "diff", "--name-only", "main~1", "main") == ROUTES
    after = file(bare, ROUTES)
    head, _, tail = after.partition("---\n")
    assert head == text.partition("---\n")[0]
    assert "# Everybody else. To shift traffic" in tail
    assert "maxRetries: 2" in tail
    assert "virtualNode: cart-v1, weight: 100" in tail
    body = git(bare, "log", "-1", "--format=%B", "main")
    assert "This reverts commit" not in body
    assert f"Gitmesh-Rollback-Only: {ROUTE}" in body


def test_lines_stay_ended_as_they_are_in_the_file(bare: Path) -> None:
    def both(one: str, two: str) -> Files:
        nodes = [
            NODE.replace("\n", "\r\n").replace("more.local", host).replace("more", name)
            for name, host in (("one", one), ("two", two))
            if host
        ]
        return {**sample_files(), "shop/nodes.yaml": "---\r\n".join(nodes).encode()}

    first = put(bare, both("a.local", "a.local"))
    put(bare, both("b.local", "b.local"), minute=1)
    blob = GitRepository.open(bare)

    def nodes() -> bytes:
        found = git(bare, "rev-parse", "main:shop/nodes.yaml")
        return blob.read_blob(ObjectId(found))

    assert rollback(bare, first, "--only", "mesh/shop/virtualNode/one").code == 0
    assert nodes() == both("a.local", "b.local")["shop/nodes.yaml"]
    put(bare, both("", "b.local"), minute=2)
    assert rollback(bare, first, "--only", "mesh/shop/virtualNode/one").code == 0
    assert nodes().count(b"\n") == nodes().count(b"\r\n") == 13


def test_a_resource_that_is_gone_comes_back_where_it_was_with_its_comments(bare: Path) -> None:
    path = "shop/two.yaml"
    old = f"# The first of two.\n{NODE}---\n# The second.\n{NODE.replace('more', 'less')}"
    first = put(bare, {**sample_files(), path: old})
    kept = old.partition("---\n")[0].replace("first", "only")
    put(bare, {**sample_files(), path: kept}, minute=1)
    done = rollback(bare, first, "--only", "mesh/shop/virtualNode/less")
    assert done.code == 0, done.err
    assert file(bare, path) + "\n" == old.replace("first of two", "only of two")
    put(bare, sample_files(), minute=2)
    assert rollback(bare, first, "--only", "mesh/shop/virtualNode/less").code == 0
    assert file(bare, path).startswith("# The second.\nkind: VirtualNode")


def test_a_resource_that_was_not_there_goes_and_its_empty_file_with_it(bare: Path) -> None:
    first = put(bare, sample_files())
    put(bare, {**sample_files(shares(10)), "shop/more.yaml": NODE}, minute=1)
    key = "mesh/shop/virtualNode/more"
    assert rollback(bare, first, "--only", key).code == 0
    assert git(bare, "diff", "--name-status", "main~1", "main") == "D\tshop/more.yaml"


def test_json_and_answers_of_the_api_keep_their_form(bare: Path) -> None:
    def node(port: int) -> dict[str, Any]:
        spec = {
            "listeners": [{"portMapping": {"port": port, "protocol": "http"}}],
            "serviceDiscovery": {"dns": {"hostname": "more.local"}},
        }
        answer = {"meshName": "shop", "virtualNodeName": "more", "spec": spec, "status": {}}
        return {"virtualNode": answer}

    path = "shop/more.json"
    first = put(bare, {**sample_files(), path: json.dumps(node(80))})
    put(bare, {**sample_files(), path: json.dumps(node(81))}, minute=1)
    done = rollback(bare, first, "--only", "mesh/shop/virtualNode/more")
    assert done.code == 0, done.err
    assert json.loads(file(bare, path)) == node(80)


def test_a_resource_that_nobody_knows_is_wrong_use(bare: Path) -> None:
    first = put(bare, sample_files())
    refused = rollback(bare, first, "--only", "mesh/shop/virtualNode/nowhere")
    assert refused.code == 2
    assert "neither now nor then" in refused.err


# ---- with a server ------------------------------------------------------------------------------


def test_a_running_server_follows_and_knows_what_is_restored(bare: Path) -> None:
    first = put(bare, sample_files(), message="The shop's mesh")
    with Server(bare) as server:
        server.wait_for("ready", commit=first)
        second = put(bare, sample_files(shares(10)), message="Shift", minute=1)
        server.wait_for("commit applied", commit=second[:7])
        made = rollback(bare, "main~1", "--json").json()["commit"]
        server.wait_for("commit applied", commit=made[:7])
        shown = gitmesh("log", bare).out
    assert f"; reverts {second[:7]}; restores the mesh of {first[:7]}" in shown
