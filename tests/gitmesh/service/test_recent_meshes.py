"""Meshes made from the nearest known one are the same as those read from the log as a whole."""

import random
from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.types import Chain, Seq
from gitmesh.queries.commits import OF_DELIVERY, logged_commit
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.service.history.recent_meshes import RecentMeshes
from mesh.errors import UsageError
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.git import Repo, put
from tests.support.sample_shop import sample_files

SETTINGS, ROUTES = "gitmesh.yaml", "shop/cart/routes.yaml"
NODE = "kind: VirtualNode\nmeshName: shop\nvirtualNodeName: more\nspec: {}\n"


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode()


@pytest.fixture(scope="module")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log of commits that change resources and settings, and of one that is refused."""
    folder = tmp_path_factory.mktemp("meshes")
    bare, files = Repo(folder).origin, {name: _text(each) for name, each in sample_files().items()}
    path = folder / "events.sqlite3"
    steps = [
        files,
        {**files, "shop/more.yaml": NODE},
        {**files, SETTINGS: files[SETTINGS] + "allowDanglingReferences: true\n"},
        {**files, ROUTES: files[ROUTES].replace("prefix: /", "prefix: /c")},
        {**files, "shop/more.yaml": NODE.replace("{}", "{logging: {}}")},
        {**files, "shop/odd.yaml": "kind: Odd\n"},
        files,
    ]
    with open_for_writing(path) as log:
        follower = Follower(GitRepository.open(bare), log)
        for step in steps:
            put(bare, step)
            follower.catch_up()
    return path


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_moments_gives_the_meshes_of_the_log(log_path: Path, seed: int) -> None:
    with open_for_reading(log_path) as log:
        meshes, head = RecentMeshes(log), log.head(Chain.MESH).seq
        moments = [Seq(n) for n in range(head + 1)]
        random.Random(seed).shuffle(moments)
        for seq in [None, *moments]:
            state = log.state(seq)
            assert meshes.state(seq) == state
            assert meshes.graph(seq) == logged_mesh(state)


def test_a_moment_that_does_not_exist_is_refused(log_path: Path) -> None:
    with open_for_reading(log_path) as log:
        with pytest.raises(UsageError):
            RecentMeshes(log).graph(Seq(10**6))
        meshes = RecentMeshes(log)
        meshes.graph()
        with pytest.raises(UsageError):
            meshes.graph(Seq(log.head(Chain.MESH).seq + 1))


def test_a_commit_can_be_read_without_the_events_of_single_proxies(log_path: Path) -> None:
    with open_for_reading(log_path) as log:
        head = log.head(Chain.MESH).seq
        assert logged_commit(log, head, OF_DELIVERY).records == logged_commit(log, head).records
