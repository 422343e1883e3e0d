"""Following of a repository's branch into its log, without a server."""

from collections.abc import Sequence
from pathlib import Path

from events.opening import open_for_writing
from events.types import Chain, DeliveryEvent
from gitmesh.queries.log_location import log_path
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository


def follow(bare: Path, delivery: Sequence[DeliveryEvent] = (), *, log: Path | None = None) -> int:
    """Log every commit up to the tip, and then these delivery events; return the mesh chain's
    length."""
    with open_for_writing(log_path(bare, log)) as opened:
        while Follower(GitRepository.open(bare), opened).catch_up() is not None:
            pass
        for event in delivery:
            opened.append_observed([event])
        return opened.head(Chain.MESH).seq
