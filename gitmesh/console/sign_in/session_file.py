"""The file of sessions, with hashes of their ids: reading it lets nobody in."""

import contextlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from gitmesh.console.sign_in.session import Identity, Session

_log = logging.getLogger(__name__)
_MOST_BYTES: Final = 16 * 1024 * 1024


def session_path(log: Path) -> Path:
    """Return where the server that writes this log keeps its console's sessions."""
    return log.with_name(f"{log.name}.sessions")


def read_sessions(path: Path) -> dict[str, Session]:
    """Return the sessions in a file by hashes of their ids; none if it is missing or damaged."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
        return {key: _session(each) for key, each in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        extra = {"path": str(path), "reason": str(error)[:200]}
        _log.warning(
            "the file of sessions is unusable: everybody has to sign in again", extra=extra
        )
        return {}


def write_sessions(path: Path, sessions: Mapping[str, Session]) -> None:
    """Replace the file; only its owner may read it. Where that fails, the log says so."""
    new = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({key: asdict(each) for key, each in sessions.items()}, file)
        new.replace(path)
    except OSError as error:
        _log.warning("sessions cannot be kept", extra={"path": str(path), "reason": str(error)})
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def _session(found: Mapping[str, object]) -> Session:
    identity, began, used = found["identity"], found["began_at"], found["used_at"]
    if not isinstance(identity, dict) or not isinstance(began, float | int):
        raise TypeError("no session")
    if not isinstance(used, float | int):
        raise TypeError("no time")
    texts = {name: str(identity[name]) for name in ("subject", "fingerprint", "name", "email")}
    groups = tuple(str(each) for each in identity["groups"])
    return Session(Identity(**texts, groups=groups), float(began), float(used))
