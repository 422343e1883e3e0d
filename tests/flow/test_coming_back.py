"""A proxy reconnects to a restarted server and never loses a cluster in use."""

import signal
from pathlib import Path

import pytest

from events.types import ProxiesSettled
from tests.support.git import Repo
from tests.support.meshes import a_mesh, a_node, a_route, a_router, a_service
from tests.support.raw_client import RawClient
from tests.support.server import Server
from tests.support.specs import text
from tests.support.told import told, until
from xds.type_urls import CLUSTER, LISTENER, ROUTE

WEB = "mesh/shop/virtualNode/web"
ROUTES = "rds_egress_http_8080"
V1, V2 = "cds_egress_shop_v1_http_8080", "cds_egress_shop_v2_http_8080"


def push(repo: Repo, target: str, message: str = "") -> str:
    """Make this the only version of the cart that ``web`` calls."""
    mesh = [
        a_mesh(),
        a_node("web", backends=["cart.local"]),
        a_node("v1", 8080),
        a_node("v2", 8080),
        a_service("cart.local", router="cart"),
        a_router("cart", 8080),
        a_route("cart", "all", {target: 1}),
    ]
    return repo.commit_and_push({"shop.yaml": text(*mesh)}, message or target)


@pytest.mark.parametrize(
    ("number", "commits", "workers"), [(signal.SIGTERM, 1, "1"), (signal.SIGKILL, 3, "2")]
)
def test_the_clusters_of_a_client_outlive_the_server_that_sent_them_until_no_route_needs_them(
    tmp_path: Path, number: signal.Signals, commits: int, workers: str
) -> None:
    repo = Repo(tmp_path)
    push(repo, "v1")
    with Server(repo.origin, "--workers", workers, name="first") as first:
        with RawClient(first.address, WEB) as client:
            assert V1 in client.subscribe(CLUSTER).resources
            client.subscribe(LISTENER)
            client.subscribe(ROUTE, ROUTES)
        had = client.held
        first.stop(number)
    for left in range(commits, 0, -1):
        push(repo, "v2", f"{left} to go")
    with (
        Server(repo.origin, "--workers", workers, name="second") as second,
        RawClient(second.address, WEB) as client,
    ):
        client.ask(CLUSTER, version=had[CLUSTER].version)
        assert client.receive(CLUSTER).resources.keys() >= {V1, V2}
        client.ask(LISTENER, version=had[LISTENER].version)
        client.ask(ROUTE, ROUTES, version=had[ROUTE].version)
        assert V1.encode() not in b"".join(client.receive(ROUTE).resources.values())
        left_over = client.receive(CLUSTER).resources
        assert V2 in left_over
        assert V1 not in left_over


def test_a_client_whose_server_was_killed_on_the_way_to_a_commit_goes_on_from_where_it_was(
    tmp_path: Path,
) -> None:
    repo = Repo(tmp_path)
    push(repo, "v1")
    with Server(repo.origin, name="first") as first, RawClient(first.address, WEB) as client:
        for type_url, *names in ((CLUSTER,), (LISTENER,), (ROUTE, ROUTES)):
            client.subscribe(type_url, *names)
        had = dict(client.held)
        push(repo, "v2")
        had[CLUSTER] = client.receive(CLUSTER)
        assert had[CLUSTER].resources.keys() >= {V1, V2}
        first.stop(signal.SIGKILL)
    with Server(repo.origin, name="second") as second, RawClient(second.address, WEB) as client:
        client.ask(CLUSTER, version=had[CLUSTER].version)
        client.ask(LISTENER, version=had[LISTENER].version)
        client.ask(ROUTE, ROUTES, version=had[ROUTE].version)
        # It still has the routes from before.
        assert V1.encode() not in b"".join(client.receive(ROUTE).resources.values())
        assert V1 not in client.receive(CLUSTER).resources


def test_a_client_far_behind_what_others_of_its_node_accepted_keeps_its_clusters(
    tmp_path: Path,
) -> None:
    repo = Repo(tmp_path)
    push(repo, "v1")
    with Server(repo.origin, name="first") as first:
        with RawClient(first.address, WEB) as client:
            for type_url, *names in ((CLUSTER,), (LISTENER,), (ROUTE, ROUTES)):
                client.subscribe(type_url, *names)
        had = client.held
        with RawClient(first.address, WEB) as other:
            for number in range(5):
                commit = push(repo, "v2", f"{number}")
                first.wait_for("commit applied", commit=commit[:7])
            other.ask(CLUSTER)
            while V1 in other.receive(CLUSTER).resources:
                pass
            other.subscribe(LISTENER)
            other.subscribe(ROUTE, ROUTES)
            until(lambda: any(event.in_sync for event in told(repo.origin, ProxiesSettled)))
        first.stop(signal.SIGKILL)
    with Server(repo.origin, name="second") as second, RawClient(second.address, WEB) as client:
        client.ask(CLUSTER, version=had[CLUSTER].version)
        assert client.receive(CLUSTER).resources.keys() >= {V1, V2}
