"""Pages of the resources that exist, by what contains them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.store import EventStore
from events.types import START, Chain, CommitId, ResourceAdded, ResourceRemoved
from mesh.keys import ResourceKey

COMMIT = CommitId("a" * 40)
NAMES = ["a", "a-b", "a.b", "a+b", "a0", "b", "a b", "ä", "a~"]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventStore]:
    with open_for_writing(tmp_path / "log.sqlite3") as log:
        yield log


def add(log: EventStore, *keys: str) -> None:
    events = [ResourceAdded(ResourceKey.parse(key), COMMIT, {}, "a.yaml") for key in keys]
    log.append(Chain.MESH, events, expected=log.head(Chain.MESH).seq)


def paged(log: EventStore, within: str, limit: int) -> list[str]:
    found: list[str] = []
    while page := log.present(within, after=found[-1] if found else "", limit=limit):
        assert len(page) <= limit
        found += [str(each.key) for each in page]
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_hold_each_resource_once_and_nothing_that_is_inside_of_it(
    log: EventStore, limit: int
) -> None:
    routers = [
        str(ResourceKey.parse(f"mesh/shop/virtualRouter/{name.replace(' ', '%20')}"))
        for name in NAMES
    ]
    routes = [f"{router}/route/{name}" for router in routers for name in ("all", "zz", "0")]
    others = ["mesh/shop", "mesh/shop-2", "mesh/shop/virtualNode/web", "mesh/shop-2/virtualNode/w"]
    add(log, *routers, *routes, *others)
    assert paged(log, "mesh", limit) == ["mesh/shop", "mesh/shop-2"]
    assert paged(log, "mesh/shop/virtualRouter", limit) == sorted(routers)
    assert paged(log, f"{routers[0]}/route", limit) == sorted(
        route for route in routes if route.startswith(f"{routers[0]}/")
    )
    assert paged(log, "mesh/shop/virtualNode", limit) == ["mesh/shop/virtualNode/web"]
    assert paged(log, "mesh/none/virtualNode", limit) == []


def test_what_was_removed_is_not_there(log: EventStore) -> None:
    add(log, "mesh/shop", "mesh/shop/virtualNode/a", "mesh/shop/virtualNode/b")
    gone = ResourceRemoved(ResourceKey.parse("mesh/shop/virtualNode/a"), COMMIT)
    log.append(Chain.MESH, [gone], expected=log.head(Chain.MESH).seq)
    assert paged(log, "mesh/shop/virtualNode", 10) == ["mesh/shop/virtualNode/b"]
    assert log.head(Chain.MESH).seq > START
