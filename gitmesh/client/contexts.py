"""Named servers in a configuration file of the user: ``~/.config/gitmesh/context.toml``.

::

    current = "prod"

    [context.prod]
    server = "https://mesh.example"
    token = "…"
    ca_file = "/etc/mesh/ca.pem"
"""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mesh.errors import UsageError

_MOST_BYTES: Final = 64 * 1024


class Context(BaseModel):
    """One server, and the credentials for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    server: str
    token: Annotated[str | None, Field(repr=False)] = None
    """Bearer token; if empty, requests are signed with AWS credentials."""
    region: str | None = None
    """Region in signatures."""
    ca_file: str | None = None
    """PEM file of authorities to trust."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    current: str = ""
    context: dict[str, Context] = {}


def context_path(environment: Mapping[str, str]) -> Path:
    """Return the path of the configuration file, below ``XDG_CONFIG_HOME`` or ``~/.config``."""
    top = environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME', '')}/.config"
    return Path(top) / "gitmesh" / "context.toml"


def read_context(path: Path, name: str) -> Context | None:
    """Return the context with this name, by default the current one; ``None`` if there is no
    current one.

    :raises UsageError: no context has this name, the file is invalid, or other users can read the
        tokens in it.
    """
    try:
        with path.open("rb") as file:
            text, mode = file.read(_MOST_BYTES), path.stat().st_mode
    except FileNotFoundError:
        text, mode = b"", 0
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", hint="give the server's address: --server URL"
        ) from None
    found = _parsed(path, text)
    wanted = name or found.current
    if not wanted:
        return None
    if wanted not in found.context:
        known = ", ".join(sorted(found.context)) or "none"
        raise UsageError(f"there is no context {wanted!r}", hint=f"{path} has: {known}")
    if found.context[wanted].token is not None and stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"{path} can be read by other users", hint=f"chmod 600 {path}")
    return found.context[wanted]


def _parsed(path: Path, text: bytes) -> _File:
    try:
        return _File.model_validate(tomllib.loads(text.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {where}: {first['msg']}", hint="see docs/servers.md") from None
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}", hint="see docs/servers.md") from None
