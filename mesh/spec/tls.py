"""Certificates, trust and client policies, shared by virtual nodes and virtual gateways."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import FilePath, Flag, OneOf, Port, Spec, Text


class FileCertificate(Spec):
    """A certificate chain and its private key, as paths on the proxy's file system."""

    certificate_chain: FilePath
    private_key: FilePath


class SdsSecret(Spec):
    """The name of a secret that the proxy requests from its local secret discovery service."""

    secret_name: Text


class AcmCertificate(Spec):
    """A certificate, given by its AWS Certificate Manager ARN."""

    certificate_arn: Text


class FileTrust(Spec):
    """A bundle of certificate authorities, as a path on the proxy's file system."""

    certificate_chain: FilePath


class AcmTrust(Spec):
    """Certificate authorities, given by their ARNs."""

    certificate_authority_arns: Annotated[tuple[Text, ...], Field(min_length=1, max_length=3)]

    @property
    def secret_name(self) -> str:
        """Return the common secret name of these authorities; their order does not matter."""
        return ",".join(sorted(self.certificate_authority_arns))


SubjectAlternativeName = Annotated[str, Strict(), Field(min_length=1, max_length=254)]


class SubjectAlternativeNameMatchers(Spec):
    """Names of which the peer's certificate must contain one."""

    exact: tuple[SubjectAlternativeName, ...]


class SubjectAlternativeNames(Spec):
    """Match of the names in the peer's certificate."""

    match: SubjectAlternativeNameMatchers


class ClientTrust(OneOf):
    """Certificate authorities that a client trusts."""

    acm: AcmTrust | None = None
    file: FileTrust | None = None
    sds: SdsSecret | None = None


class ClientValidation(Spec):
    """Validation of the server's certificate by a client."""

    subject_alternative_names: SubjectAlternativeNames | None = None
    trust: ClientTrust


class ClientCertificate(OneOf):
    """The certificate that a client presents if the server requests one."""

    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class ClientPolicyTls(Spec):
    """TLS to a backend. ``enforce`` defaults to true; without ``ports`` it applies to all ports."""

    certificate: ClientCertificate | None = None
    enforce: Flag | None = None
    ports: tuple[Port, ...] | None = None
    validation: ClientValidation


class ClientPolicy(Spec):
    """Settings of a proxy as a client of a backend."""

    tls: ClientPolicyTls | None = None


class BackendDefaults(Spec):
    """Settings of every backend that does not override them."""

    client_policy: ClientPolicy | None = None


class ListenerCertificate(OneOf):
    """The certificate that a listener presents."""

    acm: AcmCertificate | None = None
    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class ListenerTrust(OneOf):
    """Certificate authorities that a listener trusts for client certificates."""

    file: FileTrust | None = None
    sds: SdsSecret | None = None


class ListenerValidation(Spec):
    """Validation of client certificates by a listener."""

    subject_alternative_names: SubjectAlternativeNames | None = None
    trust: ListenerTrust


class ListenerTls(Spec):
    """TLS on a listener."""

    certificate: ListenerCertificate
    mode: Literal["STRICT", "PERMISSIVE", "DISABLED"]
    validation: ListenerValidation | None = None
