"""TLS of the API's port, with certificate files that are read again when they change."""

import logging
import ssl
from pathlib import Path

from mesh.errors import UsageError

_log = logging.getLogger(__name__)
_HINT = "give a PEM certificate with its chain, and the private key that belongs to it"


def server_certificate(
    certificate: Path | None, key: Path | None, option: str
) -> "ServerCertificate | None":
    """Return the certificate of a server, or ``None`` if it is to speak plain text.

    :param option: the beginning of both options: ``--http-tls``.
    :raises UsageError: only one of the two files is given, or they are unusable.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError(
            "TLS needs a certificate and its key", hint=f"give {option}-cert and {option}-key"
        )
    return ServerCertificate(certificate, key)


class ServerCertificate:
    """A certificate and its key, reloaded when their files change."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read the files.

        :raises UsageError: a file is missing or invalid, or they do not belong together.
        """
        self._certificate = certificate.absolute()
        self._key = key.absolute()
        self._stamp = self._now()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """Return the context for the next handshake, with the newest valid files.

        Invalid files are not used; one log line per change gives the reason.
        """
        stamp = self._now()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._context = self._load()
                _log.info("the API's certificate was reloaded")
            except UsageError as error:
                words = "the API's new certificate is unusable; the previous one is used"
                _log.error(words, extra={"reason": error.message})
        return self._context

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            # A key with a passphrase would be asked for at the terminal.
            context.load_cert_chain(self._certificate, self._key, password=lambda: "")
        except (OSError, ValueError) as error:
            why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            raise UsageError(
                f"{self._certificate} and {self._key} cannot be used for TLS: {why}", hint=_HINT
            ) from None
        return context

    def _now(self) -> tuple[tuple[int, ...], ...]:
        return tuple(map(_stamp, (self._certificate, self._key)))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
