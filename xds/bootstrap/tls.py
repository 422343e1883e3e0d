"""TLS part of an Envoy's bootstrap: its certificate for the xDS server."""

import posixpath
from dataclasses import dataclass
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.errors import UsageError
from xds.bootstrap.address import host_and_port, is_ip, socket_path

_TYPES: Final = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3."
_PROXY, _AUTHORITY = "proxy", "authority"


@dataclass(frozen=True, slots=True)
class XdsTls:
    """Mutual TLS between a proxy and the xDS server. Paths are on the proxy's machine."""

    certificate: str
    """PEM file of the proxy's certificate with its chain; it must name the proxy's node
    (:mod:`xds.server.peer`)."""
    key: str
    authority: str
    """PEM file with the authority that signed the server's certificate."""
    server_name: str = ""
    """Name or IP address that the server's certificate must contain; by default the host of the
    server's address."""
    secrets: str = ""
    """Folder that contains the files of :func:`tls_secrets`. Envoy reloads changed certificates
    only if its bootstrap refers to them through such files."""


def tls_socket(tls: XdsTls, xds_address: str) -> JsonObject:
    """Return the transport socket of the xDS server's cluster.

    :raises UsageError: the address is invalid, or is a Unix socket without a server name.
    """
    name = _server_name(tls, xds_address)
    context: JsonObject = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": ["h2"],
        **(_by_secrets(tls.secrets) if tls.secrets else _by_files(tls, name)),
    }
    # An IP address is not a server name (RFC 6066, section 3).
    sni: JsonObject = {} if is_ip(name) else {"sni": name}
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_TYPES}UpstreamTlsContext",
            "common_tls_context": context,
            **sni,
        },
    }


def tls_secrets(tls: XdsTls, xds_address: str) -> dict[str, JsonObject]:
    """Return the files through which Envoy reloads changed certificates, by name.

    Envoy reloads certificates when a file is moved into their folder (Envoy's SDS, "Certificate
    rotation"). Tools that renew certificates do this, and so do Kubernetes volumes. Each file has
    one secret.

    :raises UsageError: the address is invalid.
    """
    certificate = {**_certificate(tls), **_watched(tls.certificate, tls.key)}
    authority = {**_validation(tls, _server_name(tls, xds_address)), **_watched(tls.authority)}
    return {
        _file(_PROXY): _resource({"name": _PROXY, "tls_certificate": certificate}),
        _file(_AUTHORITY): _resource({"name": _AUTHORITY, "validation_context": authority}),
    }


def _file(secret: str) -> str:
    return f"{secret}.json"


def _resource(secret: JsonObject) -> JsonObject:
    return {"resources": [{"@type": f"{_TYPES}Secret", **secret}]}


def _server_name(tls: XdsTls, xds_address: str) -> str:
    if tls.server_name:
        return tls.server_name
    if socket_path(xds_address) is not None:
        raise UsageError(
            f"{xds_address} has no host whose name gitmesh's certificate could have",
            hint="give the name in the certificate: --tls-server-name",
        )
    return host_and_port(xds_address)[0]


def _by_files(tls: XdsTls, name: str) -> JsonObject:
    return {
        "tls_certificates": [_certificate(tls)],
        "validation_context": _validation(tls, name),
    }


def _by_secrets(folder: str) -> JsonObject:
    return {
        "tls_certificate_sds_secret_configs": [_secret(_PROXY, folder)],
        "validation_context_sds_secret_config": _secret(_AUTHORITY, folder),
    }


def _secret(name: str, folder: str) -> Json:
    path: JsonObject = {"path": posixpath.join(folder, _file(name))}
    return {
        "name": name,
        "sds_config": {"path_config_source": path, "resource_api_version": "V3"},
    }


def _certificate(tls: XdsTls) -> JsonObject:
    return {
        "certificate_chain": {"filename": tls.certificate},
        "private_key": {"filename": tls.key},
    }


def _validation(tls: XdsTls, name: str) -> JsonObject:
    kind = "IP_ADDRESS" if is_ip(name) else "DNS"
    return {
        "trusted_ca": {"filename": tls.authority},
        "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": name}}],
    }


def _watched(*paths: str) -> JsonObject:
    """Return the folder to watch, if all files are in one folder. Otherwise Envoy watches the files
    themselves, and misses a changed link to them."""
    folders = {posixpath.dirname(path) or "." for path in paths}
    return {"watched_directory": {"path": folders.pop()}} if len(folders) == 1 else {}
