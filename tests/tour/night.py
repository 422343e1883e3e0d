"""A night in the life of a shop, as its log tells it: the story behind pages of docs/.

Everything is fixed: commits, times, what proxies said. So pages are the same wherever they are
made.
"""

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
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.clock import Clock
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files

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
    for commit, ticket in ((commits[1], "CHG-123"), (commits[3], "CHG-124")):
        git(shop, "tag", ticket, commit)


def _answered(log: EventStore, commit: CommitId, took_us: int) -> None:
    seq = log.head(Chain.MESH).seq
    log.append_observed([SnapshotPublished(commit, seq, (ENTRANCE, WEB), 3)])
    log.append_observed([SnapshotConverged(commit, 3, {"acked": took_us})])
