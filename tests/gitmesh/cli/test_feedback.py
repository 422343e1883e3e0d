"""Commands report empty results, missing servers and probable typos."""

import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from shlex import quote

import pytest

from events.opening import open_for_writing
from events.types import (
    ProxyConnected,
    ServerStarted,
    SnapshotConverged,
)
from gitmesh.cli import exit_codes
from gitmesh.cli.program import COMMANDS
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from tests.gitmesh.cli.commands.repository.test_status import Followed
from tests.support.command_line import gitmesh
from tests.support.git import ENVIRONMENT, Repo, git, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE, Shop, sample_files
from tests.support.server import Server
from tests.support.shop_client import follow_everything

WEB = "mesh/shop/virtualNode/web"


# ---- errors of the command line --------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--nope"], "No such option", "write gitmesh [OPTIONS] COMMAND [ARGS]..."),
        (["stauts"], "Did you mean 'status'?", "more: gitmesh --help"),
        (["status", "--nope"], "No such option", "write gitmesh status [OPTIONS] [COMMIT]"),
        (["pin"], "Missing argument 'MOMENT'", "write gitmesh pin [OPTIONS] MOMENT"),
        (["log", "--limit", "x"], "Invalid value for '--limit'", "more: gitmesh log --help"),
        (["keygen", "x"], "Missing option '--name'", "more: gitmesh keygen --help"),
        (
            ["prove"],
            "give the number or the commit of an event to prove",
            "gitmesh log shows the number",
        ),
    ],
)
def test_every_error_has_one_form(arguments: list[str], message: str, hint: str) -> None:
    ended = gitmesh(*arguments)
    assert ended.code == exit_codes.USAGE
    assert ended.out == ""
    first, second = ended.err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("  hint: ")
    assert hint in second


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_writes_error_in_another_way(name: str) -> None:
    ended = gitmesh(name, "--no-such-option")
    assert (ended.code, ended.err.startswith("error: ")) == (exit_codes.USAGE, True)


def test_a_hint_for_keygen_can_be_pasted(shop: Shop, tmp_path: Path) -> None:
    for refused in (
        gitmesh("checkpoint", shop.bare),
        gitmesh("checkpoint", shop.bare, "--key", tmp_path / "no.key"),
        gitmesh("prove", "1", shop.bare),
    ):
        assert refused.code == exit_codes.USAGE
        assert "--name" in refused.err.partition("gitmesh keygen")[2]


# ---- who is connected ------------------------------------------------------------------------


def test_status_waits_for_the_first_proxy_and_for_more_when_it_is_told_to(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    put(bare, sample_files(), message="The shop's mesh")
    with Server(bare) as server:
        address = server.address
        alone = gitmesh("status", "--repo", bare, "--wait", "0.3")
        assert (alone.code, "0 of 1 proxy connected after 0.3 s" in alone.out) == (4, True)
        assert gitmesh("status", "--repo", bare, "--wait", "0.3", "--proxies", "0").code == 0
        unasked = gitmesh("status", "--repo", bare)
        assert (unasked.code, "no proxy is connected now" in unasked.out) == (0, True)
        with RawClient(address, ENTRANCE) as client:
            follow_everything(client)
            told = gitmesh("status", "--repo", bare, "--wait", "60", "--json").json()
            assert [node["node"] for node in told["nodes"]] == [ENTRANCE]
            few = gitmesh("status", "--repo", bare, "--wait", "0.3", "--proxies", "2")
            assert few.code == exit_codes.PENDING
            assert "1 of 2 proxies connected after 0.3 s" in few.out
            told = gitmesh("status", "--repo", bare, "--proxies", "2", "--json")
            assert told.code == exit_codes.PENDING
            assert (told.json()["connected"], told.json()["required"]) == (1, 2)
            with RawClient(address, ENTRANCE) as other:
                follow_everything(other)
                both = gitmesh("status", "--repo", bare, "--wait", "60", "--proxies", "2", "--json")
                assert sum(both.json()["nodes"][0]["proxies"].values()) == 2


@pytest.mark.parametrize("goal", ["converged", "published", "applied", "acked=50%"])
def test_wait_says_that_no_server_runs_even_when_there_is_nothing_to_wait_for(
    tmp_path: Path, goal: str
) -> None:
    followed = Followed(tmp_path)
    coming = ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=followed.commit)
    converged = SnapshotConverged(followed.commit, 1, {"acked": 21_000})
    followed.tell(ServerStarted("1.0"), coming, followed.published(), converged)
    ended = gitmesh("wait", "HEAD", "--repo", followed.bare, "--for", goal)
    assert ended.code == exit_codes.OK
    assert "no server is running" in ended.err
    assert f"start one with gitmesh serve --repo {quote(str(followed.bare))}" in ended.err


