"""Applications that know nothing of a mesh, each behind a real Envoy that they never dial."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.support.namespaces import Answer
from tests.support.sidecar_town import (
    ASIDE,
    GREETS,
    HTTP,
    IGNORED,
    OPEN,
    OUTSIDE,
    TCP,
    TLS,
    UNKNOWN,
    Town,
    mesh,
    running_town,
)

pytestmark = [pytest.mark.envoy, pytest.mark.slow]

CART = f"http://cart.local:{HTTP}/"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("sidecars")) as town:
        yield town


@pytest.fixture
def changing(town: Town) -> Iterator[Town]:
    """Give a town whose mesh a test may change."""
    yield town
    town.push(mesh())


def _until(town: Town, so: Callable[[Answer], bool]) -> Answer:
    """Call what is not in the mesh until it answers so."""
    deadline = time.monotonic() + 10
    while not so(answer := town.app.get(f"http://outside.example:{OPEN}/")):
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer


def by_app(town: Town, requests: int) -> Counter[str | None]:
    return Counter(town.app.get(CART).app for _ in range(requests))


def test_a_plain_call_by_name_is_routed_by_its_headers(town: Town) -> None:
    assert {town.app.get(CART, x_version="2").app for _ in range(20)} == {"v2"}


def test_a_plain_call_by_name_is_routed_by_weights(town: Town) -> None:
    found = by_app(town, 120)
    assert found["v1"] + found["v2"] == 120
    assert 10 <= found["v2"] <= 52


def test_a_call_passes_the_proxies_of_both_sides(town: Town) -> None:
    out = "http.egress.downstream_rq_total"
    in_ = "http.ingress.downstream_rq_total"
    before = town.stats("web", out)[out], town.stats("v2", in_)[in_]
    answer = town.app.get(f"{CART}path?query=1", x_version="2")
    assert (town.stats("web", out)[out], town.stats("v2", in_)[in_]) == (
        before[0] + 1,
        before[1] + 1,
    )
    # Its own proxy called the application, with what the caller said and the request's id.
    assert (answer.app, answer.peer) == ("v2", "127.0.0.1")
    assert answer.said["path"] == "/path?query=1"
    assert answer.said["headers"]["host"] == f"cart.local:{HTTP}"
    assert "x-request-id" in answer.said["headers"]


def test_tcp_is_intercepted_too(town: Town) -> None:
    out, in_ = (f"tcp.{name}.downstream_cx_total" for name in ("egress", f"ingress.tcp.{TCP}"))
    before = town.stats("web", out)[out], town.stats("v1", in_)[in_]
    answer = town.app.say("db.local", TCP, "hello")
    assert answer.said == {"app": "v1", "peer": "127.0.0.1", "line": "hello"}
    assert (town.stats("web", out)[out], town.stats("v1", in_)[in_]) == (
        before[0] + 1,
        before[1] + 1,
    )


def test_a_host_that_is_no_backend_is_not_found_on_a_backends_port(town: Town) -> None:
    assert town.app.get(f"http://outside.example:{HTTP}/").status == 404


def test_whoever_has_no_proxy_still_meets_that_of_the_application(town: Town) -> None:
    answer = town.outside.get(f"http://v1.internal:{HTTP}/")
    assert (answer.app, answer.peer) == ("v1", "127.0.0.1")
    assert "x-request-id" in answer.said["headers"]


def test_a_port_that_the_node_says_nothing_of_is_reached_without_the_proxy(town: Town) -> None:
    answer = town.outside.get(f"http://v1.internal:{UNKNOWN}/")
    assert (answer.app, answer.peer) == ("v1", OUTSIDE)
    assert "x-request-id" not in answer.said["headers"]


def test_the_applications_own_addresses_are_its_own(town: Town) -> None:
    for address in ("127.0.0.1", "198.18.0.2"):
        answer = town.app.get(f"http://{address}:{HTTP}/")
        assert (answer.app, answer.peer) == ("web", address)


def test_drop_all_refuses_what_is_not_in_the_mesh(town: Town) -> None:
    for address in (OUTSIDE, "outside.example"):
        answer = town.app.get(f"http://{address}:{OPEN}/")
        assert answer.app is None
        assert answer.error


@pytest.mark.parametrize(
    ("address", "port"), [(OUTSIDE, IGNORED), ("outside.example", 22), (ASIDE, OPEN)]
)
def test_what_is_ignored_is_called_without_the_proxy(town: Town, address: str, port: int) -> None:
    answer = town.app.get(f"http://{address}:{port}/")
    assert (answer.app, answer.peer, answer.said["port"]) == ("outside", "198.18.0.2", port)


def test_the_proxys_user_is_not_intercepted(town: Town) -> None:
    assert town.as_proxy.get(f"http://{OUTSIDE}:{OPEN}/").app == "outside"


def test_allow_all_lets_through_what_drop_all_refused_and_back(changing: Town) -> None:
    passed = "cluster.cds_egress_shop_mesh-allow-all.upstream_cx_total"
    changing.push(mesh(allow_all=True))
    answer = _until(changing, lambda found: found.app == "outside")
    assert (answer.peer, answer.said["headers"]["host"]) == (
        "198.18.0.2",
        f"outside.example:{OPEN}",
    )
    assert "x-request-id" not in answer.said["headers"]  # as a stream of bytes, not by HTTP
    assert changing.stats("web", passed)[passed] >= 1
    assert changing.app.get(CART, x_version="2").app == "v2"
    changing.push(mesh())
    assert _until(changing, lambda found: bool(found.error)).app is None


def test_a_server_that_speaks_first_is_heard_through_the_proxy(changing: Town) -> None:
    assert changing.app.listen(OUTSIDE, GREETS).error
    changing.push(mesh(allow_all=True))
    _until(changing, lambda found: found.app == "outside")
    assert changing.app.listen(OUTSIDE, GREETS).app == "outside"


def test_aws_alone_is_let_through_where_the_repository_says_so(changing: Town) -> None:
    aws = "sts.eu-central-1.amazonaws.com"
    assert changing.app.begin_tls(OUTSIDE, TLS, aws).error
    changing.push(mesh(), settings="egressToAws: true\n")
    deadline = time.monotonic() + 10
    while changing.app.begin_tls(OUTSIDE, TLS, aws).app != "outside":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert changing.app.begin_tls(OUTSIDE, TLS, "amazonaws.com.example").error
    assert changing.app.begin_tls(OUTSIDE, OPEN, aws).error
    assert changing.app.get(f"http://{OUTSIDE}:{OPEN}/").error


def test_a_push_moves_the_traffic_of_an_application_that_knows_nothing(changing: Town) -> None:
    changing.push(mesh(v1=0, v2=100))
    deadline = time.monotonic() + 10
    while by_app(changing, 20) != {"v2": 20}:
        assert time.monotonic() < deadline


def test_calls_by_ipv6_are_intercepted_where_mesh_and_redirects_say_so(changing: Town) -> None:
    nobody = f"http://[fd00:18::200]:{HTTP}/"
    changing.push(mesh(preference="IPv6_PREFERRED"))
    changing.intercept("web", APPMESH_ENABLE_IPV6="1")
    try:
        deadline = time.monotonic() + 10
        while (answer := changing.app.get(nobody, host="cart.local", x_version="2")).app != "v2":
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
    finally:
        changing.intercept("web")
    assert answer.peer == "::1"  # where such a mesh's proxies call their applications


@pytest.mark.parametrize("host", ["198.18.0.3", "[fd00:18::3]"])
def test_either_version_reaches_an_application_behind_a_proxy_that_prefers_ipv6(
    changing: Town, host: str
) -> None:
    changing.push(mesh(preference="IPv6_PREFERRED"))
    changing.intercept("v1", APPMESH_ENABLE_IPV6="1")
    try:
        deadline = time.monotonic() + 10
        while (answer := changing.outside.get(f"http://{host}:{HTTP}/")).peer != "::1":
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
    finally:
        changing.intercept("v1")
    assert answer.app == "v1"
