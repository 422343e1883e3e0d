"""How git authenticates to a remote, and which remote it believes: files, by their paths.

The files are read anew for every connection, so they can be replaced at any time. Their contents
never reach a command line, the environment of a process, a log line or an event.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mesh.errors import UsageError
from reconciler.remote.address import RemoteAddress

_FROM_FILE: Final = (
    '!f() { test "$1" = get || exit 0; '
    'printf "username=%s\\npassword=" "$GITMESH_GIT_USER"; '
    'head -n 1 -- "$GITMESH_GIT_TOKEN_FILE"; }; f'
)
"""A credential helper (gitcredentials(7)): it reads the token only when git asks for it."""
_NEEDED: Final = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK")
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_SYSTEM_AUTHORITIES: Final = (
    Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Arch
    Path("/etc/pki/tls/certs/ca-bundle.crt"),  # Fedora
    Path("/etc/ssl/cert.pem"),  # Alpine
)
"""One file with all authorities of the system, made from its folder."""
_DEFAULT_USER: Final = "git"
"""Forges ignore the user's name beside an access token, but it must not be empty."""
_STALLED_BYTES_PER_S: Final = 1000
_STALLED_S: Final = 20


@dataclass(frozen=True, slots=True)
class RemoteAccess:
    """Paths of credentials, and of what identifies the remote."""

    token_file: Path | None = None
    """Access token or password for HTTPS, in the first line."""
    ssh_key: Path | None = None
    """Private key for SSH, without a passphrase."""
    known_hosts: Path | None = None
    """Host keys for SSH, as in ``~/.ssh/known_hosts``, which is the default. A host that is not in
    it is refused."""
    ca_file: Path | None = None
    """Certificate authorities for HTTPS, in PEM; by default those of the system."""
    inherited: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Environment of this process, of which git, ssh and curl get what they need."""

    def require_files(self, address: RemoteAddress) -> None:
        """Check that the files can be read, and belong to this kind of address.

        :raises UsageError: a file cannot be read, or has no use here.
        """
        for option, path, scheme in (
            ("--remote-token-file", self.token_file, "http"),
            ("--remote-ca-file", self.ca_file, "http"),
            ("--remote-ssh-key", self.ssh_key, "ssh"),
            ("--remote-known-hosts", self.known_hosts, "ssh"),
        ):
            if path is None:
                continue
            if not address.scheme.startswith(scheme):
                raise UsageError(
                    f"{option} has no use with {address.scheme}://",
                    hint=f"leave it out, or use an address that begins with {scheme}",
                )
            try:
                with path.open("rb"):
                    pass
            except OSError as error:
                raise UsageError(
                    f"{option} {path}: {error.strerror}", hint="check the path and its permissions"
                ) from None

    def environment(self, address: RemoteAddress) -> dict[str, str]:
        """Return the environment variables for a git command that talks to this remote.

        Only this remote's own transport is allowed, and no configuration of the user or of the
        system is read: it could send the request to another host.
        """
        found = {
            **{n: v for n, v in self.inherited.items() if n in _NEEDED or n.lower() in _PROXIES},
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": address.scheme,
            "GIT_SSH_COMMAND": shlex.join(self._ssh()),
            "SSH_ASKPASS_REQUIRE": "never",
            "LC_ALL": "C",
        }
        if self.token_file is not None:
            found["GITMESH_GIT_USER"] = address.user or _DEFAULT_USER
            found["GITMESH_GIT_TOKEN_FILE"] = str(self.token_file.absolute())
        settings = list(self._settings())
        found["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (name, value) in enumerate(settings):
            found[f"GIT_CONFIG_KEY_{number}"] = name
            found[f"GIT_CONFIG_VALUE_{number}"] = value
        return found

    def _settings(self) -> Iterator[tuple[str, str]]:
        yield "credential.helper", ""  # none of the user's or of the repository's
        if self.token_file is not None:
            yield "credential.helper", _FROM_FILE
        authorities = self.ca_file or next(filter(Path.exists, _SYSTEM_AUTHORITIES), None)
        if authorities is not None:
            yield "http.sslCAInfo", str(authorities.absolute())
            # Without this, curl with GnuTLS believes the system's folder of authorities, too, and
            # reads all of its files for each question.
            yield "http.sslCAPath", "/dev/null"
        yield "http.lowSpeedLimit", str(_STALLED_BYTES_PER_S)
        yield "http.lowSpeedTime", str(_STALLED_S)
        yield "fetch.fsckObjects", "true"
        yield "core.hooksPath", "/dev/null"
        yield "protocol.version", "2"

    def _ssh(self) -> list[str]:
        command = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        command += ["-o", "ConnectTimeout=10", "-o", f"ServerAliveInterval={_STALLED_S // 2}"]
        if self.ssh_key is not None:
            command += ["-i", str(self.ssh_key.absolute()), "-o", "IdentitiesOnly=yes"]
        if self.known_hosts is not None:
            command += ["-o", f"UserKnownHostsFile={_quoted(self.known_hosts.absolute())}"]
            command += ["-o", "GlobalKnownHostsFile=none"]
        return command


def _quoted(path: Path) -> str:
    """Return a path as an ssh option takes it, where spaces separate several paths."""
    return f'"{path}"' if " " in str(path) else str(path)
