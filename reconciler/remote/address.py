"""Addresses of remote repositories, in the forms that git takes. Pure."""

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from mesh.errors import UsageError

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCP_LIKE: Final = re.compile(
    r"(?P<user>[\w.+-]+)@(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<path>.+)"
)
"""``git@forge.example:team/mesh.git``, the short form of an SSH address."""
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SCHEMES: Final = ("https", "ssh", "file", "http")
_SLUG: Final = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """The address of a remote repository."""

    url: str
    """The address as git takes it; it contains no password."""
    scheme: str
    """``https``, ``ssh``, ``file``, or ``http`` on a loopback address."""
    host: str
    path: str
    user: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address: ``https://…``, ``ssh://…``, ``file://…`` or ``user@host:path``.

        :raises UsageError: it is none of these, contains a password, or would send credentials in
            plain text.
        """
        if _UNSAFE.search(text):
            raise UsageError("an address of a repository has no control characters")
        if not _URL.match(text) and (short := _SCP_LIKE.fullmatch(text)):
            return cls._checked(cls(text, "ssh", short["host"], short["path"], short["user"]))
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname or "", parts.port
        except ValueError as error:
            raise UsageError(f"this is not the address of a repository: {error}") from None
        if parts.password is not None:
            raise UsageError(
                "the address contains a password, which others could read in the list of processes",
                hint="remove it from the address, and give a file: --remote-token-file FILE",
            )
        if parts.query or parts.fragment:
            raise UsageError(
                f"{text} is not the address of a repository: it has a query or a fragment",
                hint="copy the address that the forge shows for git clone",
            )
        return cls._checked(cls(text, parts.scheme.lower(), host, parts.path, parts.username or ""))

    @classmethod
    def _checked(cls, found: Self) -> Self:
        if found.scheme not in _SCHEMES:
            raise UsageError(
                f"{found.scheme}:// is not supported",
                hint="use https://, ssh:// or file://",
            )
        # An option in place of a host name: git refuses it, too, since CVE-2017-1000117.
        if found.host.startswith("-") or found.user.startswith("-"):
            raise UsageError("the name of a host or of a user cannot begin with -")
        if not found.path.strip("/") or (found.scheme != "file" and not found.host):
            raise UsageError(
                f"{found.url} names no repository", hint="write https://forge.example/team/mesh.git"
            )
        if found.scheme == "file" and found.host not in ("", "localhost"):
            raise UsageError(
                f"{found.url} names a host, but file:// is for paths on this machine",
                hint="write three slashes: file:///srv/git/mesh.git",
            )
        if found.scheme == "http" and not _is_loopback(found.host):
            raise UsageError(
                f"{found.url} would be read in plain text", hint=f"use https://{found.host}…"
            )
        return found

    @property
    def name(self) -> str:
        """A name for files about this repository, with its host and path; distinct addresses have
        distinct names."""
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        path = self.path.strip("/").removesuffix(".git")
        return f"{_SLUG.sub('-', f'{self.host}-{path}').strip('-.')[-80:]}-{digest}"


def is_remote_address(text: str) -> bool:
    """Return whether a text names a remote repository, and not a path on this machine."""
    return bool(_URL.match(text) or _SCP_LIKE.fullmatch(text))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
