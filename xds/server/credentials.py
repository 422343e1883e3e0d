"""Server side of mutual TLS, with certificate files that are reloaded when they change.

New files are used from the next handshake on; existing connections continue. Invalid files are not
used: the server keeps the previous ones and logs the reason.
"""

import asyncio
import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mesh.errors import UsageError
from xds.server.peer import Peer, WrongPeer
from xds.server.settings import TlsFiles

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
"""Interval of checks, so that an invalid file is logged before the next proxy connects; the files
are also checked at each handshake."""

_State: TypeAlias = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The content of the validated files, for a handshake."""

    certificate: bytes
    key: bytes
    authority: bytes
    not_after: datetime


class Credentials:
    """The server's certificate and its trusted authorities. Safe to use from any thread."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files.

        :raises UsageError: a file is missing or invalid, or the files do not belong together.
        """
        self._files = files
        self._lock = threading.Lock()
        self._seen = _state(files)
        self._newest = self._given = _read(files)

    def for_grpc(self) -> Any:
        """Return credentials for a gRPC port; they use the newest files at each handshake."""
        return grpc.dynamic_ssl_server_credentials(
            _configuration(self._given), self._fetch, require_client_authentication=True
        )

    async def watch(self) -> None:
        """Check the files periodically until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await asyncio.to_thread(self.refresh)
            except Exception:
                _log.exception("cannot read the TLS files; the previous ones stay in use")

    def refresh(self) -> None:
        """Load changed files; log invalid ones once per change."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        state = _state(self._files)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._newest = _read(self._files)
        except UsageError as error:
            _log.error(
                "new TLS files are invalid; the previous ones stay in use: %s",
                error.message,
                extra={"hint": error.hint, "until": self._newest.not_after.isoformat()},
            )
        else:
            until = self._newest.not_after.isoformat()
            _log.info("new TLS files are in use", extra={"until": until})

    def _fetch(self) -> Any:
        with self._lock:
            self._refresh()
            if self._given is self._newest:
                return None  # gRPC keeps the pair that it has.
            self._given = self._newest
            return _configuration(self._given)


def read_peer(pem: bytes) -> Peer:
    """Parse the certificate of a client, which gRPC has verified against a trusted authority.

    :raises WrongPeer: the certificate cannot be parsed.
    """
    try:
        leaf = x509.load_pem_x509_certificate(pem)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Peer((), (), leaf.not_valid_after_utc)
    except (ValueError, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
        raise WrongPeer("the certificate cannot be read") from None
    return Peer(
        tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
        tuple(names.get_values_for_type(x509.DNSName)),
        leaf.not_valid_after_utc,
    )


def _configuration(pair: _Pair) -> Any:
    return grpc.ssl_server_certificate_configuration(
        [(pair.key, pair.certificate)], root_certificates=pair.authority
    )


def _state(files: TlsFiles) -> _State:
    """Return a value that changes whenever a file is replaced or overwritten.

    Modification time and size are not enough: a copy that preserves times may keep both.
    """
    found: list[tuple[int, ...]] = []
    for path in (files.certificate, files.key, files.client_authority):
        try:
            stat = path.stat()
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size))
        except OSError:
            found.append(())
    return tuple(found)


def _read(files: TlsFiles) -> _Pair:
    chain, key = _bytes(files.certificate), _bytes(files.key)
    authority = _bytes(files.client_authority)
    leaf = _certificates(files.certificate, chain)[0]
    _certificates(files.client_authority, authority)
    if _private_key(files.key, key).public_key() != leaf.public_key():
        raise UsageError(
            f"{files.key} is not the key of {files.certificate}",
            hint="replace both; the previous files stay in use until both match",
        )
    if leaf.not_valid_after_utc <= datetime.now(UTC):
        raise UsageError(
            f"{files.certificate} expired at {leaf.not_valid_after_utc.isoformat()}",
            hint="replace it by a new one",
        )
    return _Pair(chain, key, authority, leaf.not_valid_after_utc)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _certificates(path: Path, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise UsageError(
            f"{path} contains no certificates", hint="PEM is expected: BEGIN CERTIFICATE"
        ) from None


def _private_key(path: Path, pem: bytes) -> PrivateKeyTypes:
    # The library's message for a broken key might quote the key.
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise UsageError(
            f"{path} contains no readable private key",
            hint="PEM is expected, without a password: BEGIN PRIVATE KEY",
        ) from None
