"""Bootstrap files of proxies."""

import dataclasses
import json
from pathlib import Path
from typing import Any, cast

import pytest

from mesh.canonical import canonical
from mesh.errors import UsageError
from tests.support.envoy import validate
from tests.support.identities import Issuer
from xds.bootstrap.envoy import bootstrap
from xds.bootstrap.grpc import grpc_bootstrap
from xds.bootstrap.tls import XdsTls, tls_secrets
from xds.nodes import METADATA_KEY, Client, parse_identity

NODE = parse_identity("mesh/shop/virtualNode/web", {})
EXPLICIT = {
    "addressing": "explicit",
    "ingress": "127.0.3.1",
    "egress": "127.0.3.2",
    "application": "127.0.3.3",
}
SERVER = "127.0.0.1:18000"


def made(**options: Any) -> Any:
    return bootstrap(**{"identity": NODE, "xds_address": SERVER, **options})


def test_a_proxy_says_who_it_is_as_app_mesh_did() -> None:
    node = made()["node"]
    assert node == {"id": "mesh/shop/virtualNode/web", "cluster": "mesh/shop/virtualNode/web"}
    assert made(cluster="blue")["node"]["cluster"] == "blue"


@pytest.mark.parametrize("node_id", ["mesh/a b/virtualNode/x", "mesh/shop/virtualGateway/front"])
@pytest.mark.parametrize("metadata", [{}, EXPLICIT, {**EXPLICIT, "application": ""}], ids=str)
def test_what_a_proxy_says_of_itself_is_understood(node_id: str, metadata: dict[str, str]) -> None:
    identity = parse_identity(node_id.replace(" ", "%20"), metadata)
    node = made(identity=identity)["node"]
    assert parse_identity(node["id"], node.get("metadata", {}).get(METADATA_KEY, {})) == identity


def test_everything_comes_from_us_and_is_waited_for() -> None:
    dynamic = made()["dynamic_resources"]
    for name in ("lds_config", "cds_config"):
        assert dynamic[name] == {
            "ads": {},
            "resource_api_version": "V3",
            "initial_fetch_timeout": "0s",
        }
    assert dynamic["ads_config"]["api_type"] == "GRPC"
    assert made(delta=True)["dynamic_resources"]["ads_config"]["api_type"] == "DELTA_GRPC"


def test_a_server_is_an_address_or_a_name() -> None:
    def cluster(address: str) -> Any:
        return made(xds_address=address)["static_resources"]["clusters"][0]

    assert [cluster(SERVER)["type"], cluster("mesh.example:443")["type"]] == [
        "STATIC",
        "STRICT_DNS",
    ]
    assert "'::1'" in str(cluster("[::1]:18000")["load_assignment"])


def test_the_administration_interface_is_on_the_loopback_unless_told_otherwise() -> None:
    assert made()["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"
    pipe = made(admin_address="unix:/run/envoy.sock")["admin"]
    assert pipe == {"address": {"pipe": {"path": "/run/envoy.sock"}}}


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("unix:/run/gitmesh.sock", "/run/gitmesh.sock"),
        ("unix:///run/gitmesh.sock", "/run/gitmesh.sock"),
        ("unix:gitmesh.sock", "gitmesh.sock"),
        ("unix:@name", "./@name"),
    ],
)
def test_a_server_may_be_a_socket_file(address: str, path: str) -> None:
    cluster = made(xds_address=address)["static_resources"]["clusters"][0]
    assert cluster["type"] == "STATIC"
    [place] = cluster["load_assignment"]["endpoints"]
    assert place == {"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": path}}}}]}


@pytest.mark.parametrize("option", ["xds_address", "admin_address"])
@pytest.mark.parametrize("address", ["unix:", "unix://host/x", "unix:a\0b", f"unix:/{'x' * 107}"])
def test_a_socket_file_that_cannot_be_is_refused(option: str, address: str) -> None:
    with pytest.raises(UsageError, match=r"is not an address|at most 107 bytes"):
        made(**{option: address})


def test_a_socket_file_has_no_name_for_a_certificate() -> None:
    with pytest.raises(UsageError, match="has no host whose name") as caught:
        made(xds_address="unix:/run/x.sock", tls=TLS)
    assert "--tls-server-name" in caught.value.hint
    named = dataclasses.replace(TLS, server_name="xds.example")
    cluster = made(xds_address="unix:/run/x.sock", tls=named)["static_resources"]["clusters"][0]
    assert cluster["transport_socket"]["typed_config"]["sni"] == "xds.example"


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.1:", ":80", "a:0", "a:65536", "a:٣"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is not an address"):
        made(xds_address=address)


@pytest.mark.parametrize("option", ["admin_address", "resolver"])
def test_where_envoy_takes_no_name_a_name_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match="does not begin with an IP address"):
        made(**({option: "localhost:1"} if option != "resolver" else {"dns_resolvers": ["dns:53"]}))


def test_it_is_plain_json() -> None:
    assert canonical(cast("Any", made(dns_resolvers=["127.0.0.1:53"])))


