"""Settings from the environment."""

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gitmesh.environment import process_environment
from gitmesh.inbox.pusher import user_name
from mesh.errors import UsageError
from reconciler.git.settings import configured
from xds.bootstrap.address import where_to_listen

PREFIX = "GITMESH_"
APP_MESH_PREFIX = "APPMESH_"

_SERVICE_LINK = re.compile(r"GITMESH_(SERVICE_(HOST|PORT).*|PORT(_.*)?)")
"""Variables that Kubernetes sets in every container for a Service named gitmesh."""


class Settings(BaseModel):
    """Settings from environment variables; options on the command line override them.

    Each field is read from ``GITMESH_`` and its name in capitals: ``GITMESH_LISTEN``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    branch: str = ""
    """The branch to follow; by default the branch that the repository's HEAD names."""
    log: Path | None = None
    """The event log; by default inside the repository (see :mod:`gitmesh.queries.log_location`)."""
    listen: str = "127.0.0.1:18000"
    """Address for proxies: ``host:port``, ``[::1]:port`` or ``unix:path``."""
    insecure_listen: bool = False
    """Allow plain text on addresses that are not local."""
    tls_cert: Path | None = None
    """PEM file with the server's certificate and its chain: mutual TLS with ``tls_key`` and
    ``tls_client_ca``. Changed files are reloaded."""
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    """Certificate authorities of proxies."""
    tls_trust_domain: str = ""
    """Required trust domain of proxy certificates; empty accepts any."""
    max_streams: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Maximum proxies per process."""
    max_streams_of_node: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    """Maximum proxies per virtual node or gateway."""
    new_stream_rate: Annotated[float, Field(gt=0)] = 1_000.0
    """Sustained rate of new proxies per second; four times as many may arrive at once."""
    max_connection_age_s: Annotated[float | None, Field(gt=0)] = None
    """Age, ±10 %, at which connections are closed, so that proxies spread over all servers and
    workers again."""
    http: str = ""
    """Address of the HTTP API: ``host:port``; if empty, there is no HTTP API."""
    http_credentials: Path | None = None
    """File with the credentials of the API's callers, readable only by its owner."""
    http_anonymous: bool = False
    """Allow everyone who can connect to read and write; only on a loopback address, and without a
    credential file."""
    http_tls_cert: Path | None = None
    """PEM file with the HTTP API's certificate and its chain. Changed files are reloaded."""
    http_tls_key: Path | None = None
    http_rate: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    """Maximum requests per second of one caller of the HTTP API."""
    console: str = ""
    """Address of the console for browsers: ``host:port``; empty for none."""
    console_url: Annotated[str, Field(pattern=r"^(https?://[^/\s]+/?)?$")] = ""
    """URL by which browsers reach the console, where that is not its address."""
    console_users: Path | None = None
    """File with the console's users, readable by its owner alone; without one, whoever uses this
    machine comes in by one click."""
    console_tls_cert: Path | None = None
    """PEM file with the console's certificate and its chain. Changed files are reloaded."""
    console_tls_key: Path | None = None
    account_id: Annotated[str, Field(pattern=r"^([0-9]{12})?$")] = ""
    """The AWS account in ARNs, which owns the meshes; by default that in the repository's
    gitmesh.yaml."""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "us-east-1"
    """The AWS region in ARNs."""
    server: str = ""
    """Address of the server that ``get``, ``apply``, ``edit`` and ``delete`` use."""
    token: Annotated[str, Field(repr=False)] = ""
    """Bearer token for that server; if empty, requests are signed with AWS credentials."""
    context: str = ""
    """Name of a server in ``~/.config/gitmesh/context.toml``."""
    workers: Annotated[int, Field(ge=0, le=64)] = 0
    """Number of processes that serve proxies; 0 means one process for everything."""
    report_interval_s: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    """Interval at which proxies are asked to report their load."""
    traffic_days: Annotated[float, Field(gt=0, le=3650)] = 8.0
    """Days for which reported traffic is kept, beside the event log."""
    mirror: Path | None = None
    """The mirror of a remote repository; by default in ``~/.local/state/gitmesh/mirrors``."""
    remote_poll_s: Annotated[float, Field(ge=1, le=3600)] = 15.0
    """Interval, ±10 %, at which a remote repository is asked for its branch."""
    remote_token_file: Path | None = None
    """File with the access token for a remote over HTTPS."""
    remote_ssh_key: Path | None = None
    """Private key for a remote over SSH."""
    remote_known_hosts: Path | None = None
    """Host keys for a remote over SSH; by default those of ``~/.ssh/known_hosts``."""
    remote_ca_file: Path | None = None
    """Certificate authorities for a remote over HTTPS; by default those of the system."""
    webhook_secret_file: Path | None = None
    """File with the secret of webhooks by which a forge tells of pushes, at ``/webhook`` of the
    HTTP API's address."""
    poll_s: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """Interval in which the branch is checked even without a file event."""
    checkpoint_key: Path | None = None
    """Key that signs checkpoints of the log; without a key, no checkpoints are signed."""
    public_key: Path | None = None
    """Public key for checking checkpoints; by default the public key beside the signing key."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    debug: bool = False
    """Show tracebacks of errors."""
    no_color: bool = False
    """Do not use colours; the usual ``NO_COLOR`` sets it, too."""

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, listen: str) -> str:
        # Before anything is opened: gRPC would listen elsewhere rather than complain.
        try:
            where_to_listen(listen)
        except UsageError as error:
            raise ValueError(f"not an address; {error.hint}") from None
        return listen

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings.

        :raises UsageError: a ``GITMESH_`` variable is unknown or has an invalid value.
        """
        environment = process_environment() if environment is None else environment
        given: dict[str, object] = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX) and not _SERVICE_LINK.fullmatch(name)
        }
        if environment.get("NO_COLOR"):
            given["no_color"] = True
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise _explain(error) from None

    def overridden(self, **options: object) -> Self:
        """Return the settings with the given options, those that are not ``None``.

        :raises UsageError: an option has an invalid value.
        """
        given = {name: value for name, value in options.items() if value is not None}
        try:
            return self.model_validate({**self.model_dump(), **given})
        except ValidationError as error:
            raise _explain(error, prefix="--") from None


