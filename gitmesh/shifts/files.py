"""Shift documents in the git tree of a commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gitmesh.shifts.folder import FOLDER, folder_of
from gitmesh.shifts.reading import MOST_SHIFTS, Shift, path_of, read_shift
from mesh.parsing.document import DEFAULT_LIMITS
from mesh.problems.problem import Problem
from reconciler.reading.source import ObjectId, Objects, ObjectTooBig
from reconciler.reading.tree_object import SUBMODULE, SYMLINK, Malformed, entries

NO_TREE: Final = ObjectId("")


@dataclass(frozen=True, slots=True)
class Shifts:
    """All shifts of a commit by name, and the problems of those that cannot be read."""

    shifts: Mapping[str, Shift]
    problems: tuple[Problem, ...] = ()


NO_SHIFTS: Final = Shifts({})


def blobs_in(objects: Objects, folder: ObjectId | None) -> Mapping[str, ObjectId]:
    """Return the files in a folder of shifts by path, sorted; other entries are left out.

    :raises SourceUnavailable: an object cannot be read.
    """
    if folder is None:
        return {}
    try:
        found = entries(objects.read_tree(folder))
    except (Malformed, ObjectTooBig):
        return {}
    files = {
        f"{FOLDER}/{name.decode('utf-8', 'backslashreplace')}": ObjectId(oid.hex())
        for name, (mode, oid) in sorted(found.items())
        if not name.endswith(b"/") and mode not in (SYMLINK, SUBMODULE)
        if name.endswith((b".yaml", b".yml", b".json"))
    }
    return dict(list(files.items())[:MOST_SHIFTS])


def blob_of(objects: Objects, folder: ObjectId | None, name: str) -> ObjectId | None:
    """Return the document of one shift in a folder of shifts; None if it is not there.

    :raises SourceUnavailable: an object cannot be read.
    """
    return blobs_in(objects, folder).get(path_of(name))


def read_blob(objects: Objects, path: str, blob: ObjectId) -> Shift | list[Problem]:
    """Return the shift in a blob, or its problems.

    :raises SourceUnavailable: an object cannot be read.
    """
    if objects.blob_bytes(blob) > DEFAULT_LIMITS.max_bytes:
        hint = "a shift has some lines; remove the rest"
        return [Problem(path, 0, "$", "bad-shift", "the file is too big", hint)]
    return read_shift(path, objects.read_blob(blob))


def shifts_in(objects: Objects, tree: ObjectId) -> Shifts:
    """Return all shifts in a commit's tree.

    :raises SourceUnavailable: an object cannot be read.
    """
    shifts, problems = dict[str, Shift](), list[Problem]()
    for path, blob in blobs_in(objects, folder_of(objects, tree)).items():
        found = read_blob(objects, path, blob)
        if isinstance(found, Shift):
            shifts[found.name] = found
        else:
            problems += found
    return Shifts(shifts, tuple(problems)) if shifts or problems else NO_SHIFTS
