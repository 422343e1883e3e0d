"""Rules for texts that Envoy reads: paths, header names and values, host names, regexes."""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

import re2

from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean
from mesh.validation.document.place import Place

MAX_PROGRAM_SIZE: Final = 1000
"""``re2.max_program_size.error_level`` in App Mesh's own bootstrap files, and in gitmesh's."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that a header value cannot hold (RFC 9110 §5.5); the path is the header ``:path``."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header name (RFC 9110 §5.6.2)."""
_PSEUDO_HEADERS: Final = (":authority", ":method", ":path", ":scheme")
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
"""A label of a host name; underscores occur in real service names."""
_MAX_HOST: Final = 253


def control_characters(text: str, at: Place) -> Iterator[Problem]:
    """Forbid control characters: no header and no path can hold them, so the text would never
    match."""
    found = _CONTROL.search(text)
    if found:
        message = f"the text contains the control character U+{ord(found.group()):04X}"
        yield at.error("control-character", message, "remove it; HTTP forbids it here")


def path(text: str, at: Place) -> Iterator[Problem]:
    """Require that a path or prefix starts with a slash and holds no query."""
    if not text.startswith("/"):
        yield at.error("bad-path", f'"{text}" does not begin with "/"', f'write "/{text}"')
    elif "?" in text or "#" in text:
        message = f'"{text}" contains a query or a fragment, which are not part of a path'
        yield at.error("bad-path", message, "match queries with queryParameters")
    yield from control_characters(text, at)


def header_name(text: str, at: Place) -> Iterator[Problem]:
    """Require a token, or a pseudo-header of HTTP/2."""
    if text.startswith(":") and text.lower() not in _PSEUDO_HEADERS:
        hint = did_you_mean(text, _PSEUDO_HEADERS) or f"there are {', '.join(_PSEUDO_HEADERS)}"
        yield at.error("bad-header-name", f'there is no pseudo-header "{text}"', hint)
    elif not _TOKEN.fullmatch(text.removeprefix(":")):
        message = f'"{text}" is not the name of a header'
        yield at.error("bad-header-name", message, "letters, digits and -_.!#$%&'*+^`|~ only")


def host(text: str, at: Place) -> Iterator[Problem]:
    """Require a DNS name or an IP address, without scheme, port or path."""
    if _is_address(text):
        return
    fault = _host_fault(text.removesuffix("."))
    if fault:
        yield at.error("bad-hostname", f'"{text}" is not a host name: {fault}', _host_hint(text))


def host_suffix(text: str, at: Place) -> Iterator[Problem]:
    """Require the end of a host name, with or without a leading dot."""
    fault = _host_fault(text.removeprefix(".").removesuffix("."))
    if fault:
        message = f'"{text}" is not the end of a host name: {fault}'
        yield at.error("bad-hostname", message, _host_hint(text))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host_fault(text: str) -> str:
    if not text:
        return "it is empty"
    if len(text) > _MAX_HOST:
        return f"it has {len(text)} characters, DNS allows {_MAX_HOST}"
    wrong = next((label for label in text.split(".") if not _LABEL.fullmatch(label)), None)
    if wrong is None:
        return ""
    return f'"{wrong}" is not a valid label' if wrong else "two dots in a row"


def _host_hint(text: str) -> str:
    if "://" in text:
        return "leave out the scheme"
    if "*" in text:
        return 'leave out the "*": a suffix matches every host that ends with it'
    if "$" in text or "{" in text:
        return "replace placeholders before you commit a spec"
    if re.fullmatch(r"[^:]+:[0-9]+", text):
        return "leave out the port: it has a field of its own"
    return ""


def regex(text: str, at: Place) -> Iterator[Problem]:
    """Require a regular expression that RE2 accepts, as Envoy runs it."""
    fault = _regex_fault(text)
    if fault:
        hint = "Envoy runs RE2, which has no lookaround and no backreferences"
        yield at.error("bad-regex", f"{text!r} cannot be run: {fault}", hint)


@lru_cache(maxsize=4096)
def _regex_fault(text: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        words = error.args[0] if error.args else ""
        return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    size: int = compiled.programsize
    if size > MAX_PROGRAM_SIZE:
        return f"its program has size {size}, App Mesh allows {MAX_PROGRAM_SIZE}"
    return ""
