"""Queries to the log: any moment, one commit, one field, two meshes, one period."""

import csv
import io
import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.types import (
    Chain,
    CommitId,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from gitmesh.demo.sample import sample_repo, shares
from gitmesh.queries.log_location import log_path
from gitmesh.queries.timespec import moment_seq, parse_time
from mesh.errors import UsageError
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.clock import Clock
from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.sample_shop import Shop, sample_files

ROUTE = "mesh/shop/virtualRouter/cart/route/all"
ENTRANCE = "mesh/shop/virtualGateway/entrance"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


# ---- moments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("now", NOW),
        ("yesterday", NOW - timedelta(days=1)),
        ("2 hours ago", NOW - timedelta(hours=2)),
        ("an hour ago", NOW - timedelta(hours=1)),
        ("90 minutes ago", NOW - timedelta(minutes=90)),
        ("1 week ago", NOW - timedelta(days=7)),
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-25T03:12Z", datetime(2026, 11, 25, 3, 12, tzinfo=UTC)),
        ("2026-11-25 03:12:30", datetime(2026, 11, 25, 3, 12, 30, tzinfo=UTC)),
        ("2026-11-25T03:12+02:00", datetime(2026, 11, 25, 1, 12, tzinfo=UTC)),
        ("03:12", datetime(2026, 11, 25, 3, 12, tzinfo=UTC)),
        ("3:12:30Z", datetime(2026, 11, 25, 3, 12, 30, tzinfo=UTC)),
        ("12:00", NOW),
        ("12:01", NOW - timedelta(hours=23, minutes=59)),
        ("yesterday 03:12", datetime(2026, 11, 24, 3, 12, tzinfo=UTC)),
        ("Today at 23:00", datetime(2026, 11, 25, 23, 0, tzinfo=UTC)),
        # Where it is 14:00 now, and where it is 07:00.
        ("13:00+02:00", datetime(2026, 11, 25, 11, 0, tzinfo=UTC)),
        ("23:00-05:00", datetime(2026, 11, 25, 4, 0, tzinfo=UTC)),
        ("main", None),
        ("main:12", None),
        ("a1b2c3d", None),
        ("12", None),
        ("2 hours", None),
    ],
)
def test_a_time_is_read_from_words(words: str, meant: datetime | None) -> None:
    assert parse_time(words, NOW) == meant