def operator(
    repo: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Return name and e-mail address of the user who runs a command, as in git's configuration.

    They come from ``GIT_AUTHOR_NAME`` and ``GIT_AUTHOR_EMAIL``, else from ``user.name`` and
    ``user.email`` in git's configuration for this repository, else from the system user.
    """
    environment = process_environment() if environment is None else environment
    user, top = user_name(os.getuid()), repo or Path()
    where = top / ".git" if (top / ".git").exists() else top
    name = environment.get("GIT_AUTHOR_NAME") or configured(where, "user.name") or user
    email = environment.get("GIT_AUTHOR_EMAIL") or configured(where, "user.email")
    return name, email or f"{user}@{socket.gethostname()}"


def app_mesh_variables(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of App Mesh's sidecars, without ``APPMESH_``."""
    environment = process_environment() if environment is None else environment
    return {
        name.removeprefix(APP_MESH_PREFIX): value
        for name, value in environment.items()
        if name.startswith(APP_MESH_PREFIX)
    }


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment for a child process, without variables for git or gitmesh."""
    ours = {k: v for k, v in process_environment().items() if not k.startswith((PREFIX, "GIT_"))}
    return {**ours, **changes}


def _explain(error: ValidationError, prefix: str = PREFIX) -> UsageError:
    lines = []
    for found in error.errors():
        name = str(found["loc"][0])
        # An option's unit is in its value's name: --poll SECONDS.
        option = name.removesuffix("_s").replace("_", "-")
        shown = option if prefix == "--" else name.upper()
        if found["type"] == "extra_forbidden":
            lines.append(f"{prefix}{shown} is not a setting")
        else:
            lines.append(
                f"{prefix}{shown}={found['input']!r}: {found['msg'].removeprefix('Value error, ')}"
            )
    known = ", ".join(PREFIX + name.upper() for name in Settings.model_fields)
    hint = f"the settings are {known}" if prefix == PREFIX else "see --help"
    return UsageError("; ".join(lines), hint=hint)
