"""Identity of a pusher and the push options, from a hook's environment.

All values are untrusted. Their length is limited here, and again when the note is read.
"""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST_OPTIONS: Final = 20
MOST_OPTION_CHARS: Final = 500
MOST_NAME_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Pusher:
    """Identity of a pusher."""

    name: str
    """Name from authentication: the HTTP user, or the system user of the process."""
    via: str
    """Way in which the push came: ``http``, ``ssh`` or ``local``."""
    claimed: str
    """``Name <email>`` from the pusher's git, which may be false; empty if absent."""
    options: tuple[str, ...] = ()
    """Values of ``git push -o``."""
    omitted: int = 0
    """Number of options beyond those kept."""


def pusher_of(environment: Mapping[str, str], uid: int) -> Pusher:
    """Return the pusher, from a hook's environment and the user of its process."""
    remote = environment.get("REMOTE_USER", "")
    via = "http" if remote else "ssh" if environment.get("SSH_CONNECTION") else "local"
    name = remote or user_name(uid)
    count = _number(environment.get("GIT_PUSH_OPTION_COUNT", ""))
    kept = min(count, MOST_OPTIONS)
    options = (environment.get(f"GIT_PUSH_OPTION_{at}", "") for at in range(kept))
    return Pusher(
        name=bounded(name, MOST_NAME_CHARS),
        via=via,
        claimed=bounded(_claimed(environment), MOST_NAME_CHARS),
        options=tuple(bounded(option, MOST_OPTION_CHARS) for option in options),
        omitted=count - kept,
    )


def user_name(uid: int) -> str:
    """Return the name of a system user; ``uid 1234`` if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return f"uid {uid}"


def bounded(text: str, most: int) -> str:
    """Return the text, shortened to ``most`` characters; characters that cannot be encoded are
    replaced."""
    whole = os.fsencode(text).decode("utf-8", "replace")
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def _claimed(environment: Mapping[str, str]) -> str:
    name = environment.get("GIT_COMMITTER_NAME", "")
    email = environment.get("GIT_COMMITTER_EMAIL", "")
    return f"{name} <{email}>".strip() if name or email else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
