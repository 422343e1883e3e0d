"""Settings from the environment."""

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gitmesh.environment import process_environment
from gitmesh.push.pusher import user_name
from mesh.errors import UsageError
from xds.address import where_to_listen

PREFIX = "GITMESH_"
APP_MESH_PREFIX = "APPMESH_"

_SERVICE_LINK = re.compile(r"GITMESH_(SERVICE_(HOST|PORT).*|PORT(_.*)?)")
"""What Kubernetes puts into every container beside a Service that is named gitmesh."""


class Settings(BaseModel):
    """What may be set for a whole machine; an option on the command line goes before it.

    Each field is read from ``GITMESH_`` and its name in capitals: ``GITMESH_LISTEN``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    branch: str = ""
    """The branch to follow; empty means the one that the repository's HEAD names."""
    log: Path | None = None
    """The event log; by default it lives inside the repository (see :mod:`gitmesh.places`)."""
    listen: str = "127.0.0.1:18000"
    """Where proxies connect: ``host:port``, ``[::1]:port`` or ``unix:path``."""
    insecure_listen: bool = False
    """Whether plain text may be served beyond this machine."""
    tls_cert: Path | None = None
    """The server's certificate, in PEM, with its chain: mutual TLS with ``tls_key`` and
    ``tls_client_ca``. Files that change are read again."""
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    """Who signs the certificates of proxies."""
    tls_trust_domain: str = ""
    """The trust domain that proxies' certificates must be of; empty means any."""
    max_streams: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """How many proxies one process serves at most."""
    max_streams_of_node: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    """How many of them may be of one virtual node or gateway."""
    new_stream_rate: Annotated[float, Field(gt=0)] = 1_000.0
    """How fast proxies are let in for long; four times as many may come at once."""
    max_connection_age_s: Annotated[float | None, Field(gt=0)] = None
    """Connections of this age are closed, 10 % sooner or later, so that proxies spread anew over
    servers and workers."""
    workers: Annotated[int, Field(ge=0, le=64)] = 0
    """How many processes serve proxies; 0 means the one process that does everything."""
    poll_s: Annotated[float, Field(gt=0, le=3600)] = 1.0
    """How often the branch is looked at even when nothing says that it moved."""
    checkpoint_key: Path | None = None
    """The key that signs checkpoints of the log; without one, none are made."""
    public_key: Path | None = None
    """The public key that checkpoints are checked with; by default the one beside the other."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    debug: bool = False
    """Whether errors show where in gitmesh they came from."""
    no_color: bool = False
    """Whether to leave colours out; the usual ``NO_COLOR`` sets it too."""

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

        :raises UsageError: a variable of ours is not known or has a value that does not fit.
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
        """Return these settings with those options that were given: those that are not ``None``.

        :raises UsageError: an option has a value that does not fit.
        """
        given = {name: value for name, value in options.items() if value is not None}
        try:
            return self.model_validate({**self.model_dump(), **given})
        except ValidationError as error:
            raise _explain(error, prefix="--") from None


def operator(environment: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return name and e-mail address of whoever runs a command, as git would know them.

    That is what ``GIT_AUTHOR_NAME`` and ``GIT_AUTHOR_EMAIL`` say, and the user of this machine.
    """
    environment = process_environment() if environment is None else environment
    user = user_name(os.getuid())
    name = environment.get("GIT_AUTHOR_NAME") or user
    return name, environment.get("GIT_AUTHOR_EMAIL") or f"{user}@{socket.gethostname()}"


def app_mesh_variables(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that App Mesh's sidecars are told things by, without ``APPMESH_``."""
    environment = process_environment() if environment is None else environment
    return {
        name.removeprefix(APP_MESH_PREFIX): value
        for name, value in environment.items()
        if name.startswith(APP_MESH_PREFIX)
    }


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment for a process we start: ours, without what steers git or gitmesh."""
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
