"""Conversion of files of other tools to native spec files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from gitmesh.queries.log_location import repository_around
from gitmesh.service.specs.spec_files import read_bytes, spec_files, write_text
from mesh.errors import UsageError
from mesh.importing import Answers, Imported, import_files
from mesh.importing.layout import Tags, files_of
from mesh.importing.reading import LIMITS
from mesh.problems.problem import errors
from mesh.reading.native import read_resources


@dataclass(frozen=True, slots=True)
class SpecImport:
    """Result of an import into a folder."""

    imported: Imported
    written: tuple[str, ...]
    """Paths below the folder that were written, or would be."""
    dry_run: bool
    refused: tuple[str, ...] = ()
    """Source files in folders where spec files are searched: a push would refuse them."""

    @property
    def ok(self) -> bool:
        """True if there are no errors and no missing values; warnings do not count."""
        return not errors(self.imported.problems)


def import_specs(
    files: Iterable[Path], answers: Answers, folder: Path, *, force: bool, dry_run: bool
) -> SpecImport:
    """Convert files, and write one native file for each resource below ``folder``.

    Convertible parts are written even if other parts have problems. A file with equal content is
    not written again.

    :raises UsageError: an input cannot be read, or a file with other content exists and ``force``
        is not given; nothing is written.
    :raises Fatal: a file cannot be written.
    """
    texts = {path: read_bytes(path, LIMITS.max_bytes) for path in files}
    named = {str(path): text for path, text in texts.items()}
    done = import_texts(named, answers, folder, force=force, dry_run=dry_run)
    refused = (str(path) for path, text in texts.items() if _is_refused(path, text, folder))
    return replace(done, refused=tuple(refused))


def import_texts(
    texts: Mapping[str, bytes],
    answers: Answers,
    folder: Path,
    *,
    tags: Tags = MappingProxyType({}),
    force: bool,
    dry_run: bool,
) -> SpecImport:
    """Convert texts that were read elsewhere, as :func:`import_specs` does.

    :raises UsageError: a file with other content exists and ``force`` is not given; nothing is
        written.
    :raises Fatal: a file cannot be written.
    """
    imported = import_files(texts, answers)
    files = files_of(imported.resources, tags)
    written = _write_all(files, folder, force=force, dry_run=dry_run)
    return SpecImport(imported, tuple(written), dry_run)


def _is_refused(path: Path, text: bytes, folder: Path) -> bool:
    """Return whether a push of the folder would read the file, and refuse it."""
    top = repository_around(folder) or folder.resolve()
    there = path.resolve()
    if not there.is_relative_to(top) or there not in {each.resolve() for each in spec_files([top])}:
        return False
    return bool(errors(read_resources(str(path), text).problems))


def _write_all(files: Mapping[str, str], folder: Path, *, force: bool, dry_run: bool) -> list[str]:
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
