"""Who pushes, and what they say beside the commits: from the environment that git gives a hook.

All of it is made by others. It is bounded here, and again where it is read.
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
    """Who pushes."""

    name: str
    """As whoever let them in says: HTTP's user, or the user of this machine whose process it is."""
    via: str
    """``http``, ``ssh`` or ``local``."""
    claimed: str
    """``Name <email>`` as their own git says, which may be anything; empty where it does not."""
    options: tuple[str, ...] = ()
    """What ``git push -o`` says."""
    omitted: int = 0
    """How many options there are beyond those kept."""


def pusher_of(environment: Mapping[str, str], uid: int) -> Pusher:
    """Return who pushes, from a hook's environment and the user whose process it is."""
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
    """Return what this machine calls a user; ``uid 1234`` where it knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return f"uid {uid}"


def bounded(text: str, most: int) -> str:
    """Return text of at most so many characters, that any encoding takes."""
    whole = os.fsencode(text).decode("utf-8", "replace")
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def _claimed(environment: Mapping[str, str]) -> str:
    name = environment.get("GIT_COMMITTER_NAME", "")
    email = environment.get("GIT_COMMITTER_EMAIL", "")
    return f"{name} <{email}>".strip() if name or email else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
