"""A node's calls through a real Envoy that runs what the translator made."""

from collections import Counter
from collections.abc import Callable
from concurrent import futures

import grpc
import pytest

from tests.support.apps import Answer, App, ask, say
from tests.support.routing_town import DB, GRPC, PORT, Town

pytestmark = pytest.mark.envoy


def test_traffic_in_reaches_the_application_whatever_its_host(town: Town) -> None:
    answer = ask(town.web.ingress, PORT, "/x?y=1", host="anything")
    assert (answer.app, answer.said["path"]) == ("web", "/x?y=1")


@pytest.mark.parametrize("host", ["hosts.local", "hosts.local:PORT", "HOSTS.local"])
def test_a_backend_is_known_by_its_host_with_the_port_or_without(town: Town, host: str) -> None:
    host = host.replace("PORT", str(PORT))
    answer = town.call(host=host)
    assert (answer.app, answer.said["headers"]["host"]) == ("v2", host)


@pytest.mark.parametrize("host", ["nobody.local", "hosts.local:9999", "x.hosts.local", "v1"])
def test_a_host_that_is_no_backend_gets_404(town: Town, host: str) -> None:
    assert town.call(host=host) == Answer(404, {})


def test_a_service_may_be_provided_by_a_node_itself(town: Town) -> None:
    assert town.call(service="direct").app == "v1"


@pytest.mark.parametrize(
    ("path", "app"),
    [
        ("/exact", "v2"),
        ("/exact?query=1", "v2"),
        ("/exactly", "v1"),
        ("/r/42", "v2"),
        ("/r/42?a=b", "v2"),
        ("/r/42/more", "v1"),
        ("/x/r/42", "v1"),
        ("/long/prefix", "v2"),
        ("/long/prefixed/too", "v2"),
        ("/long/", "v1"),
        ("/a/../long//prefix", "v2"),
    ],
)
def test_paths(town: Town, path: str, app: str) -> None:
    assert town.call(path, service="paths").app == app


def test_traffic_is_shared_by_weight(town: Town) -> None:
    found = Counter(town.call(service="shares").app for _ in range(200))
    assert set(found) == {"v1", "v2"}
    assert 110 <= found["v1"] <= 185  # 150 expected; six standard deviations and more


def test_tcp_is_joined_to_the_node_behind_the_port(town: Town) -> None:
    assert say(town.web.egress, DB, "hello") == "db: hello"


def test_grpc_calls_are_routed_by_service(town: Town) -> None:
    with _GrpcServer(town.apps["grpc"]) as call:
        channel = grpc.insecure_channel(
            f"{town.web.egress}:{GRPC}", options=[("grpc.default_authority", "grpc.local")]
        )
        with channel:
            assert call(channel, "/test.Hello/Say") == b"hello"
            with pytest.raises(grpc.RpcError) as error:
                call(channel, "/test.Other/Say")
            assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


Call = Callable[[grpc.Channel, str], bytes]


class _GrpcServer:
    """A gRPC server that says hello to every call."""

    def __init__(self, app: App) -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(lambda request, context: b"hello")
        self._server.add_generic_rpc_handlers([_Everything(handler)])
        assert self._server.add_insecure_port(f"{app.address}:{app.port}")

    def __enter__(self) -> Call:
        self._server.start()
        return lambda channel, method: channel.unary_unary(method)(b"", timeout=5)

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait(5)


class _Everything(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, handler: object) -> None:
        self._handler = handler

    def service(self, handler_call_details: object) -> object:
        return self._handler
