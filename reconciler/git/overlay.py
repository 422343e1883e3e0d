"""Files in a repository that make git show another history than its commits.

gitmesh uses only the commits. Users of git see the other history, so they are warned.
"""

import os
from pathlib import Path


class Overlays:
    """The overlay files that exist now. Cheap enough to check every second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._was_shallow = _has_content(folder / "shallow")
        self._packed: tuple[tuple[int, int, int], bool] | None = None

    def found(self) -> list[str]:
        """Return the names of the overlay files; ``shallow`` only if the clone was not shallow when
        it was opened."""
        names = []
        if _has_content(self._folder / "info" / "grafts"):
            names.append("info/grafts")
        if not self._was_shallow and _has_content(self._folder / "shallow"):
            names.append("shallow")
        if self._has_replacements():
            names.append("refs/replace")
        return names

    def _has_replacements(self) -> bool:
        for _, _, files in os.walk(self._folder / "refs" / "replace"):
            if files:
                return True
        return self._are_packed()

    def _are_packed(self) -> bool:
        file = self._folder / "packed-refs"
        try:
            status = file.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._packed is None or self._packed[0] != seen:
                self._packed = seen, b" refs/replace/" in file.read_bytes()
        except OSError:
            return False
        return self._packed[1]


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False
