"""Every command on a real repository with a real log: its text and its JSON."""

import filecmp
import json
import os
import shlex
from pathlib import Path

import pytest
import yaml

from events.opening import open_for_writing
from events.types import (
    START,
    Chain,
    CommitApplied,
    CommitFacts,
    CommitId,
    Event,
    ResourceAdded,
    Signature,
)
from gitmesh.demo.sample import sample_repo
from mesh.keys import ResourceKey
from reconciler.rules import RULES
from tests.support.command_line import gitmesh
from tests.support.git import Repo, git
from tests.support.sample_shop import Shop

ROUTE = "mesh/shop/virtualRouter/cart/route/all"
WEB = "mesh/shop/virtualNode/web"


# ---- init -----------------------------------------------------------------------------------


def test_init_makes_a_bare_repository_and_says_what_to_do_next(tmp_path: Path) -> None:
    done = gitmesh("init", tmp_path / "shop.git", "--branch", "live")
    assert done.code == 0
    assert (tmp_path / "shop.git" / "HEAD").read_text().strip() == "ref: refs/heads/live"
    assert f"gitmesh serve {shlex.quote(str(tmp_path / 'shop.git'))}" in done.out
    assert "HEAD:live" in done.out


def test_init_leaves_a_repository_that_is_there_as_it_is(tmp_path: Path) -> None:
    gitmesh("init", tmp_path / "shop.git")
    again = gitmesh("init", tmp_path / "shop.git", "--branch", "other", "--json")
    assert again.code == 2
    assert again.json()["created"] is False
    assert (tmp_path / "shop.git" / "HEAD").read_text().strip() == "ref: refs/heads/main"


def test_init_with_the_sample_makes_a_repository_whose_first_commit_is_a_mesh(
    tmp_path: Path,
) -> None:
    bare, clone = tmp_path / "shop.git", tmp_path / "mesh"
    done = gitmesh("init", "--sample", bare, "--branch", "live", GIT_AUTHOR_NAME="Ada")
    assert done.code == 0
    commit = git(bare, "rev-parse", "live")
    assert (
        done.out.splitlines()[0]
        == f"made {bare}; its first commit is the sample mesh: " + (commit[:7])
    )
    git(tmp_path, "clone", "--quiet", str(bare), str(clone))
    assert git(clone, "log", "--format=%an %s") == "Ada The shop's mesh"
    assert git(clone, "status", "--porcelain") == ""
    assert filecmp.dircmp(clone, sample_repo(), ignore=[".git"]).diff_files == []
    assert sorted(os.listdir(clone / "shop")) == sorted(os.listdir(sample_repo() / "shop"))
    assert gitmesh("validate", clone).code == 0
    # What it says to type next works: git knows where a plain push goes.
    assert "git push\n" in done.out
    (clone / "note.txt").write_text("a")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", "note")
    git(clone, "push", "--quiet")
    assert git(bare, "rev-parse", "live") != commit


def test_init_with_the_sample_says_its_commit_as_json(tmp_path: Path) -> None:
    done = gitmesh("init", "--sample", tmp_path / "shop.git", "--json").json()
    assert done["commit"] == git(tmp_path / "shop.git", "rev-parse", "main")
    assert gitmesh("init", tmp_path / "other.git", "--json").json()["commit"] is None