# ---- pushes ----------------------------------------------------------------------------------


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path)
    repo.origin.rename(tmp_path / "plain.git")
    assert gitmesh("init", repo.origin).code == 0
    repo.commit(sample_files(), "The shop's mesh")
    return repo


def pushed(repo: Repo, *refs: str) -> str:
    done = subprocess.run(
        ["git", "push", "origin", *refs],
        cwd=repo.work,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def test_a_push_to_a_branch_that_is_not_served_says_so(repo: Repo) -> None:
    told = pushed(repo, "HEAD:master")
    assert "gitmesh: branch master is not the one that is served (main)" in told
    assert "hint: main has no commit yet: git push origin master:main" in told
    told = pushed(repo, "HEAD:main", "HEAD:feature/x")
    assert "gitmesh: branch feature/x is not the one that is served (main)" in told
    assert "hint: main has no commit" not in told
    assert "branch main is not" not in told
    many = pushed(repo, *(f"HEAD:b{at}" for at in range(8)))
    assert many.count("is not the one that is served") == 5
    assert "… and 3 more branches" in many


def test_tags_and_deleted_branches_are_not_told_of(repo: Repo) -> None:
    pushed(repo, "HEAD:main", "HEAD:aside")
    git(repo.work, "tag", "v1")
    assert "gitmesh:" not in pushed(repo, "v1", ":aside")


# ---- questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ["log", "--author", "zz"],
        ["log", "--kind", "ProxyConnected"],
        ["log", "--commits", "--author", "zz"],
        ["log", "--until", "2000-01-01"],
        ["export", "--author", "zz"],
        ["export", "--author", "zz", "--format", "csv"],
    ],
)
def test_a_question_that_nothing_fits_is_answered(shop: Shop, options: list[str]) -> None:
    told = gitmesh(*options, "--repo", shop.bare)
    assert (told.code, told.err) == (exit_codes.OK, "no event matches\n")
    silent = gitmesh(*options, "--repo", shop.bare, "--json")
    assert (silent.out, silent.err) == ("", "")


@pytest.mark.parametrize("command", ["log", "export"])
@pytest.mark.parametrize("option", ["--resource", "--node"])
def test_a_name_with_a_typo_is_told(shop: Shop, command: str, option: str) -> None:
    told = gitmesh(command, option, "mesh/shop/virtualNode/wbe", "--repo", shop.bare)
    assert "no event matches" in told.err
    assert f'did you mean "{WEB}"?' in told.err
    short = gitmesh(command, option, "web", "--repo", shop.bare)
    assert (short.code, f"did you mean {WEB}" in short.err) == (exit_codes.USAGE, True)


def test_a_kind_with_a_typo_is_told(shop: Shop) -> None:
    told = gitmesh("log", "--kind", "TrafficShift", "--repo", shop.bare)
    assert 'did you mean "TrafficShifted"?' in told.err


