"""Selection of spec paths: below the root, not hidden, not ignored, named as YAML or JSON."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import re2

from mesh.settings import DEFAULT_SETTINGS, SETTINGS_FILE, RepositorySettings

SUFFIXES: Final = (b".yaml", b".yml", b".json")


@dataclass(frozen=True, slots=True)
class Scope:
    """Decision which paths are read. Paths are bytes, as in git."""

    settings: RepositorySettings = DEFAULT_SETTINGS
    _ignored: Callable[[str], object] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        patterns = [_pattern(glob) for glob in self.settings.ignore]
        # RE2, because patterns come from the repository: its time is linear in the path's length.
        ignored = re2.compile("|".join(patterns)).fullmatch if patterns else None
        object.__setattr__(self, "_ignored", ignored)

    def may_hold_specs(self, folder: bytes) -> bool:
        """Return whether a folder is entered; ``folder`` is its path, "" for the root."""
        name = folder.rpartition(b"/")[2]
        return self._leads_to_root(folder) and not self._left_out(folder + b"/", name)

    def is_spec(self, path: bytes) -> bool:
        """Return whether a path in an entered folder is a spec file."""
        return path.endswith(SUFFIXES) and self.covers(path)

    def covers(self, path: bytes) -> bool:
        """Return whether a path in an entered folder is in scope, as a spec file or otherwise."""
        name = path.rpartition(b"/")[2]
        return self._below_root(path) and path != _SETTINGS and not self._left_out(path, name)

    def _left_out(self, path: bytes, name: bytes) -> bool:
        if name.startswith(b"."):
            return True
        return self._ignored is not None and self._ignored(as_text(path)) is not None

    def _below_root(self, path: bytes) -> bool:
        root = self._root
        return not root or path.startswith(root + b"/")

    def _leads_to_root(self, folder: bytes) -> bool:
        root = self._root
        return not root or folder == root or _inside(folder, root) or _inside(root, folder)

    @property
    def _root(self) -> bytes:
        return (self.settings.root or "").encode()


_SETTINGS: Final = SETTINGS_FILE.encode()


def as_text(path: bytes) -> str:
    r"""Return a path as text; bytes that are not UTF-8 appear as ``\xff``."""
    return path.decode("utf-8", "backslashreplace")


def _inside(path: bytes, folder: bytes) -> bool:
    return not folder or path.startswith(folder + b"/")


def _pattern(glob: str) -> str:
    """Return an ignore pattern as a regular expression for paths; folders end in ``/``."""
    folders_only = glob.endswith("/")
    body = glob.rstrip("/")
    anchored = "/" in body
    text = "" if anchored else "(?:.*/)?"
    text += "".join(_part(part) for part in _parts(body.lstrip("/")))
    return f"(?s:{text}{'/' if folders_only else '/?'})"


def _parts(glob: str) -> list[str]:
    parts: list[str] = []
    while glob:
        size = 3 if glob.startswith("**/") else 2 if glob.startswith("**") else 1
        parts.append(glob[:size])
        glob = glob[size:]
    return parts


def _part(part: str) -> str:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return known.get(part) or re2.escape(part)
