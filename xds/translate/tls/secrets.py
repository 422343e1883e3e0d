"""Secrets: references to certificates, keys and authorities. The server itself never reads their
content.

Files are referenced in secrets that the server sends, because Envoy watches only those files: a
file named inside a listener or cluster is read once. All other secrets come from the proxy's own
secret discovery service, as in App Mesh.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final

from envoy_data_plane.envoy.config.core import v3 as envoy_core
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as envoy_tls

from mesh.spec.tls import (
    ClientCertificate,
    ClientTrust,
    FileCertificate,
    ListenerCertificate,
    ListenerTrust,
)
from xds.translate import naming

_PATIENCE: Final = timedelta(seconds=5)
"""Maximum time for which a proxy delays its start for a secret. A listener without its certificate
does no harm: it accepts no connection until it has the secret."""

_OURS: Final = envoy_core.ConfigSource(
    ads=envoy_core.AggregatedConfigSource(),
    resource_api_version=envoy_core.ApiVersion.V3,
    initial_fetch_timeout=_PATIENCE,
)
_LOCAL: Final = envoy_core.ConfigSource(
    api_config_source=envoy_core.ApiConfigSource(
        api_type=envoy_core.ApiConfigSourceApiType.GRPC,
        transport_api_version=envoy_core.ApiVersion.V3,
        grpc_services=[
            envoy_core.GrpcService(
                envoy_grpc=envoy_core.GrpcServiceEnvoyGrpc(cluster_name=naming.SDS_CLUSTER)
            )
        ],
    ),
    resource_api_version=envoy_core.ApiVersion.V3,
    initial_fetch_timeout=_PATIENCE,
)


@dataclass(frozen=True, slots=True)
class Source:
    """Config source of a secret, and the secret itself if the server sends it."""

    config: envoy_tls.SdsSecretConfig
    secret: envoy_tls.Secret | None = None


def certificate_source(certificate: ListenerCertificate | ClientCertificate) -> Source:
    """Return the source of a certificate."""
    if certificate.file is not None:
        return _ours(_file_certificate(certificate.file))
    if certificate.sds is not None:
        return _local(certificate.sds.secret_name)
    acm = certificate.acm if isinstance(certificate, ListenerCertificate) else None
    return _local(acm.certificate_arn if acm is not None else "")


def trust_source(trust: ClientTrust | ListenerTrust) -> Source:
    """Return the source of trusted certificate authorities."""
    if trust.file is not None:
        return _ours(_file_trust(trust.file.certificate_chain))
    if trust.sds is not None:
        return _local(trust.sds.secret_name)
    acm = trust.acm if isinstance(trust, ClientTrust) else None
    return _local(acm.secret_name if acm is not None else "")


def _ours(secret: envoy_tls.Secret) -> Source:
    return Source(envoy_tls.SdsSecretConfig(name=secret.name, sds_config=_OURS), secret)


def _local(name: str) -> Source:
    return Source(envoy_tls.SdsSecretConfig(name=name, sds_config=_LOCAL))


def _file_certificate(file: FileCertificate) -> envoy_tls.Secret:
    chain, key = file.certificate_chain, file.private_key
    return envoy_tls.Secret(
        name=naming.certificate_secret(chain, key),
        tls_certificate=envoy_tls.TlsCertificate(
            certificate_chain=envoy_core.DataSource(filename=chain),
            private_key=envoy_core.DataSource(filename=key),
            watched_directory=_watched(chain, key),
        ),
    )


def _file_trust(bundle: str) -> envoy_tls.Secret:
    return envoy_tls.Secret(
        name=naming.trust_secret(bundle),
        validation_context=envoy_tls.CertificateValidationContext(
            trusted_ca=envoy_core.DataSource(filename=bundle), watched_directory=_watched(bundle)
        ),
    )


def _watched(*paths: str) -> envoy_core.WatchedDirectory | None:
    """Return the folder of these files, or None if they are in several folders.

    Envoy can watch one folder for files that are moved into it. This also detects a replaced link
    to a folder, as in Kubernetes' mounted secrets. Otherwise Envoy watches each file.
    """
    folders = {str(PurePosixPath(path).parent) for path in paths}
    return envoy_core.WatchedDirectory(path=folders.pop()) if len(folders) == 1 else None
