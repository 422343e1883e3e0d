"""After a kill at any moment, the reconciler continues where its log ends."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.types import Chain
from tests.reconciler.following import catch_up, events, mesh_of, story
from tests.support.git import put
from tests.support.meshes import a_node, a_route, shop_mesh
from tests.support.specs import files, text

KILLS = 16
ROUTE = "mesh/shop/virtualRouter/cart/route/all.yaml"

FOLLOW = """
import asyncio, sys
from pathlib import Path
from events.latest import Latest
from events.publication import Publication
from events.opening import open_for_reading, open_for_writing
from reconciler.loop import Pace, reconcile
from reconciler.git.repository import GitRepository

class Telling(Latest[Publication]):
    def set(self, value: Publication) -> None:
        super().set(value)
        print(value.state.tip, flush=True)

log = open_for_writing(Path(sys.argv[2]))
repo = GitRepository.open(Path(sys.argv[1]))
asyncio.run(reconcile(repo, log, Telling(), pace=Pace(poll_s=0.2)))
"""


def start(origin: Path, log: Path, **environment: str) -> "subprocess.Popen[str]":
    """Start a process that follows the repository and prints each tip that it publishes."""
    return subprocess.Popen(
        [sys.executable, "-c", FOLLOW, str(origin), str(log)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


def content(n: int) -> dict[str, str]:
    weights = {"cart-v9" if n % 7 == 3 else "cart-v1": 99 - n % 99, "cart-v2": 1 + n % 99}
    extra = {f"n{n % 5}.yaml": text(a_node(f"n{n % 5}", 1 + n))}
    return {ROUTE: text(a_route("cart", "all", weights)), **extra}


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    path = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    return path


@pytest.mark.slow
def test_killed_again_and_again_the_chain_is_that_of_an_undisturbed_run(
    origin: Path, tmp_path: Path
) -> None:
    base = files(shop_mesh())
    log = tmp_path / "log.db"
    ids = [put(origin, base)]
    chance = random.Random(2)
    for _ in range(KILLS):
        child = start(origin, log)
        assert child.stdout is not None
        child.stdout.readline()  # it has started to publish
        stop = time.monotonic() + chance.uniform(0.0, 0.12)
        while time.monotonic() < stop:
            ids.append(put(origin, {**base, **content(len(ids))}, minute=len(ids)))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()

    survived = catch_up(origin, log)

    found = open_for_writing(log)
    assert found.verify() == []
    assert [line.split()[1] for line in story(found)] == ids
    assert len(events(found)) == found.head(Chain.MESH).seq
    state = found.state()
    found.close()
    assert state.tip == ids[-1]
    assert state.commit is not None
    assert state.resources == mesh_of(origin, state.commit)
    assert survived == catch_up(origin, tmp_path / "undisturbed.db")


def test_two_processes_with_other_hash_seeds_write_the_same_chain(
    origin: Path, tmp_path: Path
) -> None:
    base = files(shop_mesh())
    for n in range(12):
        extra = {f"x{m}.yaml": text(a_node(f"x{m}", 1 + n)) for m in range(n)}
        tip = put(origin, {**base, **(content(n) if n else {}), **extra}, minute=n)
    heads = set()
    for seed in ("1", "2"):
        log = tmp_path / f"{seed}.db"
        child = start(origin, log, PYTHONHASHSEED=seed)
        assert child.stdout is not None
        while child.stdout.readline().strip() != tip:
            assert child.poll() is None
        child.kill()
        child.wait()
        child.stdout.close()
        read = open_for_reading(log)
        heads.add(read.head(Chain.MESH).hash)
        read.close()
    assert len(heads) == 1
