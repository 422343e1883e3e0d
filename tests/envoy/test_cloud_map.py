"""Instances of a service of Cloud Map, pushed to a real Envoy that is under load all the while."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from tests.support.apps import App, ask, serving
from tests.support.envoy import running, wait_until_ready
from tests.support.git import git, put
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_cloud_node, a_mesh, a_node, a_service, registered
from tests.support.server import Server
from tests.support.specs import text
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

pytestmark = [pytest.mark.envoy, pytest.mark.timeout(120)]

PORT = free_port()
OTHER = free_port()
ADMIN = free_port()
WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")


@dataclass
class Load:
    """Requests one after the other, as fast as they are answered, until the end of the block."""

    address: str
    apps: list[str | None] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def one(self) -> str | None:
        """Send one request and return who answered."""
        try:
            answer = ask(self.address, PORT, host="cart.local")
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(repr(error))
            return None
        if answer.status != 200:
            self.failures.append(str(answer.status))
        self.apps.append(answer.app)
        return answer.app

    @contextmanager
    def steady(self) -> Iterator[None]:
        done = threading.Event()

        def send() -> None:
            while not done.is_set():
                self.one()

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join(15)

    def until(self, *apps: str | None) -> None:
        """Wait until exactly these have answered the newest requests."""
        deadline = time.monotonic() + 20
        while set(self.apps[-60:]) != set(apps) or len(self.apps) < 60:
            assert time.monotonic() < deadline, (self.apps[-60:], self.failures[-3:])
            time.sleep(0.01)
        del self.apps[:]


@dataclass(frozen=True)
class Town:
    """A caller's proxy, two applications it could reach, and the repository that says which."""

    origin: Path
    web: Explicit
    one: App
    two: App

    @property
    def service(self) -> tuple[str, str]:
        """Return a service and a namespace whose name in DNS is the address of ``one``.

        So no name server is needed to find it by ``service.namespace``.
        """
        first, rest = self.one.address.split(".", 1)
        return first, rest

    def push(self, *documents: Resource) -> None:
        """Commit the mesh with these documents in it and no others."""
        service, namespace = self.service
        mesh = [
            a_mesh(),
            a_node("web", backends=["cart.local"]),
            a_service("cart.local", node="cart"),
            a_cloud_node(
                "cart", PORT, service=service, namespace=namespace, attributes={"stage": "live"}
            ),
        ]
        put(self.origin, {"mesh.yaml": text(*mesh, *documents)})

    def register(self, *live: App, test: tuple[App, ...] = ()) -> None:
        """Push who is there now; who is there for a test is none of the node's."""
        service, namespace = self.service
        found = [
            {
                "AWS_INSTANCE_IPV4": app.address,
                "AWS_INSTANCE_PORT": str(app.port),
                "stage": "live" if app in live else "test",
            }
            for app in (*live, *test)
        ]
        self.push(registered(service, *found, namespace=namespace))

    def updates(self) -> dict[str, int]:
        """Return how many listeners, clusters, routes and endpoints the proxy was told to take."""
        connection = http.client.HTTPConnection(self.web.ingress, ADMIN, timeout=5)
        connection.request("GET", "/stats?format=json&filter=update_success")
        found = json.loads(connection.getresponse().read())["stats"]
        connection.close()
        marks = {"cds": ".cds.", "lds": ".lds.", "rds": ".rds.", "eds": ".cds_egress_"}
        return {
            kind: sum(each["value"] for each in found if mark in each["name"])
            for kind, mark in marks.items()
        }


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "--bare", "--initial-branch=main", str(origin))
    web = Explicit(loopback_address(), loopback_address(), loopback_address())
    one, two = App("one", loopback_address(), PORT), App("two", loopback_address(), OTHER)
    town = Town(origin, web, one, two)
    town.push()
    with ExitStack() as stack:
        stack.enter_context(serving(one, two))
        server = stack.enter_context(Server(origin))
        config = bootstrap(
            identity=ProxyIdentity(WEB, web),
            xds_address=server.address,
            admin_address=f"{web.ingress}:{ADMIN}",
        )
        stack.enter_context(running(config, tmp_path))
        wait_until_ready(web.ingress, ADMIN, tmp_path)
        yield town


def test_instances_come_and_go_under_load_and_no_request_fails(town: Town) -> None:
    load = Load(town.web.egress)
    with load.steady():
        load.until("one")  # by name
        found = town.updates()["cds"]
        town.register(town.one)
        while town.updates()["cds"] == found:
            time.sleep(0.02)
        load.until("one")  # by address
        town.register(town.one, town.two)
        load.until("one", "two")
        before = town.updates()
        for _ in range(3):
            town.register(town.two)
            load.until("two")
            town.register(town.one, test=(town.two,))
            load.until("one")
        after = town.updates()
        town.push()
        load.until("one")  # by name again
    assert load.failures == []
    told = {kind: after[kind] - before[kind] for kind in after}
    assert told == {"cds": 0, "lds": 0, "rds": 0, "eds": 6}


def test_nobody_registered_is_503_until_somebody_is(town: Town) -> None:
    load = Load(town.web.egress)
    town.register()
    deadline = time.monotonic() + 20
    while load.one() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert set(load.failures) == {"503"}
    town.register(town.two)
    while load.one() != "two":
        assert time.monotonic() < deadline
        time.sleep(0.02)
