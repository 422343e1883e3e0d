"""Validation of a revision, a folder or single files, linked or each file alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitmesh.service.specs.target import NOT_COMMITTED, Target, read_target
from mesh.errors import UsageError
from mesh.keys import Kind
from mesh.problems.problem import Problem, Severity
from mesh.reading.unnamed import Bare, read_alone
from reconciler.directory import read_files
from reconciler.reading.tree import SpecTree


@dataclass(frozen=True, slots=True)
class Report:
    """Number of files and resources read, and all problems."""

    linked: bool
    files: int
    resources: int
    problems: tuple[Problem, ...]
    bare: tuple[Bare, ...] = ()
    """Specs without names, with their inferred kind."""

    @property
    def errors(self) -> int:
        """Return the number of problems that make a commit invalid."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def warnings(self) -> int:
        """Return the number of warnings."""
        return len(self.problems) - self.errors


def check_linked(targets: Sequence[str], repo: Path | None) -> Report:
    """Validate the targets together, as the specs of one commit.

    :raises UsageError: nothing that they name can be read.
    """
    tree, _ = _read(targets, repo)
    return Report(True, len(tree.files), len(tree.graph.resources), tree.problems)


def check_alone(targets: Sequence[str], repo: Path | None, kind: Kind | None) -> Report:
    """Validate every document by itself; ``kind`` is the kind of specs without names.

    :raises UsageError: nothing that they name can be read.
    """
    tree, blob = _read(targets, repo)
    if tree.faults:
        return Report(False, 0, 0, tree.problems)
    problems: list[Problem] = []
    bare: list[Bare] = []
    resources = 0
    for path, file in tree.files.items():
        if not file.size:  # nothing was read of it, for a reason that stands among its problems
            problems += file.problems
            continue
        found = read_alone(path, blob(path), kind)
        problems += found.problems
        bare += found.bare
        resources += found.resources
    return Report(False, len(tree.files), resources, tuple(sorted(problems)), tuple(bare))


_Blob = Callable[[str], bytes]


def _read(targets: Sequence[str], repo: Path | None) -> tuple[SpecTree, _Blob]:
    files = [target for target in targets if repo is None and Path(target).is_file()]
    if files and len(files) == len(targets):
        return read_files(files), lambda path: Path(path).read_bytes()
    if len(targets) > 1:
        other = next(target for target in targets if target not in files)
        raise UsageError(
            f"{other!r} is no file, so nothing may be named beside it",
            hint="name one folder, one revision, or files only",
        )
    name = targets[0] if targets else "."
    target = read_target(name, repo)
    return target.tree, _blobs(target, Path(name))


def _blobs(target: Target, folder: Path) -> _Blob:
    files = target.tree.files
    repo = target.repo
    if repo is None or target.facts.commit == NOT_COMMITTED:
        return lambda path: (folder / path).read_bytes()
    return lambda path: repo.read_blob(files[path].entry.blob)
