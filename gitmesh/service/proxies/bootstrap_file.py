"""Bootstrap file of an Envoy or of a gRPC client, and the secret files that it refers to."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gitmesh.service.specs.spec_files import write_text
from mesh.canonical import JsonObject
from xds.bootstrap.envoy import SDS_SOCKET, bootstrap
from xds.bootstrap.grpc import grpc_bootstrap
from xds.bootstrap.tls import XdsTls, tls_secrets
from xds.nodes import Client, ProxyIdentity

REPORT_INTERVAL_S: Final = 10


@dataclass(frozen=True, slots=True)
class EnvoyOptions:
    """Options that only an Envoy has."""

    admin: str = "127.0.0.1:9901"
    dns: tuple[str, ...] = ()
    sds_socket: str | None = None
    """Socket of the secret discovery service; by default that of SPIRE's agent."""
    delta: bool = False
    report_interval_s: int = REPORT_INTERVAL_S
    """Interval at which traffic is reported to the server; 0 means never."""


@dataclass(frozen=True, slots=True)
class BootstrapRequest:
    """A client, and its way to the xDS server; the fields are those of ``xds.bootstrap``."""

    identity: ProxyIdentity
    xds: str
    """Address of the server: ``host:port`` or ``unix:path``."""
    cluster: str | None = None
    tls: XdsTls | None = None
    envoy: EnvoyOptions = EnvoyOptions()


def make_bootstrap(request: BootstrapRequest) -> JsonObject:
    """Return the bootstrap of a client of either kind.

    For an Envoy with ``tls.secrets``, its secret files are written into that folder.

    :raises UsageError: an address is invalid.
    :raises Fatal: a secret file cannot be written.
    """
    identity, xds, tls = request.identity, request.xds, request.tls
    if identity.client is Client.GRPC:
        return grpc_bootstrap(identity=identity, xds_address=xds, cluster=request.cluster, tls=tls)
    made = bootstrap(
        identity=identity,
        xds_address=xds,
        admin_address=request.envoy.admin,
        dns_resolvers=request.envoy.dns,
        cluster=request.cluster,
        sds_socket=request.envoy.sds_socket or SDS_SOCKET,
        delta=request.envoy.delta,
        tls=tls,
        report_interval_s=request.envoy.report_interval_s,
    )
    if tls is not None and tls.secrets:
        for name, secret in tls_secrets(tls, xds).items():
            write_text(Path(tls.secrets) / name, json.dumps(secret, indent=2) + "\n")
    return made
