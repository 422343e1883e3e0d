"""A repository with the sample shop in it, and a log that followed it."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from events.store import EventLog
from gitmesh.demo.sample import ROUTES, sample_repo, shares
from gitmesh.places import log_path
from reconciler.follower import Follower
from reconciler.repo import GitRepository
from tests.support.git import Repo, put


@dataclass(frozen=True, slots=True)
class Shop:
    """A bare repository whose branch got the shop, a shift, a mistake, and a way back."""

    bare: Path
    first: str
    shift: str
    bad: str
    back: str

    @property
    def log(self) -> Path:
        """Where its event log is."""
        return log_path(self.bare)


def sample_files(routes: str | None = None) -> dict[str, str | bytes]:
    """Return the sample repository's files, with other shares of the cart's traffic if given."""
    top = sample_repo()
    files: dict[str, str | bytes] = {
        str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()
    }
    if routes is not None:
        text = (top / ROUTES).read_text()
        assert text.count(shares(0)) == 1, "the demo's edit no longer fits the sample"
        files[ROUTES] = text.replace(shares(0), routes)
    return files


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return a shop that is only to be read."""
    bare = Repo(tmp_path_factory.mktemp("shop")).origin
    log = log_path(bare)
    with contextlib.closing(EventLog.open(log)) as opened:
        follower = Follower(GitRepository.open(bare), opened)
        commits = []
        for at, (routes, message) in enumerate(
            [
                (shares(0), "The shop's mesh"),
                (shares(10), "Cart: the first 10 %"),
                (shares(10, "cart-v3"), "Cart: on to version 3"),
                (shares(0), "Cart: back"),
            ]
        ):
            commits.append(put(bare, sample_files(routes), message=message, minute=at))
            follower.catch_up()
    return Shop(bare, *commits)
