"""Certificates, trust and client policies, shared by virtual nodes and virtual gateways."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import FilePath, Flag, OneOf, Port, Spec, Text


class FileCertificate(Spec):
    """A certificate chain and its key, as paths on the proxy's file system."""

    certificate_chain: FilePath
    private_key: FilePath


class SdsSecret(Spec):
    """The name of a secret that the proxy asks its local secret discovery service for."""

    secret_name: Text


class AcmCertificate(Spec):
    """A certificate known by its AWS Certificate Manager ARN."""

    certificate_arn: Text


class FileTrust(Spec):
    """A bundle of certificate authorities, as a path on the proxy's file system."""

    certificate_chain: FilePath


class AcmTrust(Spec):
    """Certificate authorities known by their ARNs."""

    certificate_authority_arns: Annotated[tuple[Text, ...], Field(min_length=1, max_length=3)]

    @property
    def secret_name(self) -> str:
        """The one name for all of them together, in whatever order they are written."""
        return ",".join(sorted(self.certificate_authority_arns))


SubjectAlternativeName = Annotated[str, Strict(), Field(min_length=1, max_length=254)]


class SubjectAlternativeNameMatchers(Spec):
    """Names of which the peer's certificate must carry one."""

    exact: tuple[SubjectAlternativeName, ...]


class SubjectAlternativeNames(Spec):
    """How the peer's certificate is matched by name."""

    match: SubjectAlternativeNameMatchers


class ClientTrust(OneOf):
    """Whom a client believes."""

    acm: AcmTrust | None = None
    file: FileTrust | None = None
    sds: SdsSecret | None = None


class ClientValidation(Spec):
    """How a client checks the server's certificate."""

    subject_alternative_names: SubjectAlternativeNames | None = None
    trust: ClientTrust


class ClientCertificate(OneOf):
    """The certificate a client shows when the server asks for one."""

    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class ClientPolicyTls(Spec):
    """TLS towards a backend. ``enforce`` absent means true; ``ports`` absent means every port."""

    certificate: ClientCertificate | None = None
    enforce: Flag | None = None
    ports: tuple[Port, ...] | None = None
    validation: ClientValidation


class ClientPolicy(Spec):
    """How a proxy behaves as a client of a backend."""

    tls: ClientPolicyTls | None = None


class BackendDefaults(Spec):
    """What holds for every backend that does not say otherwise."""

    client_policy: ClientPolicy | None = None


class ListenerCertificate(OneOf):
    """The certificate a listener shows."""

    acm: AcmCertificate | None = None
    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class ListenerTrust(OneOf):
    """Whose client certificates a listener believes."""

    file: FileTrust | None = None
    sds: SdsSecret | None = None


class ListenerValidation(Spec):
    """How a listener checks the client's certificate."""

    subject_alternative_names: SubjectAlternativeNames | None = None
    trust: ListenerTrust


class ListenerTls(Spec):
    """TLS on a listener."""

    certificate: ListenerCertificate
    mode: Literal["STRICT", "PERMISSIVE", "DISABLED"]
    validation: ListenerValidation | None = None
