"""Health: who answers badly, or answers nothing when asked, gets no traffic until it is well.

App Mesh's shortest interval is 5 s, so everything that takes time happens at once, from the moment
the town is there: each test waits for its own part.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from tests.support.apps import App, ask, say, serving
from tests.support.grpc_app import HEALTH, GrpcApp, call
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_mesh, a_node, a_service, listeners, resource
from tests.support.moody_app import MoodyApp
from tests.support.name_server import serving_names
from tests.support.one_envoy import OneEnvoy, node, one_envoy, until
from xds.nodes import Explicit

pytestmark = pytest.mark.envoy

HTTP, HTTP2, GRPC, TCP = (free_port() for _ in range(4))
OFTEN, SELDOM = 5000, 300000
FAILED, EJECTED = "failed_active_health_check", "failed_outlier_check"
CHECKS: dict[str, JsonObject] = {
    # By protocol; each has one instance that is well and one that is not.
    "http": {"path": "/well"},
    "http2": {"protocol": "http2", "path": "/well"},
    "grpc": {"protocol": "grpc"},
    "tcp": {"protocol": "tcp"},
    # Fails from the beginning, until it is mended.
    "eager": {"path": "/mended/eager", "healthyThreshold": 2},
    "wary": {"path": "/mended/wary", "healthyThreshold": 10},
    # Is well in the beginning, and then closes every connection.
    "quick": {"path": "/broken/quick", "unhealthyThreshold": 2},
    "patient": {"path": "/broken/patient", "unhealthyThreshold": 10},
    # Takes between the one and the other.
    "hurried": {"path": "/slow/hurried", "timeoutMillis": 2000},
    "calm": {"path": "/slow/calm", "timeoutMillis": 60000},
    "often": {"path": "/often"},
    "seldom": {"path": "/seldom", "intervalMillis": SELDOM},
}
PORTS = {"http2": HTTP2, "grpc": GRPC, "tcp": TCP}
DAYS: JsonObject = {"value": 86400, "unit": "s"}
SOON: JsonObject = {"value": 100, "unit": "ms"}
OUTLIERS: dict[str, JsonObject] = {
    "returns": {"baseEjectionDuration": SOON, "interval": SOON},
    "stays": {"baseEjectionDuration": DAYS, "interval": SOON},
    "unswept": {"baseEjectionDuration": SOON, "interval": DAYS},
    "patience": {"maxServerErrors": 5, "baseEjectionDuration": DAYS},
    "one": {"maxEjectionPercent": 0},
    "half": {"maxEjectionPercent": 50},
    "all": {"maxEjectionPercent": 100},
}


@dataclass(frozen=True)
class Town:
    """Two instances of everything, and their caller's proxy."""

    envoy: OneEnvoy
    web: Explicit
    well: MoodyApp
    ill: MoodyApp
    grpc: dict[str, GrpcApp]

    def flags(self, service: str, app: App) -> set[str]:
        protocol = service if service in PORTS else "http"
        cluster = f"cds_egress_shop_{service}_{protocol}_{PORTS.get(service, HTTP)}"
        return self.envoy.hosts(cluster)[app.address]

    def ejections(self, service: str) -> int:
        """Return how often an instance has been ejected so far."""
        cluster = f"cluster.cds_egress_shop_{service}_http_{HTTP}"
        [found] = self.envoy.stats(
            f"^{cluster}.outlier_detection.ejections_enforced_total$"
        ).values()
        return found

    def call(self, service: str, **headers: str) -> tuple[str | None, int]:
        port = PORTS.get(service, HTTP)
        answer = ask(self.web.egress, port, "/", host=f"{service}.local", **headers)
        return answer.app, answer.status


def checked(name: str, check: JsonObject) -> Resource:
    port, protocol = PORTS.get(name, HTTP), str(check.get("protocol", "http"))
    whole: JsonObject = {
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
        "intervalMillis": OFTEN,
        "timeoutMillis": 2000,
        "protocol": "http",
        "port": port,
        **check,
    }
    return _node(name, (port, protocol), {"healthCheck": whole})


