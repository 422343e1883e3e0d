"""The HTTP API as a part of the server process."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from events.logged_commits import LoggedCommits
from events.opening import size_of
from gitmesh.access.caller import Caller
from gitmesh.access.credential_file import CredentialFile
from gitmesh.api.answers import NO_ACCOUNT, Account
from gitmesh.api.app_mesh import AppMeshApi
from gitmesh.api.callers import Callers
from gitmesh.api.errors import ApiError
from gitmesh.api.http import HttpRequest, application
from gitmesh.api.monitoring.log_metrics import LogMetrics
from gitmesh.api.monitoring.metrics import Metrics
from gitmesh.api.monitoring.readiness import readiness
from gitmesh.api.monitoring.routes import monitoring_routes
from gitmesh.api.monitoring.traffic_metrics import Totals
from gitmesh.api.signature import SignedRequest
from gitmesh.api.staging import Staging
from gitmesh.api.web.rate_limit import RateLimit
from gitmesh.api.web.reception import Reception
from gitmesh.api.web.responses import refused
from gitmesh.api.webhook.route import read_webhook_secret, webhook_route
from gitmesh.json_api.errors import Refused
from gitmesh.json_api.http import JsonApi
from gitmesh.openapi.route import openapi_route
from gitmesh.service.changes.change_set_files import ChangeSetFiles
from gitmesh.service.resources.change import ResourceChanges
from gitmesh.service.resources.settings import ServedSettings
from gitmesh.service.served import open_served, remove_lock
from gitmesh.settings import Settings
from gitmesh.web.bounds import Bounded
from gitmesh.web.server import listen, serve_http
from gitmesh.web.tls import ServerCertificate, server_certificate
from mesh.errors import UsageError
from reconciler.loop import Startup
from xds.bootstrap.address import where_to_listen

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpApi:
    """The API, bound to its address and ready to answer."""

    listener: socket.socket
    reception: Reception
    certificate: ServerCertificate | None
    """TLS certificate of the API's port; plain text if ``None``."""

    @property
    def address(self) -> str:
        """Return the address on which the API is served, with the port that the system chose."""
        host, port = self.listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def serve(
        self,
        repo: Path,
        log: Path,
        settings: Settings,
        startup: Startup,
        logged: LoggedCommits,
        changes: ResourceChanges,
        traffic: Callable[[], Totals] = dict,
        pushed: Callable[[], None] | None = None,
    ) -> None:
        """Serve the API until cancelled.

        :param logged: announces what is appended to the log.
        :param traffic: returns the sums of what proxies reported since the server's start.
        :param pushed: called when a webhook tells of a push; None if no remote is followed.
        """
        with open_served(repo, log, settings, changes) as served:
            await remove_lock(changes)
            reading = served.log
            repository = ServedSettings(repo, reading)

            def account() -> Account:
                number = settings.account_id or repository.read().account_id or NO_ACCOUNT
                return Account(number, settings.region)

            self.reception.remember(served.signatures)
            staging = Staging(
                ChangeSetFiles(log), reading, changes, served.tags, account, served.signatures
            )
            api = AppMeshApi(
                reading,
                changes,
                served.tags,
                account,
                served.committer,
                staging,
                served.signatures,
            )
            beside = JsonApi(served, self._received)
            scheme = "http" if self.certificate is None else "https"
            _log.info("serving the API", extra={"listen": self.address, "scheme": scheme})
            metrics = Metrics(version("gitmesh"), reading, traffic)
            metrics.log_bytes.set_function(partial(size_of, log))
            counted = LogMetrics(reading, metrics)
            now = partial(readiness, reading, startup.serving.is_set, startup.followed.is_set)
            monitoring = monitoring_routes(self.reception, metrics, counted, now)
            others = [*monitoring, openapi_route(), beside.route]
            if pushed is not None and settings.webhook_secret_file is not None:
                others.append(webhook_route(settings.webhook_secret_file, pushed))
            app = Bounded(
                application(api, self.reception, logged, others), refused, metrics.observe_request
            )
            tls = None if self.certificate is None else self.certificate.context
            counting = asyncio.create_task(counted.run())
            try:
                await serve_http(
                    app,
                    self.listener,
                    tls=tls,
                    ending=beside.end,
                    connections=metrics.connections.set,
                )
            finally:
                counting.cancel()
                await asyncio.wait([counting])

    async def _received(self, request: HttpRequest) -> tuple[SignedRequest, Caller]:
        """Return a request of the JSON API, with its caller."""
        try:
            return await self.reception.receive(request)
        except ApiError as error:
            raise Refused(error.status, error.message, retry_after_s=error.retry_after_s) from None


def bind(settings: Settings) -> HttpApi:
    """Bind the API's address.

    :raises UsageError: the address cannot be used, or no authentication would be required.
    """
    place = where_to_listen(settings.http)
    if place is None:
        raise UsageError(f"--http {settings.http}: not a Unix socket", hint="write 127.0.0.1:18080")
    if settings.http_credentials is None and not settings.http_anonymous:
        raise UsageError(
            "--http needs credentials of its callers",
            hint="give --http-credentials FILE; or, only on this machine, allow everyone: "
            "--http-anonymous",
        )
    if settings.http_credentials is not None and settings.http_anonymous:
        raise UsageError("--http-anonymous and --http-credentials exclude each other")
    if settings.http_anonymous and not _is_loopback(place[0]):
        raise UsageError(
            f"--http-anonymous would let everyone who reaches {settings.http} change the mesh",
            hint="listen on 127.0.0.1, or use --http-credentials FILE",
        )
    if settings.webhook_secret_file is not None:
        read_webhook_secret(settings.webhook_secret_file)
    found = None if settings.http_credentials is None else CredentialFile(settings.http_credentials)
    certificate = server_certificate(settings.http_tls_cert, settings.http_tls_key, "--http-tls")
    private = certificate is not None or _is_loopback(place[0])
    try:
        listener = listen(settings.http)
    except OSError as error:
        raise UsageError(
            f"--http {settings.http}: {error.strerror}",
            hint="choose another address: --http 127.0.0.1:18081",
        ) from None
    callers = Callers(found, anonymous=settings.http_anonymous, private=private)
    return HttpApi(listener, Reception(callers, RateLimit(settings.http_rate)), certificate)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
