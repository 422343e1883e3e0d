"""An unmodified gRPC client dials ``xds:///…`` and the mesh routes its calls, without any proxy."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from tests.support.meshes import a_router, a_service, resource
from tests.support.proxyless_town import PORT, Answers, Town, a_call_route, calling, running_town
from xds.translate.proxyless.route_limits import hidden

ALL = {"v1": 1}
SLOW_S: JsonObject = {"value": 200, "unit": "ms"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("town")) as town:
        yield town


def shares(town: Town, name: str, v1: int, v2: int) -> list[Resource]:
    return town.routed(name, a_call_route(name, "all", {"v1": v1, "v2": v2}))


def answered_by(*apps: str) -> Callable[[Answers], bool]:
    return lambda answers: set(answers) == set(apps)


def test_calls_go_where_their_service_method_and_metadata_say(town: Town) -> None:
    canary: JsonObject = {"metadata": [{"name": "X-Canary", "match": {"exact": "1"}}]}
    town.push(
        town.routed(
            "cart",
            a_call_route("cart", "rest", ALL),
            a_call_route("cart", "service", {"v2": 1}, {"serviceName": "shop.Cart"}),
            a_call_route(
                "cart", "method", {"v3": 1}, {"serviceName": "shop.Cart", "methodName": "Add"}
            ),
            a_call_route("cart", "canary", {"v3": 1}, canary),
        )
    )
    caller = town.caller
    met = {
        method: set(caller.call("cart.local", 20, method=method))
        for method in ("/shop.Cart/Get", "/shop.Cart/Add", "/shop.Orders/Get", "/shop.CartX/Get")
    }
    print(f"\n{met}")
    assert met == {
        "/shop.Cart/Get": {"v2"},
        "/shop.Cart/Add": {"v3"},
        "/shop.Orders/Get": {"v1"},
        "/shop.CartX/Get": {"v1"},
    }
    assert set(caller.call("cart.local", 20, {"x-canary": "1"}, method="/a.B/C")) == {"v3"}
    assert set(caller.call("cart.local", 20, {"x-canary": "2"}, method="/a.B/C")) == {"v1"}
    assert set(caller.call(f"cart.local:{PORT}", 20)) == {"v2"}


MATCHES: dict[str, tuple[JsonObject, str, tuple[str | None, ...]]] = {
    "exact": ({"match": {"exact": "blue"}}, "blue", ("bluer", "BLUE", None)),
    "prefix": ({"match": {"prefix": "bl"}}, "blue", ("able", None)),
    "suffix": ({"match": {"suffix": "ue"}}, "blue", ("blues", None)),
    "regex": ({"match": {"regex": "b[a-z]+e"}}, "blue", ("bluer", None)),
    "range": ({"match": {"range": {"start": 10, "end": 20}}}, "19", ("20", "ten", None)),
    "present": ({}, "", (None,)),
    "inverse": ({"match": {"exact": "blue"}, "invert": True}, "green", ("blue", None)),
}
"""What is asked of a piece of metadata, a value that has it, and others; None for no value."""


def test_metadata_matches_as_app_mesh_says(town: Town) -> None:
    routes = [
        a_call_route("meta", name, {"v2": 1}, {"metadata": [{"name": f"x-{name}", **match}]})
        for name, (match, _, _) in MATCHES.items()
    ]
    town.push(town.routed("meta", a_call_route("meta", "rest", ALL), *routes))

    def answers(name: str, *values: str | None) -> set[str]:
        said = [{} if value is None else {f"x-{name}": value} for value in values]
        return {app for each in said for app in town.caller.call("meta.local", 2, each)}

    found = {
        name: (answers(name, hit), answers(name, *misses))
        for name, (_, hit, misses) in MATCHES.items()
    }
    assert found == dict.fromkeys(MATCHES, ({"v2"}, {"v1"}))


SEEN = ("content-type", ":path", "grpc-timeout", "x-mine")
NOT_SEEN = (":authority", "Host", ":method", ":scheme", "te", "user-agent", "mine-bin")


def test_what_we_say_that_clients_do_not_see_they_do_not_see(town: Town) -> None:
    headers = (*SEEN, *NOT_SEEN)
    routes = [
        a_call_route(
            "seen",
            f"r{number}",
            {"v2": 1},
            {"methodName": f"M{number}", "serviceName": "a.B", "metadata": [{"name": header}]},
        )
        for number, header in enumerate(headers)
    ]
    town.push(town.routed("seen", a_call_route("seen", "rest", ALL), *routes))
    mine = {"x-mine": "1", "mine-bin": "1"}
    seen = {
        header: set(town.caller.call("seen.local", 3, mine, method=f"/a.B/M{number}")) == {"v2"}
        for number, header in enumerate(headers)
    }
    assert seen == {header: not hidden(header) for header in headers}
    assert {header for header in headers if hidden(header)} == set(NOT_SEEN)


def test_shares_are_kept(town: Town) -> None:
    town.push(shares(town, "split", 90, 10))
    answers = town.caller.call("split.local", 3000)
    print(f"\n{dict(answers)}")
    assert set(answers) == {"v1", "v2"}
    assert 200 < answers["v2"] < 400  # 300 expected, 16 is one standard deviation


def test_a_push_shifts_traffic_and_a_revert_takes_it_back_without_a_failed_call(
    town: Town,
) -> None:
    town.push(shares(town, "shift", 100, 0))
    assert set(town.caller.call("shift.local")) == {"v1"}
    with town.caller.steady("shift.local") as load:
        shifted = town.push(shares(town, "shift", 0, 100))
        town.caller.until("shift.local", answered_by("v2"))
        town.repo.revert(shifted)
        town.repo.push()
        town.caller.until("shift.local", answered_by("v1"))
    print(f"\n{dict(load)}")
    assert set(load) == {"v1", "v2"}


def test_targets_take_each_others_place_without_a_failed_call(town: Town) -> None:
    """With a target its cluster goes, and calls never meet one that is gone."""
    town.push(town.routed("place", a_call_route("place", "all", {"v1": 1})))
    assert set(town.caller.call("place.local")) == {"v1"}
    with town.caller.steady("place.local") as load:
        for app in ("v2", "v3", "v1"):
            town.push(town.routed("place", a_call_route("place", "all", {app: 1})))
            town.caller.until("place.local", answered_by(app))
    print(f"\n{dict(load)}")
    assert set(load) == {"v1", "v2", "v3"}


def test_routes_of_http2_hold_for_calls(town: Town) -> None:
    def to(app: str, **match: Json) -> JsonObject:
        target: JsonObject = {"virtualNode": f"{app}-http2", "weight": 1}
        return {"match": match, "action": {"weightedTargets": [target]}}

    routes: dict[str, JsonObject] = {
        "a-get": to("v3", prefix="/", method="GET"),
        "b-query": to("v3", prefix="/", queryParameters=[{"name": "version"}]),
        "c-post": to("v2", prefix="/", method="POST", headers=[{"name": "X-Post"}]),
        "d-regex": to("v2", path={"regex": "/shop[.][A-Z][a-z]+/Get.*"}),
        "e-rest": to("v1", prefix="/"),
    }
    keyed = [
        resource(
            ResourceKey.of(Kind.ROUTE, "shop", name, "http2"),
            {"priority": number, "http2Route": route},
        )
        for number, (name, route) in enumerate(routes.items())
    ]
    town.push([a_service("http2.local", router="http2"), a_router("http2", (80, "http2")), *keyed])
    caller = town.caller
    assert set(caller.call("http2.local", 5, method="/shop.Cart/Add")) == {"v1"}
    assert set(caller.call("http2.local", 5, method="/shop.Cart/GetAll")) == {"v2"}
    assert set(caller.call("http2.local", 5, {"x-post": "1"}, method="/shop.Cart/Add")) == {"v2"}


def test_instances_come_and_go_without_a_failed_call(town: Town) -> None:
    town.push(town.found("pool", "v1"))
    assert set(town.caller.call("pool.local")) == {"v1"}
    with town.caller.steady("pool.local") as load:
        for apps in (("v1", "v2"), ("v2", "v3"), ("v1",)):
            town.push(town.found("pool", *apps))
            town.caller.until("pool.local", answered_by(*apps))
    print(f"\n{dict(load)}")
    assert set(load) == {"v1", "v2", "v3"}


def test_without_instances_calls_fail_and_say_so(town: Town) -> None:
    town.push(town.found("gone", "v1"))
    assert set(town.caller.call("gone.local")) == {"v1"}
    town.push(town.found("gone"))
    [failure] = town.caller.until("gone.local", lambda found: "v1" not in found, count=1)
    assert failure.startswith("UNAVAILABLE")
    assert f"cds_egress_shop_gone_grpc_{PORT}" in failure


def test_a_backend_that_is_taken_away_is_gone_until_it_is_there_again(town: Town) -> None:
    town.push(shares(town, "backend", 1, 0))
    assert set(town.caller.call("backend.local")) == {"v1"}
    removal = town.push()
    [failure] = town.caller.until("backend.local", lambda found: "v1" not in found, count=1)
    assert failure.startswith("UNAVAILABLE")
    assert "LDS resource backend.local: does not exist" in failure
    town.repo.revert(removal)
    town.repo.push()
    town.caller.until("backend.local", answered_by("v1"))


def test_a_backend_that_nobody_answers_for_fails_at_once_even_if_nobody_ever_did(
    town: Town,
) -> None:
    """Without an answer a library would wait for 15 seconds, by itself."""
    plain = [a_service("plain.local", router="plain"), a_router("plain", (PORT + 2, "http"))]
    both = [
        a_service("both.local", router="both"),
        a_router("both", (PORT, "grpc"), (PORT + 1, "grpc")),
        *(a_call_route("both", f"r{p}", ALL, {"port": p}) for p in (PORT, PORT + 1)),
    ]
    town.push([a_service("empty.local"), *plain, *both])
    dialled = ("empty.local", "plain.local", f"plain.local:{PORT + 2}", "both.local")
    with calling(town.address) as fresh:
        told = {name: next(iter(fresh.call(name, timeout=8))) for name in dialled}
        assert set(fresh.call(f"both.local:{PORT}")) == {"v1"}
    print(f"\n{told}")
    assert {answer.partition(":")[0] for answer in told.values()} == {"UNAVAILABLE"}
    town.push(town.routed("empty", a_call_route("empty", "all", ALL)))
    with calling(town.address) as fresh:
        fresh.until("empty.local", answered_by("v1"))
        town.push([a_service("empty.local")])
        fresh.until("empty.local", lambda answers: "v1" not in answers)
        town.push(town.routed("empty", a_call_route("empty", "all", ALL)))
        fresh.until("empty.local", answered_by("v1"))


def test_what_is_not_in_the_mesh_is_told_at_once_to_clients_that_listen(town: Town) -> None:
    """Others wait for 15 seconds, as the protocol has it (gRFC A88)."""
    listens = {"GRPC_EXPERIMENTAL_XDS_DATA_ERROR_HANDLING": "true"}
    town.push(shares(town, "here", 1, 0))
    with calling(town.address, **listens) as caller:
        assert set(caller.call("here.local")) == {"v1"}
        [failure] = caller.call("nowhere.local", timeout=10)
    assert failure.startswith("UNAVAILABLE")
    assert "LDS resource nowhere.local: not in the mesh" in failure


def test_calls_are_tried_again_by_their_status(town: Town) -> None:
    policy: JsonObject = {
        "maxRetries": 1,
        "perRetryTimeout": {"value": 1, "unit": "s"},
        "grpcRetryEvents": ["internal"],
    }
    never = {**policy, "maxRetries": 0}
    town.push(
        town.routed("default", a_call_route("default", "all", ALL)),
        town.routed("written", a_call_route("written", "all", ALL, retry=policy)),
        town.routed("never", a_call_route("never", "all", ALL, retry=never)),
    )

    def fails(service: str, code: int, times: int) -> str:
        how = {"x-fail": f"{code}", "x-fail-first": f"{times}", "x-key": f"{service}{code}{times}"}
        [answer] = town.caller.call(f"{service}.local", 1, how)
        return answer.partition(":")[0]

    unavailable, internal = 14, 13
    assert {
        "the default, twice": fails("default", unavailable, 2),
        "the default, thrice": fails("default", unavailable, 3),
        "the default, another code": fails("default", internal, 1),
        "as written": fails("written", internal, 1),
        "as written, twice": fails("written", internal, 2),
        "as written, another code": fails("written", unavailable, 1),
        "never": fails("never", internal, 1),
    } == {
        "the default, twice": "v1",
        "the default, thrice": "UNAVAILABLE",
        "the default, another code": "INTERNAL",
        "as written": "v1",
        "as written, twice": "INTERNAL",
        "as written, another code": "UNAVAILABLE",
        "never": "INTERNAL",
    }


def test_calls_end_when_their_time_is_up(town: Town) -> None:
    within: JsonObject = {"perRequest": SLOW_S}
    endless: JsonObject = {"perRequest": {"value": 0, "unit": "s"}}
    town.push(
        town.routed("short", a_call_route("short", "all", ALL, timeout=within)),
        town.routed("endless", a_call_route("endless", "all", ALL, timeout=endless)),
    )
    [late] = town.caller.call("short.local", 1, {"x-delay": "5"})
    assert late.startswith("DEADLINE_EXCEEDED")
    assert set(town.caller.call("endless.local", 1, {"x-delay": "0.5"})) == {"v1"}


def test_an_instance_that_fails_everything_is_left_out_for_a_while(town: Town) -> None:
    second: JsonObject = {"value": 1, "unit": "s"}
    minute: JsonObject = {"value": 60, "unit": "s"}
    outliers: JsonObject = {
        "maxServerErrors": 5,
        "interval": second,
        "baseEjectionDuration": minute,
        "maxEjectionPercent": 50,
    }
    town.push(town.found("ill", "v1", "v2", outlierDetection=outliers))
    failing = {"x-fail": "13", "x-fail-at": "v2"}
    before = town.caller.call("ill.local", 20, failing)
    assert set(before) == {"v1", "INTERNAL: v2 was told to fail"}
    town.caller.until("ill.local", answered_by("v1"), 100, failing)


def test_more_calls_at_once_than_grpc_allows_by_itself_are_no_error(town: Town) -> None:
    """Unless it is told otherwise a gRPC library fails those beyond 1024 (gRFC A32)."""
    endless: JsonObject = {"perRequest": {"value": 0, "unit": "s"}}
    town.push(town.routed("many", a_call_route("many", "all", ALL, timeout=endless)))
    assert town.caller.call("many.local") == Answers(v1=1)
    assert town.caller.burst("many.local", 1500) == Answers(v1=1500)


def test_nothing_is_said_in_plain_text_to_those_who_want_tls(town: Town) -> None:
    certificate: JsonObject = {
        "file": {"certificateChain": "/etc/shop/cart.pem", "privateKey": "/etc/shop/cart.key"}
    }
    strict: JsonObject = {"mode": "STRICT", "certificate": certificate}
    permissive: JsonObject = {"mode": "PERMISSIVE", "certificate": certificate}
    # The applications would take plain text: that no call arrives is our doing alone.
    town.push(
        town.found("strict", "v1", tls=strict), town.found("permissive", "v1", tls=permissive)
    )
    [failure] = town.caller.call("strict.local")
    assert failure.startswith("UNAVAILABLE")
    assert set(town.caller.call("permissive.local")) == {"v1"}


def test_calls_go_on_while_the_server_is_away(town: Town) -> None:
    town.push(shares(town, "outage", 1, 0))
    assert set(town.caller.call("outage.local")) == {"v1"}
    with town.caller.steady("outage.local") as load:
        assert town.server.stop() == 0
        assert town.caller.call("outage.local", 200) == Answers(v1=200)
        town.push(shares(town, "outage", 0, 1))
        town.restart()
        town.caller.until("outage.local", answered_by("v2"))
    print(f"\n{dict(load)}")
    assert set(load) == {"v1", "v2"}


def test_calls_go_on_while_workers_are_killed(town: Town) -> None:
    town.push(shares(town, "killed", 1, 0))
    town.restart("--workers", "2")
    serving = [line for line in town.server.lines() if line["message"] == "worker serves"]
    town.caller.until("killed.local", answered_by("v1"), 1)
    with town.caller.steady("killed.local") as load:
        for line in serving:
            os.kill(int(str(line["pid"])), signal.SIGKILL)
        town.push(shares(town, "killed", 0, 1))
        town.caller.until("killed.local", answered_by("v2"))
    print(f"\n{dict(load)}")
    assert len(serving) == 2
    assert set(load) == {"v1", "v2"}


def test_no_call_fails_whatever_is_pushed_and_whatever_happens_to_the_server(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    """As tests/envoy/test_zero_drop.py for Envoys, but that there is no TLS to switch on."""
    on_another_port = [
        a_service("always.local", router="always"),
        a_router("always", (PORT + 100, "grpc")),
        a_call_route("always", "all", {"v1": 1}),
    ]
    caller, name = town.caller, "always.local"
    town.restart("--workers", "2")
    town.push(shares(town, "always", 100, 0))
    caller.until(name, answered_by("v1"))
    with calling(town.address) as guest, caller.steady(name) as load:
        for share in (10, 50, 100):
            shifted = town.push(shares(town, "always", 100 - share, share))
        caller.until(name, answered_by("v2"))
        town.repo.revert(shifted)
        town.repo.push()
        caller.until(name, answered_by("v1", "v2"))
        for service, app in (("come", "v1"), ("gone", "v3")):
            town.push(shares(town, "always", 1, 0), town.found(service, app))
            guest.until(f"{service}.local", answered_by(app))
            with guest.steady(f"{service}.local") as called:
                town.push(shares(town, "always", 0, 1), town.found(service, app))
                caller.until(name, answered_by("v2"))
            assert set(called) == {app}
            town.push(shares(town, "always", 1, 0))
            caller.until(name, answered_by("v1"))
        # The listener is another, and so is what it says of where the routes are.
        town.push(on_another_port)
        caller.until(f"{name}:{PORT + 100}", answered_by("v1"))
        town.push(shares(town, "always", 0, 1))
        caller.until(name, answered_by("v2"))
        for line in town.server.lines():
            if line["message"] == "worker serves":
                os.kill(int(str(line["pid"])), signal.SIGKILL)
        town.push(shares(town, "always", 1, 0))
        caller.until(name, answered_by("v1"))
        for number, app in ((signal.SIGTERM, "v2"), (signal.SIGKILL, "v1")):
            town.server.stop(number)
            town.push(town.routed("always", a_call_route("always", "all", {app: 1})))
            town.restart("--workers", "2")
            caller.until(name, answered_by(app))
    with capsys.disabled():
        failed = sum(count for answer, count in load.items() if answer not in town.apps)
        print(f"\n  zero drop, no proxy: {load.total():,} calls, {failed} failed; {dict(load)}")
    assert set(load) == {"v1", "v2"}
    assert load.total() > 1_000
