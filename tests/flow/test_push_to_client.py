"""From a push to the bytes on a stream, through a real server process, without Envoy."""

from pathlib import Path

import pytest

from tests.support.git import Repo, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE
from tests.support.server import Server
from tests.support.shop_client import follow_everything, shop, weights
from xds.type_urls import CLUSTER, ROUTE

NODE = ENTRANCE


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return Repo(tmp_path).origin


def test_a_push_changes_routes_a_mistake_changes_nothing_and_a_revert_brings_back_the_version(
    bare: Path,
) -> None:
    put(bare, shop(0), message="The shop's mesh")
    with Server(bare) as server, RawClient(server.address, NODE) as client:
        first = follow_everything(client)
        assert weights(first[ROUTE]) == [100, 0]

        put(bare, shop(10), message="Shift")
        assert weights(client.receive(ROUTE)) == [90, 10]

        bad = put(bare, shop(10, "cart-v3"), message="Mistake")
        server.wait_for("commit rejected", commit=bad[:7])
        put(bare, shop(20), message="Mend and shift on")
        # The next thing on the stream is the mended mesh: of the mistake nothing was said.
        assert weights(client.receive(ROUTE)) == [80, 20]

        put(bare, shop(0), message="Back")
        assert client.receive(ROUTE) == first[ROUTE]
        assert client.held == first, "clusters and listeners were never sent again"


def test_another_process_with_another_hash_seed_serves_the_very_same_bytes(bare: Path) -> None:
    put(bare, shop(30))
    served = []
    for seed in ("1", "2"):
        with Server(bare, hash_seed=seed) as server:
            with RawClient(server.address, NODE) as client:
                served.append(follow_everything(client))
            assert server.stop() == 0
    assert served[0] == served[1]
    assert all(held.version for held in served[0].values())


def test_a_restart_serves_the_tip_that_was_pushed_meanwhile(bare: Path) -> None:
    put(bare, shop(0))
    with Server(bare) as server:
        server.wait_for("ready")
        assert server.stop() == 0
    tip = put(bare, shop(40), message="While nobody looked")
    with Server(bare) as server, RawClient(server.address, NODE) as client:
        assert weights(follow_everything(client)[ROUTE]) == [60, 40]
        assert server.wait_for("ready")["commit"] == tip


def test_a_client_that_comes_before_the_first_push_is_served_when_it_happens(bare: Path) -> None:
    with Server(bare) as server, RawClient(server.address, NODE) as client:
        put(bare, shop(5))
        assert len(client.subscribe(CLUSTER).resources) > 3
