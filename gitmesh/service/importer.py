"""File access of ``gitmesh import``: reads inputs, writes documents, overwrites nothing."""

from collections.abc import Iterable
from pathlib import Path

from gitmesh.service.spec_files import read_bytes, write_text
from mesh.errors import UsageError
from mesh.importing import Answers, Imported, import_files
from mesh.importing.layout import files_of
from mesh.importing.reading import LIMITS
from mesh.resource import Resource


def read_all(files: Iterable[Path], answers: Answers) -> Imported:
    """Return the content of the files.

    :raises UsageError: one cannot be read.
    """
    return import_files({str(p): read_bytes(p, LIMITS.max_bytes) for p in files}, answers)


def write_all(
    resources: Iterable[Resource], folder: Path, *, force: bool, dry_run: bool
) -> list[str]:
    """Write every resource below the folder; return the paths that are, or would be, written.

    A file with equal content is not written again.

    :raises UsageError: a file with other content exists, and ``force`` is not given; nothing is
        written.
    """
    files = files_of(resources)
    changed = {path: text for path, text in files.items() if _now(folder / path) != text}
    there = [path for path in changed if (folder / path).exists()]
    if there and not force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise UsageError(
            f"{folder / there[0]}{more} would be overwritten; nothing was written",
            hint="write to another folder, or allow it with --force",
        )
    for path, text in changed.items():
        if not dry_run:
            write_text(folder / path, text)
    return list(changed)


def _now(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
