"""One file of a source: its content, or the reason why it is not read."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from mesh.keys import ResourceKey
from mesh.kubernetes.index import native_meshes
from mesh.kubernetes.objects import ObjectId as KubernetesId
from mesh.parsing.document import DEFAULT_LIMITS
from mesh.problems.problem import Problem, Severity
from mesh.reading.forms import ResourceReading
from mesh.reading.native import read_resources
from mesh.resource import Resource
from mesh.route_tests import RouteTests
from reconciler.reading.listing import Entry, EntryKind
from reconciler.reading.scope import SUFFIXES, as_text

IGNORE_HINT: Final = "leave it out of the mesh: list it under ignore in gitmesh.yaml"


@dataclass(frozen=True, slots=True)
class SpecFile:
    """Content of one path."""

    entry: Entry
    size: int = 0
    """Number of bytes read."""
    resources: tuple[Resource, ...] = ()
    """Resources of the file, in file order."""
    problems: tuple[Problem, ...] = ()
    unread: tuple[ResourceKey, ...] = ()
    """Resources that exist but whose spec could not be read."""
    reading: ResourceReading | None = field(default=None, repr=False, compare=False)
    """Parsed content of the file, if its resources also depend on other files."""
    seen: frozenset[KubernetesId] = field(default=frozenset(), repr=False)
    """Kubernetes objects, in any file, that this file's resources depend on."""
    tests: tuple[RouteTests, ...] = ()
    """Route tests, in file order."""
    grouped: int = 0
    """Number of expanded members of backend groups."""


def key_of(path: bytes) -> str:
    """Return a path as text; different paths have different text."""
    return path.decode("utf-8", "surrogateescape")


def read_file(
    path: bytes, entry: Entry, size: Callable[[], int], blob: Callable[[], bytes]
) -> SpecFile:
    """Return the content of a path. Only a regular file with an allowed name and size is loaded."""
    refused = _refuse(path, entry)
    if refused is not None:
        return SpecFile(entry, problems=(refused,))
    if size() > DEFAULT_LIMITS.max_bytes:
        return SpecFile(entry, problems=(_too_big(path, size()),))
    return read_text(as_text(path), entry, blob())


def read_text(path: str, entry: Entry, text: bytes) -> SpecFile:
    """Return the content of a file, whatever its name is."""
    reading = read_resources(path, text)
    manifests = (*reading.manifests, *native_meshes(reading.resources))
    return SpecFile(
        entry,
        len(text),
        reading.resources,
        reading.problems,
        reading.unread,
        replace(reading, manifests=manifests) if manifests else None,
        tests=reading.tests,
    )


def _refuse(path: bytes, entry: Entry) -> Problem | None:
    if entry.kind is EntryKind.SYMLINK:
        return _symlink(path)
    if entry.kind is EntryKind.SUBMODULE:
        return Problem(
            as_text(path),
            0,
            "$",
            "submodule",
            "this is a submodule: its content is not in this repository",
            IGNORE_HINT,
        )
    return _unsafe_name(path)


def _symlink(path: bytes) -> Problem:
    # A link that does not look like a spec may be a README; it is ignored.
    is_spec = path.endswith(SUFFIXES)
    return Problem(
        as_text(path),
        1 if is_spec else 0,
        "$",
        "symlink",
        "this is a symbolic link, which is never followed",
        f"replace it with the file itself, or {IGNORE_HINT}",
        Severity.ERROR if is_spec else Severity.WARNING,
    )


def _unsafe_name(path: bytes) -> Problem | None:
    text = as_text(path)
    names = path.split(b"/")
    plain = text == path.decode("utf-8", "ignore") and not any(map(_is_control, text))
    if plain and not any(name in (b"", b".", b"..") for name in names):
        return None
    return Problem(
        "".join(f"\\x{ord(c):02x}" if _is_control(c) else c for c in text),
        0,
        "$",
        "unsafe-path",
        "the name of the file contains control characters, or is not UTF-8",
        "rename the file",
    )


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")


def _too_big(path: bytes, size: int) -> Problem:
    return Problem(
        as_text(path),
        0,
        "$",
        "file-too-big",
        f"the file has {size} bytes; the limit is {DEFAULT_LIMITS.max_bytes}",
        "split the file into several",
    )
