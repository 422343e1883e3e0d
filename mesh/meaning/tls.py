"""Meanings of the fields of certificates, trust and client policies."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import tls

_FROM_ACM: Final = "gitmesh.yaml maps each ARN to a file or a secret"
_SDS: Final = (
    "A secret from the secret discovery service on the proxy's machine, such as SPIRE's agent."
)

TABLE: Final[Table] = {
    tls.FileCertificate: {
        "certificate_chain": Meaning(
            "PEM file with the certificate and its intermediate certificates."
        ),
        "private_key": Meaning("PEM file with the certificate's private key."),
    },
    tls.SdsSecret: {
        "secret_name": Meaning("Name of the secret, such as a SPIFFE ID."),
    },
    tls.AcmCertificate: {
        "certificate_arn": Meaning(f"The certificate's ARN; {_FROM_ACM}."),
    },
    tls.FileTrust: {
        "certificate_chain": Meaning("PEM file with the certificate authorities."),
    },
    tls.AcmTrust: {
        "certificate_authority_arns": Meaning(f"The authorities' ARNs; {_FROM_ACM}."),
    },
    tls.SubjectAlternativeNameMatchers: {
        "exact": Meaning(
            "Allowed names. The certificate must have one of them, as a DNS name or a URI."
        ),
    },
    tls.SubjectAlternativeNames: {
        "match": Meaning("Condition on the names in the certificate."),
    },
    tls.ClientTrust: {
        "acm": Meaning("Certificate authorities, given by their ARNs."),
        "file": Meaning("Certificate authorities in a file in the proxy's file system."),
        "sds": Meaning(_SDS),
    },
    tls.ClientValidation: {
        "trust": Meaning(
            "Certificate authorities, one of which must have signed the server's certificate."
        ),
        "subject_alternative_names": Meaning(
            "Names of which the server's certificate must have one.",
            "the host name in the node's service discovery",
        ),
    },
    tls.ClientCertificate: {
        "file": Meaning("A certificate in files in the proxy's file system."),
        "sds": Meaning(_SDS),
    },
    tls.ClientPolicyTls: {
        "enforce": Meaning("If true, the client uses only TLS connections.", "true"),
        "ports": Meaning("Ports of the backend to which this applies.", "every port"),
        "certificate": Meaning("Certificate of the client, for mutual TLS.", "none"),
        "validation": Meaning("Validation of the server's certificate."),
    },
    tls.ClientPolicy: {
        "tls": Meaning(
            "TLS settings of connections to the backend.",
            "as the backend's listener requires",
        ),
    },
    tls.BackendDefaults: {
        "client_policy": Meaning("Client policy of all backends that have no policy of their own."),
    },
    tls.ListenerCertificate: {
        "acm": Meaning("A certificate, given by its ARN."),
        "file": Meaning("A certificate in files in the proxy's file system."),
        "sds": Meaning(_SDS),
    },
    tls.ListenerTrust: {
        "file": Meaning("Certificate authorities in a file in the proxy's file system."),
        "sds": Meaning(_SDS),
    },
    tls.ListenerValidation: {
        "trust": Meaning(
            "Certificate authorities, one of which must have signed the client's certificate."
        ),
        "subject_alternative_names": Meaning(
            "Names of which a client's certificate must have one.",
            "any name",
        ),
    },
    tls.ListenerTls: {
        "mode": Meaning(
            "STRICT accepts only TLS, PERMISSIVE accepts TLS and plain text, DISABLED accepts "
            "only plain text."
        ),
        "certificate": Meaning("Certificate of the listener."),
        "validation": Meaning(
            "Validation of clients' certificates, for mutual TLS.",
            "clients need no certificate",
        ),
    },
}
