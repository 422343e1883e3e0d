"""Meanings of certificates, trust and client policies."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import tls

_FROM_ACM: Final = "gitmesh.yaml says which file or secret each ARN stands for"
_SDS: Final = "Ask the secret discovery service of the proxy's machine, such as SPIRE's agent."

TABLE: Final[Table] = {
    tls.FileCertificate: {
        "certificate_chain": Meaning("The PEM file with the certificate and those that signed it."),
        "private_key": Meaning("The PEM file with the certificate's private key."),
    },
    tls.SdsSecret: {
        "secret_name": Meaning("The secret's name, such as a SPIFFE ID."),
    },
    tls.AcmCertificate: {
        "certificate_arn": Meaning(f"The certificate's ARN; {_FROM_ACM}."),
    },
    tls.FileTrust: {
        "certificate_chain": Meaning("The PEM file with the certificate authorities."),
    },
    tls.AcmTrust: {
        "certificate_authority_arns": Meaning(f"The authorities' ARNs; {_FROM_ACM}."),
    },
    tls.SubjectAlternativeNameMatchers: {
        "exact": Meaning(
            "The names. The certificate must have one of them, as a DNS name or a URI."
        ),
    },
    tls.SubjectAlternativeNames: {
        "match": Meaning("How the names in the certificate are compared."),
    },
    tls.ClientTrust: {
        "acm": Meaning("Authorities known by ARNs."),
        "file": Meaning("Authorities in a file of the proxy."),
        "sds": Meaning(_SDS),
    },
    tls.ClientValidation: {
        "trust": Meaning("The authorities that must have signed the server's certificate."),
        "subject_alternative_names": Meaning(
            "The names that the server's certificate may have.",
            "the host name of the node's service discovery",
        ),
    },
    tls.ClientCertificate: {
        "file": Meaning("A certificate in files of the proxy."),
        "sds": Meaning(_SDS),
    },
    tls.ClientPolicyTls: {
        "enforce": Meaning("Whether connections without TLS are refused.", "true"),
        "ports": Meaning("The ports of backends that this holds for.", "every port"),
        "certificate": Meaning("The certificate that the client shows, for mutual TLS.", "none"),
        "validation": Meaning("How the server's certificate is checked."),
    },
    tls.ClientPolicy: {
        "tls": Meaning(
            "How TLS is used towards the backend.", "as the backend's listener asks for"
        ),
    },
    tls.BackendDefaults: {
        "client_policy": Meaning("The policy for every backend that has none of its own."),
    },
    tls.ListenerCertificate: {
        "acm": Meaning("A certificate known by its ARN."),
        "file": Meaning("A certificate in files of the proxy."),
        "sds": Meaning(_SDS),
    },
    tls.ListenerTrust: {
        "file": Meaning("Authorities in a file of the proxy."),
        "sds": Meaning(_SDS),
    },
    tls.ListenerValidation: {
        "trust": Meaning("The authorities that must have signed the client's certificate."),
        "subject_alternative_names": Meaning(
            "The names that a client's certificate may have.", "any name"
        ),
    },
    tls.ListenerTls: {
        "mode": Meaning(
            "STRICT takes TLS only, PERMISSIVE takes TLS and plain text, DISABLED takes plain "
            "text only."
        ),
        "certificate": Meaning("The certificate that the listener shows."),
        "validation": Meaning(
            "How certificates of clients are checked, for mutual TLS.", "clients need none"
        ),
    },
}