def test_init_with_the_sample_leaves_a_repository_that_is_there_alone(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    before = repo.commit_and_push({"a": "b"})
    refused = gitmesh("init", "--sample", repo.origin)
    assert refused.code == 2
    assert "is a repository already" in refused.err
    assert git(repo.origin, "rev-parse", "main") == before


def test_init_does_not_touch_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    refused = gitmesh("init", tmp_path)
    assert refused.code == 2
    assert os.listdir(tmp_path) == ["letter.txt"]


# ---- validate -------------------------------------------------------------------------------


def test_a_good_folder_is_valid() -> None:
    done = gitmesh("validate", sample_repo())
    assert (done.code, done.out) == (0, "no problems: 19 resources in 13 files\n")


def test_all_problems_of_a_folder_are_shown_at_once_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("kind: Mesh\nmeshName: shop\nspec: {egresFilter: {}}\n")
    (tmp_path / "a.yaml").write_text(
        "kind: Route\nmeshName: shop\nvirtualRouterName: r\nrouteName: x\nspec:\n"
        "  tcpRoute:\n    action:\n      weightedTargets: [{virtualNode: n, weight: 1}]\n"
    )
    done = gitmesh("validate", tmp_path)
    assert done.code == 1
    places = [line.split(": ")[0] for line in done.out.splitlines() if line[0] in "ab"]
    assert places == sorted(places)
    assert {place.split(":")[0] for place in places} == {"a.yaml", "b.yaml"}
    assert "hint: did you mean" in done.out
    report = gitmesh("validate", tmp_path, "--json")
    assert report.code == 1
    assert report.json()["ok"] is False
    assert report.json()["errors"] == len(places)
    assert report.json()["problems"][0].keys() >= {"path", "line", "where", "code", "message"}


def test_a_commit_is_valid_or_not_wherever_the_branch_is_now(shop: Shop) -> None:
    assert gitmesh("validate", shop.shift, "--repo", shop.bare).code == 0
    bad = gitmesh("validate", "main~1", "--repo", shop.bare)
    assert bad.code == 1
    assert "error[dangling-reference]" in bad.out


def test_a_bare_repository_is_read_at_its_head(shop: Shop) -> None:
    assert gitmesh("validate", shop.bare).code == 0


@pytest.mark.parametrize(
    "command", [["validate"], ["plan"], ["translate", "--node", "mesh/shop/virtualNode/web"]]
)
def test_a_repository_that_is_named_is_read_at_its_head(shop: Shop, command: list[str]) -> None:
    named = gitmesh(*command, "HEAD", "--repo", shop.bare)
    assert gitmesh(*command, "--repo", shop.bare) == named
    assert named.code == 0


@pytest.mark.parametrize(
    "command", [["diff", "HEAD"], ["translate", "--node", "mesh/shop/virtualNode/web"]]
)
def test_programs_are_told_why_a_mesh_is_none(shop: Shop, command: list[str]) -> None:
    refused = gitmesh(*command, shop.bad, "--repo", shop.bare, "--json")
    assert (refused.code, refused.err) == (1, "")
    assert refused.json()["problems"][0]["code"] == "dangling-reference"


def test_a_target_that_is_nothing_is_refused(tmp_path: Path) -> None:
    refused = gitmesh("validate", tmp_path / "nowhere")
    assert refused.code == 2
    assert "hint:" in refused.err


# ---- plan -----------------------------------------------------------------------------------


def test_a_plan_says_what_a_commit_changes_in_its_parents_mesh(shop: Shop) -> None:
    done = gitmesh("plan", shop.shift, "--repo", shop.bare)
    assert done.code == 0
    assert f"against commit {shop.first[:7]}: 1 change" in done.out
    assert "route cart/all: cart-v2 0 % → 10 %, cart-v1 100 % → 90 %" in done.out


def test_a_plan_of_a_bad_commit_is_a_refusal_with_its_problems(shop: Shop) -> None:
    done = gitmesh("plan", shop.bad, "--repo", shop.bare)
    assert done.code == 1
    assert 'there is no virtual node "cart-v3"' in done.out
    as_json = gitmesh("plan", shop.bad, "--repo", shop.bare, "--json").json()
    assert as_json["accepted"] is False
    assert as_json["events"][0]["kind"] == "CommitRejected"


def test_a_plan_skips_commits_that_were_refused(shop: Shop) -> None:
    done = gitmesh("plan", shop.back, "--repo", shop.bare, "--json").json()
    assert done["against"] == f"commit {shop.shift[:7]}"
    assert [event["kind"] for event in done["events"]] == ["CommitApplied", "TrafficShifted"]


def test_a_plan_against_the_log_is_against_what_is_served(shop: Shop) -> None:
    done = gitmesh("plan", sample_repo(), "--log", shop.log)
    assert done.code == 0
    assert "against the log at" in done.out
    assert ": 0 changes" in done.out


def test_a_plan_of_a_folder_that_is_no_clone_adds_everything() -> None:
    done = gitmesh("plan", sample_repo(), "--json").json()
    assert len(done["events"]) == 20
    assert {event["kind"] for event in done["events"]} == {"CommitApplied", "ResourceAdded"}


def test_a_plan_works_in_a_clone_before_the_first_commit(tmp_path: Path) -> None:
    work = Repo(tmp_path).work
    (work / "mesh.yaml").write_text("kind: Mesh\nmeshName: shop\nspec: {}\n")
    done = gitmesh("plan", work)
    assert done.code == 0
    assert "against an empty mesh: 1 change" in done.out


def test_a_plan_of_a_work_tree_is_against_its_last_commit(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    mesh = "kind: Mesh\nmeshName: shop\nspec: {}\n"
    commit = repo.commit({"mesh.yaml": mesh})
    (repo.work / "mesh.yaml").write_text(mesh.replace("{}", "{egressFilter: {type: ALLOW_ALL}}"))
    done = gitmesh("plan", repo.work)
    assert f"against commit {commit[:7]}: 1 change" in done.out
    assert "mesh shop: egressFilter" in done.out


# ---- log, state, verify ---------------------------------------------------------------------


def test_the_log_tells_the_story_in_order(shop: Shop) -> None:
    done = gitmesh("log", shop.bare, "--limit", 6)
    assert done.code == 0
    story = [
        "applied “Cart: the first 10 %” by Alice: 1 change",
        "route cart/all: cart-v2 0 % → 10 %, cart-v1 100 % → 90 %",
        "REJECTED “Cart: on to version 3” by Alice: 1 problem",
        'there is no virtual node "cart-v3" in mesh "shop"',
        "applied “Cart: back” by Alice: 1 change; restores the mesh of",
        "route cart/all: cart-v1 90 % → 100 %, cart-v2 10 % → 0 %",
    ]
    at = [done.out.index(line) for line in story]
    assert at == sorted(at)
    assert shop.shift[:7] in done.out


def test_the_log_as_json_is_one_whole_event_a_line(shop: Shop) -> None:
    lines = gitmesh("log", shop.bare, "--json", "--limit", 0, "--chain", "mesh").json_lines()
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [a["hash"] for a in lines[:-1]] == [b["prev_hash"] for b in lines[1:]]
    shifts = [line for line in lines if line["kind"] == "TrafficShifted"]
    assert [shift["subject"] for shift in shifts] == [ROUTE, ROUTE]


def test_a_chain_without_such_events_shows_none(shop: Shop) -> None:
    asked = ("log", shop.bare, "--chain", "delivery")
    (rules,) = gitmesh(*asked).out.splitlines()
    assert rules.endswith(f" decides by rules {RULES}")
    assert gitmesh(*asked, "--kind", "ProxyConnected").out == ""


def test_the_state_is_documents_that_could_be_pushed_again(shop: Shop, tmp_path: Path) -> None:
    done = gitmesh("state", "--repo", shop.bare)
    assert done.code == 0
    (tmp_path / "all.yaml").write_text(done.out)
    assert gitmesh("plan", tmp_path, "--log", shop.log).out.endswith(": 0 changes\n")


@pytest.mark.parametrize("moment", ["commit", "seq"])
def test_the_state_of_any_moment_can_be_asked_for(shop: Shop, moment: str) -> None:
    lines = gitmesh("log", shop.bare, "--json", "--limit", 0).json_lines()
    seq = next(line["seq"] for line in lines if line["kind"] == "TrafficShifted")
    at = shop.shift[:7] if moment == "commit" else str(seq)
    then = gitmesh("state", ROUTE, "--repo", shop.bare, "--at", at, "--json").json()
    assert then["seq"] == seq
    assert then["resources"][0]["routeName"] == "all"
    assert _weights(then["resources"][0]) == [90, 10]
    now = gitmesh("state", ROUTE, "--repo", shop.bare)
    assert _weights(yaml.safe_load(now.out)) == [100, 0]


def _weights(route: object) -> list[int]:
    targets = route["spec"]["httpRoute"]["action"]["weightedTargets"]  # type: ignore[index]
    return [target["weight"] for target in targets]


@pytest.mark.parametrize(("at", "done"), [(1, 0), (3, 2), (19, 18)])
def test_a_moment_between_a_commits_changes_is_told_as_one(shop: Shop, at: int, done: int) -> None:
    shown = gitmesh("state", "--repo", shop.bare, "--at", at)
    head, note = shown.out.splitlines()[:2]
    assert head == f"# commit {shop.first}, mesh chain at {at}"
    assert note == f"# after {done} of its 19 changes: this mesh was never served"
    told = gitmesh("state", "--repo", shop.bare, "--at", at, "--json").json()
    assert told["inside"] == {"changes": done, "of": 19}


@pytest.mark.parametrize("at", [0, 20, 22, 23, 25])
def test_a_moment_between_commits_is_a_mesh_that_was_served(shop: Shop, at: int) -> None:
    assert "never served" not in gitmesh("state", "--repo", shop.bare, "--at", at).out
    told = gitmesh("state", "--repo", shop.bare, "--at", at, "--json").json()
    assert (told["seq"], told["inside"]) == (at, None)


@pytest.mark.parametrize("at", ["²", "٣", "9" * 5000, "-1", "26"])
def test_what_is_no_moment_is_wrong_use(shop: Shop, at: str) -> None:
    refused = gitmesh("state", "--repo", shop.bare, f"--at={at}")
    assert refused.code == 2
    assert refused.err.startswith("error: ")


def log_of(path: Path, *events: Event) -> Path:
    """Write a log whose mesh chain is these events."""
    with open_for_writing(path) as log:
        log.append(Chain.MESH, events, expected=START)
    return path


def facts(commit: str, subject: str, author: str = "Ada") -> CommitFacts:
    who = Signature(author, "ada@shop.example", "2026-11-23T03:12:00+01:00")
    return CommitFacts(CommitId(commit.ljust(40, "f")), "7" * 40, (), who, who, subject)


def test_a_commit_id_may_begin_with_digits_alone(tmp_path: Path, shop: Shop) -> None:
    commits = [facts("1234567", "First"), facts("0000002", "Second")]
    log = log_of(tmp_path / "x.sqlite3", *map(CommitApplied, commits))
    for seq, digits in [(1, "1234567"), (2, "0000002"), (2, "2"), (1, "01")]:
        at = ("--at", digits, "--repo", shop.bare, "--log", log, "--json")
        assert gitmesh("state", *at).json()["seq"] == seq


def test_a_change_far_behind_its_commit_is_still_told_as_its(tmp_path: Path, shop: Shop) -> None:
    first = facts("a", "Many")
    names = [ResourceKey.of_mesh(f"m{n}") for n in range(700)]
    changes = [ResourceAdded(name, first.commit, {}, "m.yaml") for name in names]
    log = log_of(tmp_path / "x.sqlite3", CommitApplied(first, changes=700), *changes)
    for at, inside in [(700, {"changes": 699, "of": 700}), (701, None)]:
        arguments = ("--at", at, "--repo", shop.bare, "--log", log, "--json")
        assert gitmesh("state", *arguments).json()["inside"] == inside


def test_no_subject_and_no_author_forges_a_row_or_steers_a_terminal(
    tmp_path: Path, shop: Shop
) -> None:
    evil = "nice\x1b[2K\r\x9b1A\u202e\u2028\x0bforged"
    commit = CommitApplied(facts("a", evil, f"Mallory\n    mesh 9     {evil}"))
    shown = gitmesh("log", shop.bare, "--log", log_of(tmp_path / "x.sqlite3", commit)).out
    assert len(shown.splitlines()) == 1
    assert shown.count(r"nice\x1b[2K\r\x9b1A\u202e\u2028\x0bforged") == 2
    exact = gitmesh("log", shop.bare, "--log", tmp_path / "x.sqlite3", "--json")
    assert exact.json()["data"]["message"] == evil
    assert len(exact.out.splitlines()) == 1


def test_what_is_wrong_with_a_file_steers_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('kind: Mesh\nmeshName: shop\n"spec\\u202e\\e[2J\\u009b": 1\n')
    for command in ("validate", "plan"):
        shown = gitmesh(command, tmp_path).out
        assert r'a Mesh has no field "spec\u202e\x1b[2J\x9b"' in shown
        assert not set(shown) & set("\x1b\x9b\u202e")


@pytest.mark.parametrize(
    "command", [["state"], ["blame"], ["rollback", "HEAD~3", "--dry-run", "--only"]]
)
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("web", "mesh/shop/virtualNode/web"),
        ("virtualNode/Web", "mesh/shop/virtualNode/web"),
        ("cart/route/all", "mesh/shop/virtualRouter/cart/route/all"),
    ],
)
def test_the_end_of_a_name_is_answered_with_the_whole(
    shop: Shop, command: list[str], name: str, meant: str
) -> None:
    refused = gitmesh(*command, name, "--repo", shop.bare)
    assert (refused.code, f"did you mean {meant}?" in refused.err) == (2, True)
    assert "write mesh/shop" in gitmesh(*command, "nobody", "--repo", shop.bare).err