def test_a_log_without_events_says_so(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    with open_for_writing(log_path(bare)):
        pass
    for command in (["log"], ["log", "--commits"], ["export"]):
        assert gitmesh(*command, "--repo", bare).err == "the log has no events yet\n"


@pytest.mark.parametrize("command", ["state", "blame"])
def test_a_resource_that_is_not_there_has_a_near_name_in_its_hint(shop: Shop, command: str) -> None:
    told = gitmesh(command, "mesh/shop/virtualNode/wbe", "--repo", shop.bare)
    assert told.code == exit_codes.USAGE
    assert f'did you mean "{WEB}"?' in told.err


def test_log_and_export_are_asked_by_node(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    first = followed.commit
    offered = replace(followed.published(2), nodes=(ENTRANCE, WEB))
    coming = [
        ProxyConnected(node, f"p{at}", "envoy 1", commit=followed.commit)
        for at, node in enumerate((ENTRANCE, WEB))
    ]
    followed.tell(ServerStarted("1.0"), *coming, offered)
    second = followed.push(shares(10))
    followed.tell(followed.published())

    def kinds(*options: object) -> list[str]:
        done = gitmesh("log", followed.bare, *options, "--json")
        return [each["kind"] for each in done.json_lines()]

    assert kinds("--node", WEB) == ["ResourceAdded", "ProxyConnected", "SnapshotPublished"]
    assert kinds("--node", WEB, "--chain", "mesh") == ["ResourceAdded"]
    assert kinds("--node", f"arn:aws:appmesh:eu-west-1:1:{WEB}", "--kind", "ProxyConnected")
    assert kinds("--node", ENTRANCE).count("SnapshotPublished") == 2
    exported = gitmesh("export", followed.bare, "--node", WEB).json_lines()
    assert len(exported) == 3

    def commits(node: str) -> list[str]:
        done = gitmesh("log", followed.bare, "--commits", "--node", node, "--json")
        return [each["commit"] for each in done.json_lines()]

    assert commits(WEB) == [first]
    assert commits(ENTRANCE) == [first, second]
    assert gitmesh("log", followed.bare, "--node", "mesh/shop").code == exit_codes.USAGE


# ---- what is made, read and proven -----------------------------------------------------------


def test_init_on_a_repository_that_is_there_is_refused(tmp_path: Path) -> None:
    assert gitmesh("init", tmp_path / "shop.git").code == 0
    again = gitmesh("init", tmp_path / "shop.git")
    assert (again.code, again.out) == (exit_codes.USAGE, "")
    assert "is a repository already; it was left as it is" in again.err
    assert f"gitmesh hooks {shlex.quote(str(tmp_path / 'shop.git'))}" in again.err


@pytest.mark.parametrize("version", ["appmesh.k8s.awz/v1beta2", "appmesh.k8s.aws", "v1beta2"])
def test_a_manifest_whose_group_has_a_typo_is_an_error(tmp_path: Path, version: str) -> None:
    (tmp_path / "mesh.yaml").write_text(
        f"apiVersion: {version}\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{}}\n"
    )
    told = gitmesh("validate", tmp_path)
    assert told.code == exit_codes.REFUSED
    assert "error[kubernetes-version]" in told.out
    assert "hint: write appmesh.k8s.aws/v1beta2" in told.out


@pytest.mark.parametrize(
    "version",
    ["networking.istio.io/v1", "v1", "apps/v1", "appmesh.gloo.solo.io/v1", "example.org/v1beta2"],
)
def test_objects_of_other_groups_are_passed_by_and_counted_as_nothing(
    tmp_path: Path, version: str
) -> None:
    (tmp_path / "mesh.yaml").write_text(
        f"apiVersion: {version}\nkind: VirtualService\nmetadata: {{name: shop}}\nspec: {{}}\n"
    )
    told = gitmesh("validate", "--no-link", tmp_path / "mesh.yaml")
    assert (told.code, "no problems:" in told.out) == (exit_codes.OK, False)
    assert "there is no resource here: 0 resources in 1 file" in told.out
    assert "the repository contains no specs" in gitmesh("validate", tmp_path).out


def test_an_event_is_proven_by_the_commit_that_it_tells_of(shop: Shop, tmp_path: Path) -> None:
    bare = tmp_path / "shop.git"
    shutil.copytree(shop.bare, bare)
    assert gitmesh("keygen", tmp_path / "k", "--name", "shop.example").code == 0
    assert gitmesh("checkpoint", bare, "--key", tmp_path / "k").code == 0
    number = gitmesh("log", bare, "--commit", shop.shift, "--chain", "mesh", "--json")
    [applied, *_] = number.json_lines()
    by_commit = gitmesh("prove", shop.shift[:9], bare)
    assert by_commit.json() == gitmesh("prove", applied["seq"], bare).json()
    assert gitmesh("prove", "main", bare).code == exit_codes.OK
    wrong = gitmesh("prove", "nonsense", bare)
    assert wrong.code == exit_codes.USAGE
    assert "gitmesh log shows the number of each event" in wrong.err
    assert gitmesh("prove", shop.shift, bare, "--chain", "delivery").code == exit_codes.USAGE


def test_a_server_greets_nobody_with_a_note_on_sqlite(tmp_path: Path) -> None:
    with Server(Repo(tmp_path).origin) as server:
        line = server.wait_for("event log open")
        server.wait_for("ready")
    assert "sqlite" not in line
