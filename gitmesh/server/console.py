"""The console as a part of the server process."""

import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gitmesh.access.users.user_file import UserFile
from gitmesh.console.application import Console
from gitmesh.console.sign_in.entrance import Entrance
from gitmesh.console.sign_in.people import People
from gitmesh.console.sign_in.session_file import session_path
from gitmesh.console.sign_in.sessions import Sessions
from gitmesh.console.web.origin import Hosts, is_loopback
from gitmesh.service.resources.change import ResourceChanges
from gitmesh.service.served import open_served, remove_lock
from gitmesh.settings import Settings, operator
from gitmesh.web.server import listen, serve_http
from gitmesh.web.tls import ServerCertificate, server_certificate
from mesh.errors import UsageError
from reconciler.git.writing import Person
from xds.bootstrap.address import where_to_listen

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BoundConsole:
    """The console, bound to its address and ready to answer."""

    listener: socket.socket
    certificate: ServerCertificate | None
    users: UserFile | None
    settings: Settings

    @property
    def url(self) -> str:
        """Return the URL that a browser on this machine opens."""
        if self.settings.console_url:
            return self.settings.console_url
        host, port = self.listener.getsockname()[:2]
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"

    async def serve(
        self, repo: Path, log: Path, settings: Settings, changes: ResourceChanges
    ) -> None:
        """Answer browsers until cancelled."""
        with open_served(repo, log, settings, changes) as served:
            await remove_lock(changes)
            console = Console(served, self._entrance(repo, log))
            _log.info("serving the console", extra={"url": self.url})
            tls = None if self.certificate is None else self.certificate.context
            await serve_http(console.application, self.listener, tls=tls, ending=console.end)

    def _entrance(self, repo: Path, log: Path) -> Entrance:
        host, port = self.listener.getsockname()[:2]
        public = urlsplit(self.settings.console_url).hostname
        names = {name for name in (public, host) if name}
        return Entrance(
            Hosts(frozenset(names), loopback=is_loopback(host)),
            port,
            People(self.users, None if self.users else Person(*operator(repo))),
            self.settings.console_url,
            tls=self.certificate is not None,
            sessions=Sessions(session_path(log)),
        )


def bind(settings: Settings) -> BoundConsole:
    """Bind the console's address.

    :raises UsageError: the address cannot be used, or nobody would have to sign in.
    """
    place = where_to_listen(settings.console)
    if place is None:
        raise UsageError(
            f"--console {settings.console}: not a Unix socket", hint="write 127.0.0.1:18090"
        )
    users = None if settings.console_users is None else UserFile(settings.console_users)
    certificate = server_certificate(
        settings.console_tls_cert, settings.console_tls_key, "--console-tls"
    )
    if not is_loopback(place[0]):
        _require_safety(settings, has_users=users is not None, tls=certificate is not None)
    try:
        listener = listen(settings.console)
    except OSError as error:
        raise UsageError(
            f"--console {settings.console}: {error.strerror}",
            hint="choose another address: --console 127.0.0.1:18091",
        ) from None
    return BoundConsole(listener, certificate, users, settings)


def _require_safety(settings: Settings, *, has_users: bool, tls: bool) -> None:
    """Check that others than the users of this machine have to sign in, and cannot be overheard.

    :raises UsageError: they would not.
    """
    if not has_users:
        raise UsageError(
            f"--console {settings.console}: everybody who reaches it could change the mesh",
            hint="listen on 127.0.0.1, or name who may sign in: --console-users FILE",
        )
    if not tls and not settings.console_url.startswith("https:"):
        raise UsageError(
            f"--console {settings.console}: passwords would cross the network in plain text",
            hint="give --console-tls-cert and --console-tls-key, or, behind a proxy that speaks "
            "TLS, --console-url https://…",
        )