@pytest.mark.envoy
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"identity": parse_identity("mesh/shop/virtualGateway/front", EXPLICIT)},
        {"dns_resolvers": ["127.0.0.1:5353", "[::1]:53"]},
        {"xds_address": "mesh.example:443", "admin_address": "unix:/tmp/envoy.sock"},
        {"xds_address": "unix:@gitmesh.sock", "delta": True},
    ],
    ids=["plain", "explicit", "resolvers", "name and pipe", "socket file"],
)
def test_envoy_accepts_it(options: dict[str, Any], tmp_path: Path) -> None:
    assert validate(made(**options), tmp_path) == ""


def test_what_a_grpc_client_says_of_itself_is_understood() -> None:
    identity = parse_identity("mesh/shop/virtualNode/web", {"client": "grpc"})
    made: Any = grpc_bootstrap(identity=identity, xds_address=SERVER)
    node = made["node"]
    assert identity.client is Client.GRPC
    assert parse_identity(node["id"], node["metadata"][METADATA_KEY]) == identity
    assert node["cluster"] == node["id"]
    assert grpc_bootstrap(identity=identity, xds_address=SERVER, cluster="blue") == {
        **made,
        "node": {**node, "cluster": "blue"},
    }


@pytest.mark.parametrize("address", [SERVER, "[::1]:18000", "mesh.example:1", "unix:/run/x.sock"])
def test_a_grpc_client_asks_one_server_and_takes_its_word_that_something_is_gone(
    address: str,
) -> None:
    [server] = _servers(address)
    assert server["server_uri"] == address
    assert server["channel_creds"] == [{"type": "insecure"}]
    assert server["server_features"] == ["xds_v3", "fail_on_data_errors"]


def test_a_server_that_is_no_address_is_refused() -> None:
    with pytest.raises(UsageError, match="is not an address"):
        _servers("127.0.0.1")


def _servers(address: str) -> Any:
    return grpc_bootstrap(identity=NODE, xds_address=address)["xds_servers"]


TLS = XdsTls("/tls/web.pem", "/tls/web.key", "/tls/mesh.pem")


@pytest.mark.parametrize(
    ("server", "name", "kind", "expected", "sni"),
    [
        ("mesh.example:18000", "", "DNS", "mesh.example", "mesh.example"),
        (SERVER, "", "IP_ADDRESS", "127.0.0.1", None),
        (SERVER, "mesh.example", "DNS", "mesh.example", "mesh.example"),
    ],
)
def test_a_proxy_proves_itself_and_believes_only_the_server_it_means(
    server: str, name: str, kind: str, expected: str, sni: str | None
) -> None:
    config = made(xds_address=server, tls=dataclasses.replace(TLS, server_name=name))
    [xds, _] = config["static_resources"]["clusters"]
    socket = xds["transport_socket"]["typed_config"]
    context = socket["common_tls_context"]
    [certificate] = context["tls_certificates"]
    assert certificate == {
        "certificate_chain": {"filename": "/tls/web.pem"},
        "private_key": {"filename": "/tls/web.key"},
    }
    assert context["validation_context"] == {
        "trusted_ca": {"filename": "/tls/mesh.pem"},
        "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": expected}}],
    }
    assert socket.get("sni") == sni
    assert "transport_socket" not in made()["static_resources"]["clusters"][0]


def resources(secrets: Any) -> Any:
    return [secret for file in secrets.values() for secret in file["resources"]]


def test_a_proxy_follows_files_that_change_by_a_file_of_secrets(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path / "tls")
    own = issuer.issue("web")
    tls = XdsTls(str(own.chain), str(own.key), str(issuer.bundle), secrets=str(tmp_path))
    secrets = tls_secrets(tls, SERVER)
    for name, secret in secrets.items():
        (tmp_path / name).write_text(canonical(secret))
    assert validate(made(tls=tls), tmp_path) == ""
    # Nothing else would be followed.
    assert "filename" not in canonical(made(tls=tls))
    xds = made(tls=tls)["static_resources"]["clusters"][0]["transport_socket"]["typed_config"]
    context = xds["common_tls_context"]
    [own_secret] = context["tls_certificate_sds_secret_configs"]
    for referred, kind in (
        (own_secret, "tls_certificate"),
        (context["validation_context_sds_secret_config"], "validation_context"),
    ):
        file = Path(referred["sds_config"]["path_config_source"]["path"])
        [found] = json.loads(file.read_text())["resources"]
        assert (found["name"], kind in found) == (referred["name"], True)
    proxy, authority = resources(secrets)
    folder = {"path": str(tmp_path / "tls")}
    assert proxy["tls_certificate"]["watched_directory"] == folder
    assert authority["validation_context"]["watched_directory"] == folder
    [expected] = authority["validation_context"]["match_typed_subject_alt_names"]
    assert expected["matcher"] == {"exact": "127.0.0.1"}


def test_files_of_different_folders_are_watched_one_by_one() -> None:
    tls = dataclasses.replace(TLS, key="/keys/web.key", secrets="/tls/xds")
    proxy, authority = resources(tls_secrets(tls, SERVER))
    assert "watched_directory" not in proxy["tls_certificate"]
    assert authority["validation_context"]["watched_directory"] == {"path": "/tls"}


def test_files_that_are_named_without_a_folder_are_watched_where_envoy_starts() -> None:
    tls = XdsTls("web.pem", "web.key", "mesh.pem", secrets="xds")
    proxy, authority = resources(tls_secrets(tls, SERVER))
    assert proxy["tls_certificate"]["watched_directory"] == {"path": "."}
    assert authority["validation_context"]["watched_directory"] == {"path": "."}
