"""Validation of a revision, a folder or single files, linked or each file alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitmesh.queries.log_location import is_repository
from gitmesh.service.specs.part import Part, part_of_repository, whole_tree
from gitmesh.service.specs.target import NOT_COMMITTED, Target, read_target
from mesh.errors import UsageError
from mesh.keys import Kind
from mesh.problems.problem import Problem, Severity, errors
from mesh.reading.unnamed import Bare, read_alone
from reconciler.directory import read_directory, read_files
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
    part_of: Path | None = None
    """The repository together with which the specs were checked, if they are only a part of it;
    numbers and problems are those of the part."""
    elsewhere: int = 0
    """Number of errors in the rest of that repository."""

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

    :raises UsageError: a target does not exist or cannot be read.
    """
    if _are_files(targets, repo):
        tree = read_files(targets)
        part = part_of_repository([Path(target) for target in targets])
        whole = whole_tree(part, tree) if part and errors(tree.problems) else None
        return _report(tree) if whole is None else _report(whole, part)
    target = _target(targets, repo)
    return _report(target.tree, target.part)


def _report(tree: SpecTree, part: Part | None = None) -> Report:
    """Return the result for a whole tree, or for a part of it."""
    if part is None:
        return Report(True, len(tree.files), len(tree.graph.resources), tree.problems)
    files = sum(map(part.holds, tree.files))
    places = (resource.source.path for resource in tree.graph.resources.values())
    told = part.problems(tree)
    elsewhere = len(errors(tree.problems)) - len(errors(told))
    resources = sum(map(part.holds, places))
    return Report(True, files, resources, told, part_of=part.top, elsewhere=elsewhere)


def check_alone(targets: Sequence[str], repo: Path | None, kind: Kind | None) -> Report:
    """Validate every document without the others; ``kind`` is the kind of specs without names.

    :raises UsageError: a target does not exist or cannot be read.
    """
    tree, blob = _read_alone(targets, repo)
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


def _read_alone(targets: Sequence[str], repo: Path | None) -> tuple[SpecTree, _Blob]:
    if _are_files(targets, repo):
        return read_files(targets), lambda path: Path(path).read_bytes()
    name = targets[0] if targets else "."
    if len(targets) < 2 and repo is None and Path(name).is_dir() and not is_repository(Path(name)):
        return read_directory(Path(name)), lambda path: (Path(name) / path).read_bytes()
    target = _target(targets, repo)
    return target.tree, _blobs(target, Path(name))


def _are_files(targets: Sequence[str], repo: Path | None) -> bool:
    return bool(targets) and repo is None and all(Path(target).is_file() for target in targets)


def _target(targets: Sequence[str], repo: Path | None) -> Target:
    if len(targets) > 1:
        other = next(each for each in targets if repo is not None or not Path(each).is_file())
        raise UsageError(
            f"{other!r} is not a file, so it must be the only target",
            hint="give one folder, one revision, or only files",
        )
    return read_target(targets[0] if targets else ".", repo)


def _blobs(target: Target, folder: Path) -> _Blob:
    files = target.tree.files
    repo = target.repo
    if repo is None or target.facts.commit == NOT_COMMITTED:
        return lambda path: (folder / path).read_bytes()
    return lambda path: repo.read_blob(files[path].entry.blob)
