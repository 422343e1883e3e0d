"""Identity of a proxy."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from xds.nodes import Client, Explicit, Intercepted, ProxyIdentity, parse_identity

WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")


@pytest.mark.parametrize(
    "node_id",
    [
        "mesh/shop/virtualNode/web",
        "mesh/shop@123456789012/virtualNode/web",
        "arn:aws:appmesh:eu-west-1:123456789012:mesh/shop/virtualNode/web",
        "arn:aws:appmesh:eu-west-1:123456789012:mesh/shop@210987654321/virtualNode/web",
    ],
)
def test_every_form_app_mesh_knew_names_the_same_node(node_id: str) -> None:
    assert parse_identity(node_id, {}) == ProxyIdentity(WEB, Intercepted())


@pytest.mark.parametrize(
    "node_id",
    ["", "web", "mesh/shop", "mesh/shop/virtualRouter/cart", "mesh/@123456789012/virtualNode/web"],
)
def test_what_runs_no_proxy_is_refused(node_id: str) -> None:
    with pytest.raises(UsageError):
        parse_identity(node_id, {})


PARTS = st.text("a@%/:. 4é\0", max_size=8)


@given(st.sampled_from(["", "arn:aws:appmesh:eu-west-1:1:"]), PARTS, PARTS)
def test_whoever_is_let_in_has_a_key_that_can_be_read_in_the_log(
    arn: str, mesh: str, name: str
) -> None:
    try:
        key = parse_identity(f"{arn}mesh/{mesh}/virtualNode/{name}", {}).key
    except UsageError:
        return
    assert ResourceKey.parse(str(key)) == key


@pytest.mark.parametrize("letter", ["x", "%78", "é"])
def test_an_id_that_would_fill_the_log_is_refused_in_few_words(letter: str) -> None:
    start = "mesh/shop/virtualNode/"
    with pytest.raises(UsageError, match="longer than the 1,024 characters") as caught:
        parse_identity(start + letter * 1003, {})
    assert len(str(caught.value)) < 300
    name = "x" * (1024 - len(start))
    assert parse_identity(start + name, {}).key.name == name


def explicit(**addresses: str) -> dict[str, str]:
    return {"addressing": "explicit", "ingress": "127.0.3.1", "egress": "127.0.3.2", **addresses}


def test_explicit_addresses_are_read() -> None:
    found = parse_identity(str(WEB), explicit(application="::1"))
    assert found.addressing == Explicit("127.0.3.1", "127.0.3.2", "::1")


@pytest.mark.parametrize(
    "metadata",
    [
        {"addressing": "implicit"},
        {"addressing": "explicit"},
        explicit(egress="localhost"),
        explicit(application="x"),
        explicit(egress="127.0.3.1"),
        explicit(application="127.0.3.1"),
        explicit(ingress="127.0.0.1"),
    ],
    ids=str,
)
def test_addresses_that_cannot_work_are_refused(metadata: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        parse_identity(str(WEB), metadata)


def test_a_gateway_may_use_one_address_for_all() -> None:
    metadata = explicit(ingress="127.0.0.1", egress="127.0.0.1")
    found = parse_identity("mesh/shop/virtualGateway/front", metadata)
    assert found.addressing == Explicit("127.0.0.1", "127.0.0.1")


@pytest.mark.parametrize("agent", ["gRPC C-core", "gRPC Go", "grpc-java", "gRPC Node Pure JS"])
def test_a_grpc_library_is_known_by_its_user_agent(agent: str) -> None:
    assert parse_identity(str(WEB), {}, agent) == ProxyIdentity(WEB, client=Client.GRPC)


@pytest.mark.parametrize("agent", ["", "envoy", "envoy-grpc", "something"])
def test_everything_else_is_taken_for_an_envoy(agent: str) -> None:
    assert parse_identity(str(WEB), {}, agent).client is Client.ENVOY


def test_what_the_metadata_says_goes_before_the_user_agent() -> None:
    assert parse_identity(str(WEB), {"client": "grpc"}, "envoy").client is Client.GRPC
    assert parse_identity(str(WEB), {"client": "envoy"}, "gRPC C-core").client is Client.ENVOY


@pytest.mark.parametrize(
    ("node_id", "metadata", "says"),
    [
        (str(WEB), {"client": "curl"}, "'curl' is not known"),
        ("mesh/shop/virtualGateway/front", {"client": "grpc"}, "cannot be a gateway"),
        (str(WEB), {"client": "grpc", **explicit()}, "no proxy"),
    ],
)
def test_a_client_that_cannot_be_is_refused(
    node_id: str, metadata: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        parse_identity(node_id, metadata)


def test_an_identity_is_the_same_in_another_process() -> None:
    """Hashes of text differ between processes, so a copy must not carry one."""
    identity = ProxyIdentity(WEB, Explicit("127.0.0.1", "127.0.0.2"))
    program = (
        "import pickle, sys;"
        "one = pickle.load(sys.stdin.buffer);"
        "print({one: 'found'}[type(one)(one.key, one.addressing, one.client)])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(identity),
        env={"PYTHONHASHSEED": "3", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=True,
    )
    assert found.stdout.strip() == b"found"
