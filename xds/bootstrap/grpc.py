"""Bootstrap of a gRPC client, with which its library connects to the xDS server (gRFC A27)."""

from typing import Final

from mesh.canonical import JsonObject
from xds.bootstrap.address import host_and_port, socket_path
from xds.bootstrap.tls import XdsTls
from xds.nodes import METADATA_KEY, Client, ProxyIdentity

_FEATURES: Final = (
    # Libraries from before 2022 use version 2 with a server without this feature.
    "xds_v3",
    # Calls to a removed backend fail, as they do through an Envoy (gRFC A88).
    "fail_on_data_errors",
)


def grpc_bootstrap(
    *,
    identity: ProxyIdentity,
    xds_address: str,
    cluster: str | None = None,
    tls: XdsTls | None = None,
) -> JsonObject:
    """Return the content of the file ``GRPC_XDS_BOOTSTRAP`` or for ``GRPC_XDS_BOOTSTRAP_CONFIG``.

    The address is ``host:port``, ``[::1]:port`` or ``unix:path``. With ``tls`` the client uses
    mutual TLS; the server's certificate must contain the name in the address.

    :raises UsageError: the address is invalid.
    """
    if socket_path(xds_address) is None:
        host_and_port(xds_address)
    node_id = str(identity.key)
    return {
        "xds_servers": [
            {
                "server_uri": xds_address,
                "channel_creds": [_credentials(tls)],
                "server_features": [*_FEATURES],
            }
        ],
        "node": {
            "id": node_id,
            "cluster": cluster or node_id,
            "metadata": {METADATA_KEY: {"client": Client.GRPC.value}},
        },
    }


def _credentials(tls: XdsTls | None) -> JsonObject:
    if tls is None:
        return {"type": "insecure"}
    # By default, files are reloaded every ten minutes (gRFC A65).
    return {
        "type": "tls",
        "config": {
            "certificate_file": tls.certificate,
            "private_key_file": tls.key,
            "ca_certificate_file": tls.authority,
            "refresh_interval": "60s",
        },
    }