def watched(name: str, outliers: JsonObject) -> Resource:
    whole: JsonObject = {
        "maxServerErrors": 2,
        "interval": SOON,
        "baseEjectionDuration": DAYS,
        "maxEjectionPercent": 50,
        **outliers,
    }
    return _node(name, (HTTP, "http"), {"outlierDetection": whole})


def _node(name: str, port: tuple[int, str], more: JsonObject) -> Resource:
    found = listeners(port)[0]
    assert isinstance(found, dict)
    many = OUTLIERS.get(name, {}).get("maxEjectionPercent") is not None
    dns = {"hostname": "four.test" if many else "two.test", "responseType": "ENDPOINTS"}
    spec: JsonObject = {"listeners": [{**found, **more}], "serviceDiscovery": {"dns": {**dns}}}
    return resource(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name), spec)


def mesh() -> list[Resource]:
    services = [*CHECKS, *OUTLIERS]
    return [
        a_mesh(),
        a_node("web", backends=[f"{name}.local" for name in services]),
        *(a_service(f"{name}.local", node=name) for name in services),
        *itertools.starmap(checked, CHECKS.items()),
        *itertools.starmap(watched, OUTLIERS.items()),
    ]


def http2_app(app: App, status: int) -> Json:
    """Return an application that speaks HTTP/2 alone: Envoy itself, answering."""

    def answers(path: JsonObject, status: int) -> JsonObject:
        body = {"inline_string": f'{{"app": "{app.name}"}}'}
        return {"match": path, "direct_response": {"status": status, "body": {**body}}}

    routes: list[Json] = [answers({"path": "/well"}, status), answers({"prefix": "/"}, 200)]
    filters = "type.googleapis.com/envoy.extensions.filters"
    manager: JsonObject = {
        "@type": f"{filters}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": f"app.{app.name}",
        "codec_type": "HTTP2",
        "route_config": {
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": list(routes)}]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{filters}.http.router.v3.Router"},
            }
        ],
    }
    address: JsonObject = {"address": app.address, "port_value": HTTP2}
    chain: JsonObject = {"filters": [{"name": "http", "typed_config": manager}]}
    return {
        "name": app.name,
        "address": {"socket_address": address},
        "filter_chains": [chain],
    }


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("health")
    web = Explicit(loopback_address(), loopback_address(), loopback_address())
    well = MoodyApp("well", loopback_address(), HTTP)
    ill = MoodyApp("ill", loopback_address(), HTTP)
    others = [MoodyApp(name, loopback_address(), HTTP) for name in ("third", "fourth")]
    ill.failing.update({"/well", "/mended/eager", "/mended/wary"})
    ill.slow.update({"/slow/hurried": 3.5, "/slow/calm": 3.5})
    two = [well.address, ill.address]
    names = {"two.test": two, "four.test": [*two, *(app.address for app in others)]}
    at = loopback_address()
    with ExitStack() as stack:
        stack.enter_context(serving_names(names, at))
        stack.enter_context(serving(well, ill, *others, App("well", well.address, TCP, "tcp")))
        grpc = {
            app.name: stack.enter_context(GrpcApp(app.name, app.address, GRPC, healthy=app is well))
            for app in (well, ill)
        }
        envoy = stack.enter_context(
            one_envoy(
                folder,
                link(mesh()),
                [node("web", web)],
                names_at=at,
                listeners=[http2_app(well, 200), http2_app(ill, 503)],
            )
        )
        town = Town(envoy, web, well, ill, grpc)
        until(lambda: FAILED not in town.flags("quick", ill))
        until(lambda: ill.asked["/mended/eager"] and ill.asked["/mended/wary"])
        ill.refusing.update({"/broken/quick", "/broken/patient"})
        ill.failing.difference_update({"/mended/eager", "/mended/wary"})
        yield town


def test_nothing_is_sent_to_who_answers_a_check_of_http_badly(town: Town) -> None:
    until(lambda: FAILED not in town.flags("http", town.well) and town.ill.asked["/well"])
    assert FAILED in town.flags("http", town.ill)
    assert {town.call("http") for _ in range(10)} == {("well", 200)}
    assert town.ill.headers["/well"]["host"] == f"two.test:{HTTP}"


