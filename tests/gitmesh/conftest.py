"""A repository with the sample shop in it, and a log that followed it."""

import pytest

from events.opening import open_for_writing
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.git import Repo, put
from tests.support.sample_shop import Shop, sample_files


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return a shop that is only to be read."""
    bare = Repo(tmp_path_factory.mktemp("shop")).origin
    log = log_path(bare)
    with open_for_writing(log) as opened:
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