@pytest.mark.parametrize("command", ["translate HEAD", "state --as envoy"])
def test_the_end_of_a_nodes_name_is_answered_with_the_whole(shop: Shop, command: str) -> None:
    refused = gitmesh(*command.split(), "--node", "web", "--repo", shop.bare)
    assert (refused.code, "did you mean mesh/shop/virtualNode/web?" in refused.err) == (2, True)


def test_a_router_is_shown_with_its_routes(shop: Shop) -> None:
    done = gitmesh("state", "mesh/shop/virtualRouter/cart", "--repo", shop.bare, "--json").json()
    assert [r["kind"] for r in done["resources"]] == ["Route", "Route", "VirtualRouter"]


@pytest.mark.parametrize(
    "arguments",
    [("mesh/shop/virtualNode/nobody",), ("nonsense",), ("--at", "99999"), ("--at", "fffffff")],
)
def test_a_state_that_is_not_there_is_refused(shop: Shop, arguments: tuple[str, ...]) -> None:
    refused = gitmesh("state", *arguments, "--repo", shop.bare)
    assert refused.code == 2
    assert refused.err.startswith("error: ")
    assert "hint:" in refused.err


def test_a_whole_log_is_verified(shop: Shop) -> None:
    done = gitmesh("verify", shop.bare)
    assert done.code == 0
    assert "the log is intact" in done.out
    assert gitmesh("verify", shop.bare, "--json").json()["heads"]["mesh"]["seq"] == 25


