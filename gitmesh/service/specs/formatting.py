"""Formatting of spec files on disk, for ``gitmesh fmt``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gitmesh.service.specs.spec_files import read_bytes, spec_files, write_text
from mesh.parsing.document import DEFAULT_LIMITS
from mesh.problems.problem import Problem
from mesh.tidy import tidied


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that is not formatted, although it is valid."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Formatting:
    """Result of formatting, or of a check."""

    check: bool
    """True if nothing was written."""
    files: int
    """Number of files that were read."""
    untidy: tuple[str, ...]
    """Files that were not formatted before."""
    skipped: tuple[SkippedFile, ...]
    problems: tuple[Problem, ...]
    """Reasons why files could not be read."""

    @property
    def ok(self) -> bool:
        """True if every file was read, and is formatted now."""
        return not self.problems and not (self.check and self.untidy)


def format_files(targets: Sequence[Path], *, check: bool) -> Formatting:
    """Format files, and the spec files in folders, each once; with ``check``, write nothing.

    :raises UsageError: a target does not exist, or cannot be read.
    :raises Fatal: a file cannot be written.
    """
    untidy: list[str] = []
    skipped: list[SkippedFile] = []
    problems: list[Problem] = []
    files = list(dict.fromkeys(spec_files(targets)))
    for path in files:
        before = read_bytes(path, DEFAULT_LIMITS.max_bytes)
        found = tidied(str(path), before)
        problems += found.problems
        if found.reason:
            skipped.append(SkippedFile(str(path), found.reason))
        elif found.text is not None and found.text.encode() != before:
            untidy.append(str(path))
            if not check:
                write_text(path, found.text)
    return Formatting(check, len(files), tuple(untidy), tuple(skipped), tuple(problems))