def test_nothing_is_sent_to_who_answers_a_check_of_http2_badly(town: Town) -> None:
    until(lambda: FAILED not in town.flags("http2", town.well))
    assert FAILED in town.flags("http2", town.ill)
    assert {town.call("http2") for _ in range(10)} == {("well", 200)}


def test_nothing_is_sent_to_who_says_by_grpc_that_it_serves_not(town: Town) -> None:
    until(lambda: FAILED not in town.flags("grpc", town.well) and town.grpc["ill"].asked[HEALTH])
    assert FAILED in town.flags("grpc", town.ill)
    assert {call(town.web.egress, GRPC, "grpc.local")[1] for _ in range(10)} == {"well"}


def test_nothing_is_sent_to_who_does_not_take_a_connection(town: Town) -> None:
    until(lambda: FAILED not in town.flags("tcp", town.well))
    assert FAILED in town.flags("tcp", town.ill)
    assert {say(town.web.egress, TCP, "x") for _ in range(10)} == {"well: x"}


def hear(town: Town, service: str, app: str, status: int) -> int:
    """Call until an instance answers so; return how often it answered at all."""
    found: Counter[str | None] = Counter()

    def heard() -> bool:
        who, said = town.call(service)
        found[who] += 1
        return (who, said) == (app, status)

    until(heard)
    return found[app]


def test_a_host_that_fails_is_ejected_and_comes_back(town: Town) -> None:
    eject(town, "stays")
    eject(town, "unswept")
    for _ in range(3):  # long enough for the others to have come back, too
        eject(town, "returns")
        until(lambda: EJECTED not in town.flags("returns", town.ill))
        assert hear(town, "returns", "ill", 200) == 1
    # One is to stay away for long, nobody looks after the other for as long.
    for service in ("stays", "unswept"):
        assert EJECTED in town.flags(service, town.ill)
        assert {town.call(service) for _ in range(10)} == {("well", 200)}


def eject(town: Town, service: str) -> None:
    """Let an instance fail until nothing is sent to it, and no longer.

    Ejections are counted: the shortest may be over before anybody asks whether it is on. And calls
    go on meanwhile: a worker may learn late of an ejection, whose end forgets the errors before it.
    """
    before = town.ejections(service)

    def ejected() -> bool:
        town.call(service)
        return town.ejections(service) > before

    town.ill.failing.add("/")
    until(ejected)
    town.ill.failing.remove("/")


def test_a_host_is_ejected_after_so_many_errors_one_after_the_other(town: Town) -> None:
    town.ill.failing.add("/")
    found = Counter(town.call("patience") for _ in range(30))
    town.ill.failing.remove("/")
    assert found == {("ill", 500): 5, ("well", 200): 25}


@pytest.mark.parametrize(("service", "ejected"), [("one", 1), ("half", 2), ("all", 4)])
def test_so_many_hosts_are_ejected_and_one_always(town: Town, service: str, ejected: int) -> None:
    for _ in range(40):
        town.call(service, x_fail="500")
    flags = town.envoy.hosts(f"cds_egress_shop_{service}_http_{HTTP}").values()
    assert len(flags) == 4
    assert sum(EJECTED in each for each in flags) == ejected


def test_who_takes_longer_than_the_timeout_has_failed(town: Town) -> None:
    until(lambda: FAILED not in town.flags("calm", town.ill))
    assert FAILED in town.flags("hurried", town.ill)


def test_who_was_ill_is_well_after_so_many_checks(town: Town) -> None:
    until(lambda: FAILED not in town.flags("eager", town.ill))
    assert FAILED in town.flags("wary", town.ill)
    assert town.ill.asked["/mended/wary"] < 10


def test_who_was_well_is_ill_after_so_many_checks(town: Town) -> None:
    until(lambda: FAILED in town.flags("quick", town.ill))
    assert FAILED not in town.flags("patient", town.ill)
    assert town.ill.asked["/broken/patient"] < 10


def test_a_check_comes_again_after_the_interval_whether_there_is_traffic_or_not(
    town: Town,
) -> None:
    until(lambda: town.well.asked["/often"] >= 3)
    assert town.well.asked["/seldom"] == 1
