"""Paths as routes see them: normalised as by Envoy with ``normalize_path``."""

import re
import string
from typing import Final

_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_LITERAL: Final = frozenset(string.ascii_letters + string.digits + "-._~")
"""Characters that are unescaped even if a client escaped them (RFC 3986 §2.3)."""
_TO_ESCAPE: Final = {ord(each): f"%{ord(each):02X}" for each in '"<>^`{|}'}
_SLASHES: Final = re.compile("/{2,}")


def normalised(path: str) -> str | None:
    """Return a request's path, with its query, in the form that routes match.

    Dot segments are resolved, repeated slashes become one, backslashes become slashes, and
    characters that need no escape are unescaped. An escaped slash stays as it is. The query is not
    changed.

    Returns None if Envoy answers 400: no path, a fragment, or an escaped NUL.
    """
    before, mark, query = path.partition("?")
    if not before.startswith("/") or "#" in path or "%00" in before:
        return None
    plain = _ESCAPED.sub(_unescaped, before.replace("\\", "/")).translate(_TO_ESCAPE)
    return _merged(_without_dots(plain)) + mark + query


def without_query(path: str) -> str:
    """Return the path without its query."""
    return path.partition("?")[0]


def parameters(path: str) -> dict[str, str]:
    """Return the query's parameters, still escaped; of a repeated parameter, the first value."""
    found: dict[str, str] = {}
    for each in path.partition("?")[2].split("&"):
        name, _, value = each.partition("=")
        found.setdefault(name, value)
    return found


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape.group(1), 16))
    return character if character in _LITERAL else escape.group()


def _merged(path: str) -> str:
    # Envoy joins the parts between slashes and adds a slash at each end: an empty path has two.
    return "//" if len(path) > 1 and not path.strip("/") else _SLASHES.sub("/", path)


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
