"""TLS contexts of listeners and of clients."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import betterproto2
from envoy_data_plane.envoy.config.core import v3 as envoy_core
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as envoy_tls
from envoy_data_plane.envoy.type.matcher.v3 import StringMatcher

from mesh.spec.tls import (
    ClientTrust,
    ListenerTls,
    ListenerTrust,
    SubjectAlternativeNames,
)
from xds.translate.packed import packed
from xds.translate.policies import ClientTls, offers_tls
from xds.translate.sharing import SHARED
from xds.translate.tls.secrets import certificate_source, trust_source

_SAN: Final = envoy_tls.SubjectAltNameMatcherSanType
_ALPN: Final = {"http": ["http/1.1"], "http2": ["h2", "http/1.1"], "grpc": ["h2"]}
"""ALPN protocols that a listener offers; gRPC clients require one."""
_LONGEST_SNI: Final = 255
_CLIENT_ALPN: Final = {"http": ["http/1.1"], "http2": ["h2"], "grpc": ["h2"]}


@dataclass(frozen=True, slots=True)
class Encryption:
    """A TLS transport socket, with the secrets that the server must send for it."""

    socket: envoy_core.TransportSocket
    secrets: tuple[envoy_tls.Secret, ...]


@dataclass(frozen=True, slots=True)
class Security:
    """Kinds of connections that a port accepts: plain text, TLS, or both."""

    encryption: Encryption | None = None
    plain: bool = True


@lru_cache(SHARED)
def listener_security(tls: ListenerTls | None, protocol: str) -> Security:
    """Return the connections that a listener accepts.

    A listener that validates clients requires a certificate in every TLS handshake; plain-text
    clients, where allowed, have no certificate.
    """
    if tls is None or not offers_tls(tls):
        return Security()
    certificate = certificate_source(tls.certificate)
    validation = tls.validation
    trust, own_trust = (
        (None, None)
        if validation is None
        else _validation(validation.trust, _written_names(validation.subject_alternative_names))
    )
    context = envoy_tls.DownstreamTlsContext(
        common_tls_context=envoy_tls.CommonTlsContext(
            tls_certificate_sds_secret_configs=[certificate.config],
            combined_validation_context=trust,
            alpn_protocols=_ALPN.get(protocol, []),
        ),
        require_client_certificate=True if trust is not None else None,
    )
    secrets = [each for each in (certificate.secret, own_trust) if each is not None]
    return Security(_encryption(context, secrets), plain=tls.mode == "PERMISSIVE")


@lru_cache(SHARED)
def client_encryption(tls: ClientTls, hostname: str, protocol: str) -> Encryption:
    """Return the TLS settings towards a virtual node.

    ``hostname`` is the node's host name; the server's certificate must contain it, unless the
    policy lists other names.
    """
    certificate = None if tls.certificate is None else certificate_source(tls.certificate)
    trust, own_trust = None, None
    if tls.validation is not None:
        names = _written_names(tls.validation.subject_alternative_names)
        trust, own_trust = _validation(
            tls.validation.trust, names or ((hostname,) if hostname else ())
        )
    context = envoy_tls.UpstreamTlsContext(
        common_tls_context=envoy_tls.CommonTlsContext(
            tls_certificate_sds_secret_configs=[] if certificate is None else [certificate.config],
            combined_validation_context=trust,
            alpn_protocols=_CLIENT_ALPN.get(protocol, []),
        ),
        sni=hostname if len(hostname) <= _LONGEST_SNI and not _is_ip(hostname) else "",
    )
    shown = None if certificate is None else certificate.secret
    return _encryption(context, [each for each in (shown, own_trust) if each is not None])


def secrets_of(used: Iterable[Encryption | None]) -> tuple[envoy_tls.Secret, ...]:
    """Return the distinct secrets that these settings need; equal names mean equal content."""
    found = {secret.name: secret for each in used if each for secret in each.secrets}
    return tuple(found.values())


def _encryption(context: betterproto2.Message, secrets: Sequence[envoy_tls.Secret]) -> Encryption:
    socket = envoy_core.TransportSocket(
        name="envoy.transport_sockets.tls", typed_config=packed(context)
    )
    return Encryption(socket, tuple(secrets))


_Validation = envoy_tls.CommonTlsContextCombinedCertificateValidationContext


def _validation(
    trust: ClientTrust | ListenerTrust, names: Sequence[str]
) -> tuple[_Validation, envoy_tls.Secret | None]:
    source = trust_source(trust)
    context = envoy_tls.CertificateValidationContext(
        match_typed_subject_alt_names=[_name(name) for name in names]
    )
    combined = _Validation(
        default_validation_context=context, validation_context_sds_secret_config=source.config
    )
    return combined, source.secret


def _written_names(names: SubjectAlternativeNames | None) -> tuple[str, ...]:
    return () if names is None else names.match.exact


def _name(name: str) -> envoy_tls.SubjectAltNameMatcher:
    """Return a matcher for a URI, an IP address or a DNS name in a certificate."""
    return envoy_tls.SubjectAltNameMatcher(
        san_type=_kind_of(name), matcher=StringMatcher(exact=name)
    )


def _kind_of(name: str) -> envoy_tls.SubjectAltNameMatcherSanType:
    if "://" in name:
        return _SAN.URI
    return _SAN.IP_ADDRESS if _is_ip(name) else _SAN.DNS


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
