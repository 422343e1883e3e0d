"""``gitmesh doctor`` on logs that a server might have written."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.types import (
    CommitId,
    ProxiesSettled,
    ProxyConnected,
    Seq,
    ServerStarted,
    ServingPinned,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
)
from gitmesh.cli import exit_codes
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from gitmesh.traffic.file import TrafficFile, traffic_path
from gitmesh.traffic.sums import Sums
from tests.gitmesh.cli.commands.repository.test_status import Followed
from tests.support.command_line import gitmesh
from tests.support.git import put
from tests.support.sample_shop import ENTRANCE, sample_files
from xds.reports.counts import Counts
from xds.reports.measured import Measured

LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def codes(followed: Followed) -> dict[str, dict[str, object]]:
    """Return the findings by code, as a running server would have them."""
    with open_for_writing(log_path(followed.bare)):  # whoever writes the log is a server
        ran = gitmesh("doctor", "--repo", followed.bare, "--json")
    found = ran.json()["findings"]
    bad = any(each["severity"] != "note" for each in found)
    assert ran.code == (exit_codes.REFUSED if bad else exit_codes.OK)
    return {each["code"]: each for each in found}


def reported(followed: Followed, **targets: tuple[int, int]) -> None:
    """Report requests, and failed ones, of the last minutes."""
    now_s = int(time.time())
    with closing(TrafficFile.create(traffic_path(log_path(followed.bare)))) as file:
        for at_s in range(now_s - 120, now_s + 1, 10):
            sums = Sums()
            for name, (number, failed) in targets.items():
                report = Counts(requests=number, server_errors=failed)
                cluster = f"cds_egress_shop_{name.replace('_', '-')}_http_8080"
                measured = Measured(
                    *(ENTRANCE, "p", "metrics", (at_s - 10) * 10**9, at_s * 10**9),
                    *(followed.commit, ((cluster, report),)),
                )
                sums.add(measured)
            file.write(sums, at_s)


def test_where_all_is_well_nothing_is_found(followed: Followed) -> None:
    followed.tell(ServerStarted("1.0"), followed.published())
    reported(followed, cart_v1=(100, 0))
    assert codes(followed) == {}
    ran = gitmesh("doctor", "--repo", followed.bare)
    assert "error[no-server]" in ran.out
    assert f"next: gitmesh serve --repo {followed.bare}" in ran.out.replace("'", "")


def test_commits_proxies_and_sources_are_looked_at(followed: Followed) -> None:
    good = followed.commit
    followed.tell(
        ServerStarted("1.0"),
        followed.published(2),
        ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=good),
        ProxyConnected(ENTRANCE, "p#2", "envoy 1", commit=good),
    )
    bad = CommitId(put(followed.bare, {**sample_files(), "shop/odd.yaml": "kind: Nothing\n"}))
    followed.catch_up()
    followed.tell(
        SnapshotRejected(good, ENTRANCE, LISTENER, "v", "cannot bind 127.0.0.1:80", "p#1"),
        SourceDegraded("branch-missing", "branch 'main' has no commit"),
    )
    found = codes(followed)
    assert found["commit-refused"]["nextStep"] == f"gitmesh show {bad[:7]}"
    assert "shop/odd.yaml" in str(found["commit-refused"]["evidence"])
    assert "cannot bind" in str(found["proxy-refuses"]["evidence"])
    assert found["source-degraded"]["message"] == "branch 'main' has no commit"


def test_a_pin_behind_which_a_commit_waits_is_a_warning(followed: Followed) -> None:
    first, seq = followed.commit, followed.seq
    followed.push(shares(10))
    pin = ServingPinned(first, Seq(seq), "ada", "INC-7", "2999-01-01T00:00:00Z")
    followed.tell(ServerStarted("1.0"), pin)
    found = codes(followed)["pinned"]
    assert found["severity"] == "warning"
    assert "INC-7" in str(found["evidence"])
    assert found["nextStep"] == "gitmesh unpin"


def test_a_proxy_that_lags_is_named(followed: Followed) -> None:
    first = followed.commit
    followed.tell(
        ServerStarted("1.0"),
        followed.published(),
        ProxyConnected(ENTRANCE, "p#1", "envoy 1", commit=first),
        ProxiesSettled(first, Seq(followed.seq), in_sync=("p#1",)),
    )
    second = followed.push(shares(10))
    followed.tell(
        SnapshotPublished(second, Seq(followed.seq), (ENTRANCE,), 1),
        ProxiesSettled(second, Seq(followed.seq), behind=("p#1",)),
    )
    assert "1 of 1 proxies" in str(codes(followed)["proxy-behind"]["message"])


def test_a_target_that_fails_is_found_in_what_proxies_report(followed: Followed) -> None:
    followed.push(shares(10))
    followed.tell(ServerStarted("1.0"), followed.published())
    reported(followed, cart_v1=(90, 0), cart_v2=(10, 5))
    found = codes(followed)
    assert found["target-failing"]["subject"] == "mesh/shop/virtualNode/cart-v2"
    assert found["target-worse"]["subject"] == "mesh/shop/virtualRouter/cart/route/all"
    shown = gitmesh("doctor", "--repo", followed.bare).out
    assert "of the requests to cart-v2 fail" in shown
    assert "looked at" in shown


def test_before_the_first_commit_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    bare = tmp_path / "empty.git"
    assert gitmesh("init", bare).code == exit_codes.OK
    with open_for_writing(log_path(bare)):
        ran = gitmesh("doctor", "--repo", bare)
    assert (ran.code, ran.out) == (exit_codes.OK, "no commit is logged yet\n")
