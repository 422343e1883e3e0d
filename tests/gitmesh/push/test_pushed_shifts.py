"""A push with a shift that cannot be made is refused, with its file and line."""

from gitmesh.shifts.reading import path_of
from tests.gitmesh.push.test_push import push, repo, tip
from tests.gitmesh.shifts.documents import text
from tests.support.git import Repo

PATH = path_of("cart-v2")
__all__ = ["repo"]


def test_a_broken_shift_is_refused_and_a_right_one_changes_no_mesh(repo: Repo) -> None:
    assert push(repo).code == 0
    before = tip(repo)
    repo.commit({PATH: text("interval: soon")}, "Shift")
    refused = push(repo)
    assert refused.code != 0
    assert tip(repo) == before
    assert "gitmesh refuses this push: 1 problem in its shifts" in refused.told
    assert f"{PATH}:9: error[" in refused.told
    assert "such as 90s, 2m or 1h" in refused.told
    repo.commit({PATH: text().replace("to: cart-v2", "to: cart-v9")}, "Shift")
    told = push(repo).told
    assert f"{PATH}:7: error[bad-shift]: route all of virtual router cart" in told
    assert "hint: add it to the route with weight 0: {virtualNode: cart-v9, weight: 0}" in told
    repo.commit({PATH: text()}, "Shift")
    accepted = push(repo)
    assert accepted.code == 0, accepted.told
    assert "0 changes" in accepted.told