def test_a_log_that_was_tampered_with_is_told_by_exit_code_and_words(
    shop: Shop, tmp_path: Path
) -> None:
    copy = tmp_path / "events.sqlite3"
    copy.write_bytes(
        shop.log.read_bytes().replace(b'"cart-v2","weight":10', b'"cart-v2","weight":11')
    )
    assert copy.read_bytes() != shop.log.read_bytes()
    done = gitmesh("verify", shop.bare, "--log", copy)
    assert done.code == 1
    assert gitmesh("verify", shop.bare, "--log", copy, "--json").json()["ok"] is False


def test_a_file_that_is_no_log_is_damaged_not_a_crash(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_bytes(b"not a database, however long this text may be" * 99)
    for command in ("log", "verify"):
        refused = gitmesh(command, shop.bare, "--log", tmp_path / "x.sqlite3")
        assert refused.code == 3
        assert "Traceback" not in refused.err


def test_a_repository_that_nobody_serves_yet_has_no_log(tmp_path: Path) -> None:
    gitmesh("init", tmp_path / "new.git")
    refused = gitmesh("log", tmp_path / "new.git")
    assert refused.code == 2
    assert "hint: start one with: gitmesh serve" in refused.err


# ---- translate, bootstrap -------------------------------------------------------------------


def test_a_translation_is_envoys_own_words_wherever_the_specs_come_from(shop: Shop) -> None:
    texts = {
        gitmesh("translate", *source, "--node", WEB).out
        for source in [(sample_repo(),), (shop.back, "--repo", shop.bare), ("--log", shop.log)]
    }
    assert len(texts) == 1
    shown = yaml.safe_load(texts.pop())
    assert "cds_egress_shop_cart-v1_http_8080" in {c["name"] for c in shown["clusters"]}


def test_explicit_addresses_are_what_the_listeners_bind() -> None:
    explicit = "ingress=127.0.7.1,egress=127.0.7.2,application=127.0.7.3"
    done = gitmesh("translate", sample_repo(), "--node", WEB, "--explicit", explicit, "--json")
    text = json.dumps(done.json()["listeners"])
    assert "127.0.7.1" in text
    assert "127.0.7.2" in text


def test_a_broken_mesh_is_not_translated(shop: Shop) -> None:
    refused = gitmesh("translate", shop.bad, "--repo", shop.bare, "--node", WEB)
    assert (refused.code, refused.out) == (1, "")
    assert "dangling-reference" in refused.err


CART = Path(__file__).parents[4] / "xds" / "golden" / "proxyless-grpc-routes" / "in"


def test_a_translation_for_a_grpc_client_warns_of_what_the_client_cannot_do() -> None:
    shown = gitmesh("translate", CART, "--node", WEB, "--client", "grpc")
    names = [listener["name"] for listener in yaml.safe_load(shown.out)["listeners"]]
    assert names == ["cart.shop.local", "cart.shop.local:9000"]
    assert "mesh.yaml:94: warning[grpc-hidden-header]: gRPC does not see the header" in shown.err
    known = gitmesh("translate", CART, "--node", WEB, "--client", "grpc", "--json").json()
    assert [each["code"] for each in known["warnings"]] == ["grpc-hidden-header"] * 4
    envoy = gitmesh("translate", CART, "--node", WEB)
    assert envoy.err == ""
    assert "api_listener" not in envoy.out


def test_a_bootstrap_for_a_grpc_client_is_one_that_the_library_reads() -> None:
    made = gitmesh("bootstrap", "--node", WEB, "--client", "grpc", "--xds", "[::1]:1").json()
    assert made["xds_servers"][0]["server_uri"] == "[::1]:1"
    assert made["node"]["id"] == WEB


@pytest.mark.parametrize(
    "option", ["--dns=127.0.0.1:53", "--admin=127.0.0.1:1", "--sds-socket=/x", "--delta"]
)
def test_what_only_an_envoy_has_is_refused_for_a_grpc_client(option: str) -> None:
    refused = gitmesh("bootstrap", "--node", WEB, "--client", "grpc", option)
    assert refused.code == 2
    assert f"{option.partition('=')[0]} applies only to Envoy" in refused.err


@pytest.mark.parametrize("command", ["translate", "bootstrap"])
@pytest.mark.parametrize(
    ("node", "explicit"),
    [("web", None), (WEB, "ingress=127.0.0.1"), (WEB, "somewhere=127.0.0.1"), (WEB, "ingress=")],
)
def test_a_proxy_that_cannot_be_understood_is_refused(
    command: str, node: str, explicit: str | None
) -> None:
    source = [sample_repo()] if command == "translate" else []
    options = ["--explicit", explicit] if explicit else []
    refused = gitmesh(command, *source, "--node", node, *options)
    assert refused.code == 2
    assert "hint:" in refused.err


def test_a_bootstrap_is_json_that_names_the_node_the_server_and_the_resolver() -> None:
    arguments = ("bootstrap", "--node", WEB, "--xds", "mesh.example:18000", "--dns", "127.0.0.9:53")
    as_json = gitmesh(*arguments, "--json").json()
    assert gitmesh(*arguments).json() == as_json
    assert as_json["node"]["id"] == WEB
    assert "mesh.example" in json.dumps(as_json["static_resources"])
    assert "127.0.0.9" in json.dumps(as_json["typed_dns_resolver_config"])
