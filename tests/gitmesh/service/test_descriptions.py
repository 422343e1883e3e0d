"""Descriptions of resources that are read again and again while the log grows."""

import subprocess
from pathlib import Path

from events.opening import open_for_reading, open_for_writing
from gitmesh.service.resources.description import describe, last_description
from mesh.keys import Kind, ResourceKey
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from reconciler.known_commits import ReadSteps
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from tests.support.git import put
from tests.support.meshes import a_route, shop_mesh
from tests.support.specs import files, text

ROUTE = "mesh/shop/virtualRouter/cart/route/all.yaml"
KEY = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")


def weighted(left: int) -> dict[str, str]:
    weights = {"cart-v1": left, "cart-v2": 100 - left}
    return {**files(shop_mesh()), ROUTE: text(a_route("cart", "all", weights))}


def without() -> dict[str, str]:
    return {path: spec for path, spec in weighted(1).items() if path != ROUTE}


def test_what_was_described_before_is_described_as_if_it_were_read_anew(tmp_path: Path) -> None:
    origin, path = tmp_path / "origin.git", tmp_path / "log.db"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True)
    put(origin, weighted(50))
    steps = [
        weighted(50),
        weighted(40),
        {**weighted(40), ROUTE: f"# no more\n{weighted(40)[ROUTE]}"},
    ]
    steps += [weighted(left) for left in range(30, 20, -1)]
    steps += [without(), without() | {"note.txt": "x"}, weighted(20), weighted(50), weighted(20)]
    versions = []
    with open_for_writing(path) as log:
        follower = Follower(GitRepository.open(origin), log)
        with open_for_reading(path) as reading, open_for_reading(path) as seldom:
            for minute, changed in enumerate(steps, 1):
                put(origin, changed, minute=minute)
                follower.catch_up()
                with open_for_reading(path) as fresh:
                    assert describe(reading, KEY) == describe(fresh, KEY)
                    assert last_description(reading, KEY) == last_description(fresh, KEY)
                found = describe(reading, KEY)
                if minute % 4 == 0:  # several versions are new at once
                    assert describe(seldom, KEY) == found
                versions.append(found.version if found else 0)
    assert versions == [1, 2, 2, *range(3, 13), 0, 0, 1, 2, 3]


def test_a_step_that_was_read_before_is_taken_once_and_by_its_own_tree_alone(
    tmp_path: Path,
) -> None:
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True)
    repo, known = GitRepository.open(origin), ReadSteps()
    trees = []
    for minute, left in enumerate((50, 40, 30)):
        put(origin, weighted(left), minute=minute)
        trees.append(ObjectId(repo.tree_of(repo.tip())))
    reader = TreeReader(repo)
    first = reader.read(trees[0]).tree
    step = reader.read(trees[1], first)
    known.put(trees[0], step, repo.tip())
    taking = TreeReader(repo, known=known.take)
    assert taking.read(trees[2], first).tree == reader.read(trees[2], first).tree
    assert taking.read(trees[1], first) is step
    assert taking.read(trees[1], first) == step
    assert taking.read(trees[1], first) is not step
    known.put(trees[0], step, repo.tip())
    assert taking.read(trees[1]).tree == step.tree, "nothing is known of the way from nothing"
