"""Certificates with names of any kind and any lifetime, for mutual TLS with the xDS server."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, in files."""

    chain: Path
    key: Path


@dataclass
class Issuer:
    """An authority of its own, whose certificate is in ``bundle``."""

    folder: Path
    name: str = "authority"
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._subject = _subject(self.name)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        made = _builder(self._subject, self._key, DAY).issuer_name(self._subject)
        # Since Python 3.13, clients want these extensions of RFC 5280.
        made = made.add_extension(_key_id(self._key), critical=False)
        made = made.add_extension(_SIGNS_CERTIFICATES, critical=True)
        self._certificate = made.add_extension(constraints, critical=True).sign(
            self._key, hashes.SHA256()
        )
        self.bundle = self.folder / f"{self.name}.pem"
        replace(self.bundle, self._certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        uris: tuple[str, ...] = (),
        hosts: tuple[str, ...] = (),
        addresses: tuple[str, ...] = (),
        lifetime: timedelta = DAY,
    ) -> Issued:
        """Write a new certificate in place of an older one of that file name."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [
            *(x509.UniformResourceIdentifier(uri) for uri in uris),
            *(x509.DNSName(host) for host in hosts),
            *(x509.IPAddress(ip_address(address)) for address in addresses),
        ]
        builder = _builder(_subject(name), key, lifetime).issuer_name(self._subject)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        issued = Issued(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        replace(
            issued.key,
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
        replace(issued.chain, certificate.public_bytes(Encoding.PEM))
        return issued


def replace(path: Path, content: bytes) -> None:
    """Replace a file by renaming a new one over it, as rotation tools do."""
    fresh = path.with_suffix(f"{path.suffix}.new")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def _key_id(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + lifetime)
    )
