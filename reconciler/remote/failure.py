"""What git's words about a failure mean: reasons as stable words, with a remedy. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from events.types import (
    MIRROR_UNWRITABLE,
    REMOTE_BRANCH_MISSING,
    REMOTE_DAMAGED,
    REMOTE_DENIED,
    REMOTE_MISSING,
    REMOTE_UNREACHABLE,
    REMOTE_UNSUPPORTED,
    REMOTE_UNTRUSTED,
)
from reconciler.reading.source import SourceUnavailable

_LONGEST: Final = 200
_SECRET: Final = re.compile(r"(://)[^/@\s]*@")
"""User name and password in an address."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class _Kind:
    reason: str
    message: str
    hint: str
    words: re.Pattern[str]


def _kind(reason: str, message: str, hint: str, words: str) -> _Kind:
    return _Kind(reason, message, hint, re.compile(words, re.IGNORECASE))


# The first that fits counts. The words are those of git 2.30 to 2.50, curl and OpenSSH.
_KINDS: Final = (
    _kind(
        REMOTE_BRANCH_MISSING,
        "the remote does not have the branch",
        "push it, or follow another one: --branch NAME",
        r"couldn't find remote ref|src refspec .* does not match",
    ),
    _kind(
        REMOTE_UNSUPPORTED,
        "the remote has SHA-256 object ids, which gitmesh cannot read yet",
        "follow a repository with SHA-1 object ids",
        r"mismatched algorithms",
    ),
    _kind(
        MIRROR_UNWRITABLE,
        "the mirror cannot be written",
        "check its owner, and that the disk has space",
        r"no space left|read-only file system|insufficient permission for adding an object"
        r"|unable to create temporary|cannot lock ref|disk quota",
    ),
    _kind(
        REMOTE_UNTRUSTED,
        "the identity of the remote cannot be verified",
        "check the address; give --remote-ca-file (HTTPS) or --remote-known-hosts (SSH)",
        r"certificate|ssl_error|host key verification failed|remote host identification"
        r"|ssl: no alternative|error adding trust anchors",
    ),
    _kind(
        REMOTE_DENIED,
        "the remote refuses these credentials",
        "check the token or key, that it may read the repository, and that it has not expired",
        r"authentication failed|could not read (username|password)|returned error: 40[13]"
        r"|permission denied|access denied|terminal prompts disabled|not authorized"
        r"|invalid username or",
    ),
    _kind(
        REMOTE_MISSING,
        "there is no such repository at the remote",
        "check the address; many forges say so, too, if the credentials may not read it",
        r"repository .*not found|does not appear to be a git repository|returned error: 404"
        r"|no such repository|project you were looking for|does not exist",
    ),
    _kind(
        REMOTE_DAMAGED,
        "what the remote sent is damaged",
        "run git fsck there; the server tries again by itself",
        r"fsck|index-pack failed|bad object|pack has bad|did not send all necessary objects"
        r"|inflate|invalid sha1|unable to parse|bad pack|bad line length|protocol error",
    ),
    _kind(
        REMOTE_UNREACHABLE,
        "the remote cannot be reached",
        "the server tries again by itself",
        "",
    ),
)


def failure(errors: str) -> SourceUnavailable:
    """Return the reason for a failed git command, from what it printed on its error stream."""
    said = last_words(errors)
    kind = next(each for each in _KINDS if each.words.search(errors))
    message = f"{kind.message}: {said}" if said else kind.message
    return SourceUnavailable(kind.reason, message, hint=kind.hint)


def last_words(errors: str) -> str:
    """Return the line that says most, without credentials, in one bounded line.

    The remote may have written it: it is shown as text, and never obeyed.
    """
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(fatal|error|ssh|remote)\b", line)] or lines
    first = next((line for line in telling if line.startswith("fatal")), None)
    said = first or (telling[-1] if telling else "")
    said = _SECRET.sub(r"\1", _CONTROL.sub(" ", said)).removeprefix("fatal: ")
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