@pytest.mark.parametrize(
    "words",
    [
        *("2026-13-01", "2026-11-25T99:00", "999999 weeks ago", "24:01", "03:60", "3:12+99:00"),
        *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00+14:00"),
    ],
)
def test_what_begins_like_a_time_and_is_none_is_told(words: str) -> None:
    with pytest.raises(UsageError):
        parse_time(words, NOW)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return a shop whose commits were recorded an hour apart, and what proxies made of them."""
    repo = Repo(tmp_path_factory.mktemp("timed"))
    clock = Clock()
    clock.time = NOW
    log = log_path(repo.origin)
    with open_for_writing(log, now=clock) as opened:
        follower = Follower(GitRepository.open(repo.origin), opened)
        commits = []
        for at, (routes, message) in enumerate(
            [
                (shares(0), "The shop's mesh"),
                (shares(10), "Cart: the first 10 %\n\nTicket: CHG-123"),
                (shares(10, "cart-v3"), "Cart: on to version 3"),
                (shares(50), "Cart: half"),
            ]
        ):
            commits.append(put(repo.origin, sample_files(routes), message=message, minute=at))
            follower.catch_up()
            commit = CommitId(commits[-1])
            if at == 1:
                opened.append_observed([SnapshotPublished(commit, opened.state().seq, ("n",), 3)])
                opened.append_observed([SnapshotConverged(commit, 3, {"acked": 84_000})])
            clock.move(hours=1)
    return Shop(repo.origin, *commits)


def test_a_time_is_the_mesh_that_was_live_then(timed: Shop) -> None:
    with open_for_reading(timed.log) as log:
        last = log.head(Chain.MESH).seq
        assert moment_seq(log, "2026-11-25T11:59Z", NOW) == 0
        assert moment_seq(log, "0300-01-01", NOW) == 0, "as text, too, it is before all others"
        first = moment_seq(log, "2026-11-25T12:30Z", NOW)
        assert log.state(first).commit == timed.first
        second = moment_seq(log, "2026-11-25T14:59:59Z", NOW)
        assert log.state(second).commit == timed.shift, "the bad commit changed nothing"
        assert moment_seq(log, "2027-01-01", NOW) == last
        assert moment_seq(log, timed.shift[:8], NOW) == moment_seq(log, "2026-11-25T13:30Z", NOW)


def test_state_shows_what_a_proxy_had_at_a_time(timed: Shop) -> None:
    def weights(moment: str) -> list[int]:
        asked = ("state", "--repo", timed.bare, "--at", moment, "--as", "envoy")
        done = gitmesh(*asked, "--node", ENTRANCE, "--json")
        (routes,) = (r for r in done.json()["routes"] if r["name"] == "rds_egress_http_15001")
        hosts = {host["name"]: host for host in routes["virtual_hosts"]}
        actions = [each["route"] for each in hosts["cart.shop.internal"]["routes"]]
        found = [each.get("weighted_clusters", {}).get("clusters", []) for each in actions]
        (split,) = (clusters for clusters in found if len(clusters) > 1)
        return [cluster.get("weight", 0) for cluster in split]

    assert weights("2026-11-25T12:30Z") == [100, 0]
    assert weights("2026-11-25T13:30Z") == [90, 10]
    assert weights("main") == [50, 50]


def test_state_as_envoy_needs_a_node(timed: Shop) -> None:
    refused = gitmesh("state", "--repo", timed.bare, "--as", "envoy")
    assert (refused.code, "--node" in refused.err) == (2, True)


def test_what_means_nothing_is_told_with_what_would(timed: Shop) -> None:
    refused = gitmesh("state", "--repo", timed.bare, "--at", "whenever")
    assert refused.code == 2
    assert "2 hours ago" in refused.err


# ---- show ------------------------------------------------------------------------------------


def test_show_tells_who_why_what_and_with_what_effect(timed: Shop) -> None:
    done = gitmesh("show", "--repo", timed.bare, timed.shift[:9])
    assert done.code == 0
    for part in (
        f"commit {timed.shift}",
        "Alice <alice@example.com>",
        "CHG-123",
        "cart-v2 0 % → 10 %",
        "3 proxies in sync, 84 ms after the branch moved",
    ):
        assert part in done.out


def test_show_of_a_refused_commit_tells_file_line_and_remedy(timed: Shop) -> None:
    done = gitmesh("show", "--repo", timed.bare, timed.bad)
    assert "shop/cart/routes.yaml:31" in done.out
    assert 'did you mean "cart-v2"?' in done.out
    assert (
        gitmesh("show", "--repo", timed.bare, timed.bad, "--json").json()["outcome"] == "rejected"
    )


def test_show_finds_the_commit_of_any_event(timed: Shop) -> None:
    shown = gitmesh("show", "--repo", timed.bare, "5", "--json").json()
    assert (shown["commit"], shown["seq"]) == (timed.first, 1)
    assert len(shown["changes"]) == 19


# ---- blame -----------------------------------------------------------------------------------


def test_blame_names_commit_author_and_previous_value_of_each_field(timed: Shop) -> None:
    fields = {
        each["field"]: each
        for each in gitmesh("blame", "--repo", timed.bare, ROUTE, "--json").json()["fields"]
    }
    weight = fields["httpRoute.action.weightedTargets[cart-v2].weight"]
    assert (weight["commit"], weight["value"], weight["before"]) == (timed.back, 50, 10)
    assert (weight["author"], weight["at"][:13]) == ("Alice", "2026-11-25T15")
    assert fields["httpRoute.match.prefix"]["commit"] == timed.first


def test_blame_of_a_moment_and_of_one_field(timed: Shop) -> None:
    done = gitmesh(
        "blame", "--repo", timed.bare, ROUTE, "httpRoute.action", "--at", "2026-11-25T13:30Z"
    )
    assert done.code == 0
    assert timed.shift[:7] in done.out
    assert "(was 0)" in done.out
    assert "httpRoute.match" not in done.out


def test_blame_of_what_is_not_there_is_told(timed: Shop) -> None:
    assert gitmesh("blame", "--repo", timed.bare, f"{ROUTE}x").code == 2
    refused = gitmesh("blame", "--repo", timed.bare, ROUTE, "spec.nothing")
    assert (refused.code, "has no field" in refused.err) == (2, True)


def test_moving_renaming_and_reformatting_files_does_not_change_the_answer(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    files = sample_files(shares(10))
    first = put(repo.origin, files, minute=0)
    moved = {f"shop/all/{path.replace('/', '-')}": body for path, body in files.items()
             if path.startswith("shop/")}  # fmt: skip
    moved |= {path: body for path, body in files.items() if not path.startswith("shop/")}
    second = {
        path: (body if isinstance(body, bytes) else body.encode()) + b"\n# tidied\n"
        for path, body in moved.items()
    }
    with open_for_writing(log_path(repo.origin)) as log:
        follower = Follower(GitRepository.open(repo.origin), log)
        follower.catch_up()
        put(repo.origin, second, minute=1)
        follower.catch_up()
    fields = gitmesh("blame", "--repo", repo.origin, ROUTE, "--json").json()["fields"]
    assert {each["commit"] for each in fields} == {first}


# ---- diff ------------------------------------------------------------------------------------


def test_diff_tells_resources_and_whom_they_concern(timed: Shop) -> None:
    done = gitmesh("diff", timed.first, timed.back, "--repo", timed.bare)
    assert done.code == 0
    assert "route cart/all: cart-v2 0 % → 50 %" in done.out
    assert "affects 1 of 4 services, 2 of 6 nodes" in done.out


@pytest.mark.parametrize(
    ("before", "after"),
    [("2026-11-25T12:30Z", "now"), ("20", "main"), ("main~3", "HEAD")],
)
def test_diff_takes_moments_of_the_log_and_revisions(timed: Shop, before: str, after: str) -> None:
    done = gitmesh("diff", before, after, "--repo", timed.bare, "--json")
    assert [change["kind"] for change in done.json()["changes"]] == ["TrafficShifted"]


def test_diff_with_a_folder_needs_no_repository(tmp_path: Path) -> None:
    done = gitmesh("diff", sample_repo(), sample_repo(), "--repo", tmp_path, "--json")
    assert done.json()["changes"] == []
    assert done.json()["blastRadius"]["proxies"] is None


def test_diff_in_envoys_words_names_node_and_resource(timed: Shop) -> None:
    done = gitmesh("diff", "main~3", "main", "--repo", timed.bare, "--envoy", "--json")
    changed = {(each["node"], each["type"]) for each in done.json()["envoy"]}
    assert changed == {(ENTRANCE, "routes"), ("mesh/shop/virtualNode/web", "routes")}
    words = gitmesh("diff", "main~3", "main", "--repo", timed.bare, "--envoy").out
    assert "+                  weight: 50" in words


def test_diff_as_markdown_cannot_be_steered_by_names(timed: Shop) -> None:
    done = gitmesh("diff", "main~3", "main", "--repo", timed.bare, "--envoy", "--markdown")
    assert done.out.startswith("### Mesh: 1 change")
    assert "<details>" in done.out
    assert "```diff" in done.out


def test_diff_with_a_mesh_that_would_be_refused_shows_why(timed: Shop) -> None:
    refused = gitmesh("diff", timed.first, timed.bad, "--repo", timed.bare)
    assert (refused.code, "dangling-reference" in refused.err) == (1, True)


# ---- log and export --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--kind", "TrafficShifted"), 2),
        (("--resource", "mesh/shop/virtualRouter/cart", "--kind", "ResourceAdded"), 3),
        (("--author", "ALICE@example"), 25),
        (("--author", "mallory"), 0),
        (("--since", "2026-11-25T13:00Z", "--until", "2026-11-25T13:59Z"), 4),
        (("--commit", "main~2"), 4),
    ],
)
def test_the_log_is_asked_by_kind_resource_author_time_and_commit(
    timed: Shop, options: tuple[str, ...], expected: int
) -> None:
    lines = gitmesh("log", timed.bare, "--limit", "0", "--json", *options).json_lines()
    assert len(lines) == expected


@pytest.mark.parametrize("command", ["log", "export"])
def test_a_period_has_both_its_ends_and_a_date_is_its_first_moment(
    timed: Shop, command: str
) -> None:
    at = "2026-11-25T13:00:00.000000Z"

    def told(since: str, until: str) -> set[str]:
        asked = ("--since", since, "--until", until, "--kind", "TrafficShifted")
        lines = gitmesh(command, timed.bare, "--json", *asked).json_lines()
        return {line["commit"] for line in lines}

    assert told(at, at) == {timed.shift}
    assert told("2026-11-25T13:00:00.000001Z", "2026-11-25T14:59Z") == set()
    assert told("2026-11-25", "2026-11-25T12:59:59.999999Z") == set()
    assert told("2026-11-25", "2026-11-25") == set()
    assert told("2026-11-25", "2026-11-26") == {timed.shift, timed.back}


def test_a_kind_that_is_none_is_told(timed: Shop) -> None:
    assert gitmesh("log", timed.bare, "--kind", "Nothing").code == 2
    assert gitmesh("log", timed.bare, "--since", "soon").code == 2


def test_commits_are_shown_a_line_each_with_their_effect(timed: Shop) -> None:
    lines = gitmesh("log", timed.bare, "--commits").out.splitlines()
    assert len(lines) == 4
    assert lines[1].endswith(
        "route cart/all: cart-v2 0 % → 10 %, cart-v1 100 % → 90 %, Alice, CHG-123, "
        "3/3 proxies in 84 ms"
    )
    assert "REJECTED" in lines[2]
    (newest,) = gitmesh("log", timed.bare, "--commits", "--limit", "1", "--json").json_lines()
    assert (newest["commit"], newest["outcome"]) == (timed.back, "applied")


def test_following_shows_what_happens_then(shop: Shop, tmp_path: Path) -> None:
    copy = tmp_path / "events.sqlite3"
    with open_for_reading(shop.log) as log:
        head = log.head(Chain.MESH).seq
    copy.write_bytes(shop.log.read_bytes())
    command = [sys.executable, "-m", "gitmesh", "log", str(shop.bare), "--log", str(copy)]
    with subprocess.Popen(
        [*command, "--follow", "--json", "--limit", "1"], stdout=subprocess.PIPE, text=True
    ) as following:
        try:
            assert following.stdout is not None
            assert json.loads(following.stdout.readline())["seq"] == head
            with open_for_writing(copy) as writing:
                writing.append_observed([SnapshotConverged(CommitId("c" * 40), 0, {})])
            assert json.loads(following.stdout.readline())["kind"] == "SnapshotConverged"
        finally:
            following.kill()


def test_export_writes_cloudevents_that_have_what_they_must(timed: Shop) -> None:
    lines = gitmesh("export", timed.bare).json_lines()
    assert len(lines) == 28
    for line in lines:
        assert {"id", "source", "specversion", "type"} <= line.keys()
        assert line["specversion"] == "1.0"
        assert all(name.isalnum() and name.islower() for name in line)
    assert len({(line["source"], line["id"]) for line in lines}) == len(lines)
    mesh = [line for line in lines if line["id"].startswith("mesh/")]
    assert all(a["hash"] == b["prevhash"] for a, b in itertools.pairwise(mesh))


def test_export_as_a_table_holds_every_event_and_no_formula(timed: Shop) -> None:
    done = gitmesh("export", timed.bare, "--format", "csv", "--chain", "mesh")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [int(row["seq"]) for row in rows] == list(range(1, 26))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


# ---- wait ------------------------------------------------------------------------------------


def test_waiting_ends_when_the_proxies_have_it(timed: Shop) -> None:
    done = gitmesh("wait", timed.shift, "--repo", timed.bare, "--for", "acked=100%")
    assert (done.code, "3 proxies in sync" in done.out) == (0, True)


def test_waiting_for_a_refused_commit_ends_at_once_with_the_reason(timed: Shop) -> None:
    done = gitmesh("wait", timed.bad, "--repo", timed.bare, "--timeout", "60")
    assert (done.code, "dangling-reference" in done.err) == (1, True)


def test_waiting_for_what_does_not_happen_ends_in_time(timed: Shop) -> None:
    done = gitmesh("wait", timed.back, "--repo", timed.bare, "--timeout", "0.1", "--json")
    assert (done.code, done.json()["met"]) == (4, False)
    assert gitmesh("wait", timed.back, "--repo", timed.bare, "--for", "applied").code == 0


def test_waiting_for_a_commit_that_a_proxy_refuses_ends_with_its_words(
    shop: Shop, tmp_path: Path
) -> None:
    copy = tmp_path / "events.sqlite3"
    copy.write_bytes(shop.log.read_bytes())
    commit = CommitId(shop.back)
    with open_for_writing(copy) as log:
        log.append_observed([SnapshotPublished(commit, log.state().seq, (ENTRANCE,), 1)])
        log.append_observed([_refusal(commit)])
    done = gitmesh("wait", commit, "--repo", shop.bare, "--log", copy)
    assert (done.code, "no such weight" in done.err) == (1, True)


def _refusal(commit: CommitId) -> SnapshotRejected:
    return SnapshotRejected(commit, ENTRANCE, "type/Route", "v", "no such weight")
