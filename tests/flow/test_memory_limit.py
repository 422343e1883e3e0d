"""A memory limit and a commit that exceeds it: the last good mesh is still served."""

from pathlib import Path

import pytest

from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.many_documents import faulty_documents
from tests.support.memory_limit import Supervised, degraded, logged, served
from tests.support.sample_shop import sample_files

ABOVE_IDLE = 40 * 1024 * 1024
"""Enough for any commit of the sample shop, and for a third of the large one."""


@pytest.mark.timeout(600)  # a slow machine reads thousands of documents for minutes
def test_a_commit_that_does_not_fit_is_held_back_and_the_last_good_mesh_is_served(
    tmp_path: Path,
) -> None:
    repo = Repo(tmp_path)
    good = repo.commit_and_push(sample_files())
    supervised = Supervised(repo, ABOVE_IDLE)
    bad = repo.commit(faulty_documents(12_000))
    supervised.push()
    with supervised.start() as server:
        # The next process serves before it looks at the branch, and says again what is so.
        assert served(server) == supervised.mesh
        assert server.wait_for("ready")["commit"] == good
        server.wait_until(lambda: degraded(repo).keys() == {"held-back"})
        message = degraded(repo)["held-back"]
        assert message.startswith(f"commit {bad[:7]} is held back: the server ended or ran out of")
        assert message.endswith("give the server more memory and run: gitmesh retry")
        server.wait_until(lambda: any(message in str(x["message"]) for x in server.lines()))
        # A branch without it is followed at once, within the same memory.
        repo.reset(good)
        repo.commit(sample_files(shares(20)))
        mended = repo.push(force=True)
        server.wait_for("commit applied", commit=mended[:7])
        server.wait_until(lambda: degraded(repo) == {})
        assert served(server) == supervised.mesh
        assert server.stop() == 0
    read = [event for event in logged(repo) if event["kind"].startswith("Commit")]
    assert [(event["kind"], event["commit"]) for event in read] == [
        ("CommitApplied", good),
        ("CommitApplied", mended),
    ]
    assert gitmesh("verify", "--repo", repo.origin).code == 0
