"""Damaged refs and objects: files of a repository that exist but cannot be used.

A disk that was full or lost power leaves files that are empty, cut off or full of NULs.
"""

import os
import re
import shlex
from itertools import islice
from pathlib import Path
from typing import Final

import pygit2

from reconciler.reading.source import SourceUnavailable

BRANCH_MISSING: Final = "branch-missing"
REF_DAMAGED: Final = "ref-damaged"
OBJECT_DAMAGED: Final = "object-damaged"
_MOST_BYTES: Final = 1024
_MOST_PACKS: Final = 1_000
_CHECKSUM: Final = 20
_ID: Final = re.compile(rb"[0-9a-f]{40}\s*")
_SYMBOLIC: Final = re.compile(rb"ref:\s*(\S+)\s*")
_RESTORE: Final = "restore it from a backup or a clone (git fsck names everything that is damaged)"


def find_ref_damage(repository: Path, git_dir: Path, ref: str) -> SourceUnavailable | None:
    """Return the reason why the file of a ref names no commit; None if it names one, or does not
    exist.

    :param ref: the full name of a ref, or ``HEAD``.
    """
    names = [ref]
    while True:
        path = git_dir / names[-1]
        try:
            with path.open("rb") as file:
                text = file.read(_MOST_BYTES)
        except OSError:  # packed, or missing: what cannot be read is another matter
            return _dangling(repository, git_dir / ref, ref, names[-1]) if names[1:] else None
        if _ID.fullmatch(text):
            return None
        symbolic = _SYMBOLIC.fullmatch(text)
        target = "" if symbolic is None else symbolic[1].decode("utf-8", "replace")
        if not pygit2.reference_is_valid_name(target):
            return _damaged_ref(repository, path, names[-1], _content(text))
        if target in names:
            through = f" through {', '.join(names[1:])}" if names[1:] else ""
            return _damaged_ref(repository, git_dir / ref, ref, f"names itself{through}")
        names.append(target)


def _dangling(repository: Path, path: Path, ref: str, target: str) -> SourceUnavailable:
    where = shlex.quote(str(repository))
    return SourceUnavailable(
        BRANCH_MISSING,
        f"{path} names {target}, which does not exist",
        hint=f"create that, or: git -C {where} update-ref --no-deref {shlex.quote(ref)} COMMIT",
    )


def _content(text: bytes) -> str:
    if not text.strip():
        return "is empty"
    if not text.strip(b"\0"):
        return "is full of zero bytes"
    return "names no commit"


def _damaged_ref(repository: Path, path: Path, ref: str, what: str) -> SourceUnavailable:
    if ref == "HEAD":
        hint = f"write the branch into it: echo ref: refs/heads/main > {shlex.quote(str(path))}"
    else:
        hint = (
            f"remove the file, and name the branch's commit again: rm {shlex.quote(str(path))}; "
            f"git -C {shlex.quote(str(repository))} update-ref {shlex.quote(ref)} COMMIT "
            "(gitmesh log --commits shows the last one)"
        )
    return SourceUnavailable(REF_DAMAGED, f"{path} is damaged: it {what}", hint=hint)


def find_object_damage(git_dir: Path, oid: str, *, known: bool) -> SourceUnavailable | None:
    """Return the reason why an existing object cannot be read; None if it does not exist.

    :param known: whether the repository's object index contains it.
    """
    if not _ID.fullmatch(oid.encode("utf-8", "replace")):
        return None  # a commit object may name anything
    path = git_dir / "objects" / oid[:2] / oid[2:]
    if path.is_file():
        return SourceUnavailable(OBJECT_DAMAGED, f"{path} is damaged", hint=_RESTORE)
    pack = _damaged_pack(git_dir / "objects" / "pack")
    if pack is not None:
        return SourceUnavailable(OBJECT_DAMAGED, f"{pack} is damaged", hint=_RESTORE)
    if known:
        where = git_dir / "objects"
        return SourceUnavailable(OBJECT_DAMAGED, f"a pack in {where} is damaged", hint=_RESTORE)
    return None


def _damaged_pack(folder: Path) -> Path | None:
    """Return the first pack whose end does not match its index; libgit2 skips such a pack."""
    for index in islice(sorted(folder.glob("*.idx")), _MOST_PACKS):
        pack = index.with_suffix(".pack")
        try:
            if _end(index, 2 * _CHECKSUM)[:_CHECKSUM] != _end(pack, _CHECKSUM):
                return pack
        except OSError:  # another process removes it now, or nobody may read it
            continue
    return None


def _end(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - count))
        return file.read(count)
