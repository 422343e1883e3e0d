"""Real limits of memory, from hardly any room to almost enough, for one commit that needs much.

However the process fails (in Python, in SQLite, in gRPC's C core, with or without the reserve), the
last good mesh is served, the commit is held back, and nothing is lost.
"""

from pathlib import Path

import pytest

from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.many_documents import faulty_documents
from tests.support.memory_limit import Supervised, degraded, served
from tests.support.sample_shop import sample_files
from tests.support.server import Server

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

NO_RESERVE = """
from reconciler import follower
follower.require_reserve = lambda more_bytes=0: None
from gitmesh.__main__ import main
main()
"""
DOCUMENTS = 12_000
MEGABYTE = 1024 * 1024


@pytest.mark.parametrize("program", [None, NO_RESERVE], ids=["reserve", "none"])
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize("megabytes", [20, 40, 70, 100])
def test_a_commit_that_does_not_fit(
    tmp_path: Path, megabytes: int, options: tuple[str, ...], program: str | None
) -> None:
    repo = Repo(tmp_path)
    good = repo.commit_and_push(sample_files())
    supervised = Supervised(repo, megabytes * MEGABYTE, options, program)
    bad = repo.commit(faulty_documents(DOCUMENTS))
    ended = supervised.push()
    print(f"{megabytes} MB above idle: {ended} servers ended")
    with supervised.start() as server:
        assert served(server) == supervised.mesh
        assert server.wait_for("ready")["commit"] == good
        server.wait_until(lambda: degraded(repo).keys() == {"held-back"})
        assert server.stop() == 0
    with Server(repo.origin, *options, name="more memory") as server:
        server.wait_until(lambda: degraded(repo).keys() == {"held-back"})
        assert gitmesh("retry", "--repo", repo.origin).code == 0
        server.wait_for("commit rejected", commit=bad[:7], problems=DOCUMENTS)
        server.wait_until(lambda: degraded(repo) == {})
        assert served(server) == supervised.mesh
        assert server.stop() == 0
    assert gitmesh("verify", "--repo", repo.origin).code == 0
