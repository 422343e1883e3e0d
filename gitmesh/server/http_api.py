"""The HTTP API as a part of the server process."""

import ipaddress
import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from events.clock import utc_now
from events.opening import open_for_reading
from gitmesh.access.caller import Caller
from gitmesh.access.credential_file import CredentialFile
from gitmesh.api.answers import NO_ACCOUNT, Account
from gitmesh.api.app_mesh import AppMeshApi
from gitmesh.api.callers import Callers
from gitmesh.api.errors import ApiError
from gitmesh.api.http import HttpRequest, application, listen, sent_request, serve_http
from gitmesh.api.signature import SignedRequest
from gitmesh.api.staging import Staging
from gitmesh.json_api.asking import Served
from gitmesh.json_api.errors import Refused
from gitmesh.json_api.http import JsonApi
from gitmesh.service.changes.change_set_files import ChangeSetFiles
from gitmesh.service.resources.change import ResourceChanges
from gitmesh.service.resources.listing import Listing
from gitmesh.service.resources.settings import ServedSettings
from gitmesh.service.resources.tags import ServedTags
from gitmesh.settings import Settings
from mesh.errors import UsageError
from reconciler.git.writing import Person
from xds.bootstrap.address import where_to_listen

_log = logging.getLogger(__name__)

COMMITTER = Person("gitmesh", "gitmesh@localhost")
"""Committer of the commits that callers' calls make; their author is the caller."""


@dataclass(frozen=True, slots=True)
class HttpApi:
    """The API, bound to its address and ready to answer."""

    listener: socket.socket
    callers: Callers

    @property
    def address(self) -> str:
        """Return the address that it answers on; the port is the one that the system chose."""
        host, port = self.listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def serve(self, repo: Path, log: Path, settings: Settings) -> None:
        """Answer calls until cancelled."""
        with open_for_reading(log) as reading:
            branch = settings.branch or None
            changes = ResourceChanges(repo, branch, reading)
            repository = ServedSettings(repo, reading)

            def account() -> Account:
                number = settings.account_id or repository.read().account_id or NO_ACCOUNT
                return Account(number, settings.region)

            tags = ServedTags(repo, reading, lambda: changes.known)
            staging = Staging(ChangeSetFiles(log), reading, changes, tags, account)
            api = AppMeshApi(reading, changes, tags, account, COMMITTER, staging)
            served = Served(reading, log, repo, branch, changes, COMMITTER, Listing(reading))
            beside = JsonApi(served, self._received)
            _log.info("serving the API", extra={"listen": self.address})
            together = application(api, self.callers, [beside.route])
            await serve_http(together, self.listener, beside.end)

    async def _received(self, request: HttpRequest) -> tuple[SignedRequest, Caller]:
        """Return a request of the JSON API, and who sent it."""
        try:
            sent = await sent_request(request)
            return sent, self.callers.caller(sent, utc_now())
        except ApiError as error:
            raise Refused(error.status, error.message, retry_after_s=error.retry_after_s) from None


def bind(settings: Settings) -> HttpApi:
    """Bind the API's address.

    :raises UsageError: the address cannot be used, or nobody would have to prove who calls.
    """
    place = where_to_listen(settings.http)
    if place is None:
        raise UsageError(f"--http {settings.http}: not a Unix socket", hint="write 127.0.0.1:18080")
    if settings.http_credentials is None and not settings.http_anonymous:
        raise UsageError(
            "--http needs to know who may call",
            hint="name their credentials, --http-credentials FILE; or, on this machine alone, "
            "allow everyone: --http-anonymous",
        )
    if settings.http_credentials is not None and settings.http_anonymous:
        raise UsageError("--http-anonymous and --http-credentials exclude each other")
    if settings.http_anonymous and not _is_loopback(place[0]):
        raise UsageError(
            f"--http-anonymous would let everyone who reaches {settings.http} change the mesh",
            hint="listen on 127.0.0.1, or name credentials: --http-credentials FILE",
        )
    found = None if settings.http_credentials is None else CredentialFile(settings.http_credentials)
    try:
        listener = listen(settings.http)
    except OSError as error:
        raise UsageError(
            f"--http {settings.http}: {error.strerror}",
            hint="choose another address: --http 127.0.0.1:18081",
        ) from None
    return HttpApi(listener, Callers(found, anonymous=settings.http_anonymous))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
