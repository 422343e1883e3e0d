"""A night in the life of a shop, as its log tells it: the story behind pages of docs/.

Everything is fixed: commits, times, what proxies said. So pages are the same wherever they are
made.
"""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from events.opening import open_for_writing
from events.store import EventStore
from events.types import (
    Chain,
    CommitId,
    ProxyConnected,
    SnapshotConverged,
    SnapshotPublished,
)
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from gitmesh.traffic.file import TrafficFile, traffic_path
from gitmesh.traffic.sums import Sums
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.clock import Clock
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files
from xds.reports.counts import Counts, latency_of
from xds.reports.measured import Measured

ENTRANCE = "mesh/shop/virtualGateway/entrance"
WEB = "mesh/shop/virtualNode/web"
_EVENING = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)


def told(folder: Path) -> None:
    """Make ``shop.git`` and its log; the two changes of the night are tagged with their tickets."""
    shop = Repo(folder).origin.rename(folder / "shop.git")
    clock = Clock()
    clock.time = _EVENING
    commits: list[str] = []
    with open_for_writing(log_path(shop), now=clock) as log:
        follower = Follower(GitRepository.open(shop), log)
        for routes, message, took in (
            (shares(0), "The shop's mesh", 0),
            (shares(10), "Cart: the first 10 % to version 2\n\nTicket: CHG-123", 84_000),
            (shares(10, "cart-v3"), "Cart: on to version 3", 0),
            (shares(50), "Cart: half to version 2\n\nTicket: CHG-124", 61_000),
        ):
            commits.append(put(shop, sample_files(routes), message=message))
            follower.catch_up()
            if len(commits) == 1:
                log.append_observed(
                    [ProxyConnected(n, f"10.0.0.{i}:4711#{i}", "envoy 1.40.0")
                     for i, n in enumerate((ENTRANCE, WEB, WEB), 1)]
                )  # fmt: skip
            if took:
                _answered(log, CommitId(commits[-1]), took)
            clock.move(hours=1, minutes=44)
    _reported(shop, commits)
    for commit, ticket in ((commits[1], "CHG-123"), (commits[3], "CHG-124")):
        git(shop, "tag", ticket, commit)


def _reported(shop: Path, commits: list[str]) -> None:
    """Make the record of traffic: ten minutes before and after the last change."""
    change_s = int(_EVENING.timestamp()) + 3 * 104 * 60
    with closing(TrafficFile.create(traffic_path(log_path(shop)))) as file:
        for minute in range(-10, 10):
            at_s, sums = change_s + minute * 60, Sums()
            old = minute < 0
            shares_ = (900, 100) if old else (500, 500)
            for name, requests in zip(("cart-v1", "cart-v2"), shares_, strict=True):
                errors = requests // 50 if name == "cart-v2" and not old else 0
                took = [(10.0, requests * 9 // 10), (25.0, requests)]
                counts = Counts(
                    requests=requests,
                    server_errors=errors,
                    latency=latency_of(took, requests),
                )
                cluster = f"cds_egress_shop_{name}_http_8080"
                sums.add(
                    Measured(
                        *(ENTRANCE, "10.0.0.1:4711", "metrics"),
                        *((at_s - 10) * 10**9, at_s * 10**9),
                        commits[1 if old else 3],
                        ((cluster, counts),),
                    )
                )
            file.write(sums, at_s)


def _answered(log: EventStore, commit: CommitId, took_us: int) -> None:
    seq = log.head(Chain.MESH).seq
    log.append_observed([SnapshotPublished(commit, seq, (ENTRANCE, WEB), 3)])
    log.append_observed([SnapshotConverged(commit, 3, {"acked": took_us})])
