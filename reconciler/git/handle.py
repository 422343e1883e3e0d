"""Opening of a repository with libgit2: required version, configuration, and refusals."""

import os
import re
import shlex
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import ConfigLevel, RepositoryOpenFlag

from events.descriptors import HINT, OUT_OF_DESCRIPTORS, shortage
from events.memory import require_memory
from mesh.errors import Fatal
from reconciler.reading.source import SourceUnavailable

LEAST_LIBGIT2: Final = (1, 9, 7)
"""Minimum version; older ones have known vulnerabilities: CVE-2026-53583 to 53587 and
CVE-2026-5917."""

LOOK_UP_BYTES: Final = 1024 * 1024
"""Memory that libgit2 needs to look for an object; without it, an object may seem to be missing."""

_PARTS: Final = ("HEAD", "config", "objects", "refs")
_LEVELS: Final = (
    ConfigLevel.PROGRAMDATA,
    ConfigLevel.SYSTEM,
    ConfigLevel.XDG,
    ConfigLevel.GLOBAL,
)


def require_libgit2() -> None:
    """Check that libgit2 has no known vulnerabilities.

    :raises Fatal: this libgit2 is too old.
    """
    version = tuple(int(part) for part in re.findall(r"\d+", pygit2.LIBGIT2_VERSION)[:3])
    if version < LEAST_LIBGIT2:
        least = ".".join(map(str, LEAST_LIBGIT2))
        raise Fatal(
            f"libgit2 {pygit2.LIBGIT2_VERSION} has known vulnerabilities; gitmesh needs {least}",
            hint="pip install --upgrade 'pygit2>=1.21'",
        )


def ignore_other_configuration() -> None:
    """Use only the repository's own configuration.

    Settings of a user or of the system (URL rewrites, include files) must not change what a server
    reads.
    """
    for level in _LEVELS:
        pygit2.settings.search_path[level] = ""


def open_handle(path: Path, *, trust_owner: bool) -> pygit2.Repository:
    """Return the repository at exactly ``path``.

    :raises Fatal: the repository cannot be read; the hint says why.
    """
    pygit2.settings.owner_validation = not trust_owner
    try:
        handle = pygit2.Repository(str(path), RepositoryOpenFlag.NO_SEARCH)
    except (OSError, ValueError, pygit2.GitError) as error:
        raise _refusal(path, str(error)) from None
    finally:
        pygit2.settings.owner_validation = True
    _refuse_grafts(handle)
    return handle


def open_objects(common: Path, quarantine: Path | None) -> pygit2.Repository:
    """Return a read-only view of another repository's objects, without its refs.

    In this view, the ancestry of a commit follows from the commits alone. In the repository itself,
    libgit2 would trust ``shallow``, ``info/grafts`` and a commit-graph instead
    (docs/decisions/0048).

    :param quarantine: a directory with more objects.
    """
    odb = pygit2.Odb()
    # libgit2 looks for a commit-graph beside the first object directory; here there is none.
    odb.add_disk_alternate(os.devnull)
    odb.add_disk_alternate(str(common / "objects"))
    if quarantine is not None:
        odb.add_disk_alternate(str(quarantine))
    alone = pygit2.Repository()
    alone.set_odb(odb)
    return alone


def common_dir(handle: pygit2.Repository) -> Path:
    """Return the directory of the refs; a linked work tree shares its main repository's."""
    git_dir = Path(handle.path)
    common = git_dir / "commondir"
    if common.is_file():
        return (git_dir / os.fsdecode(common.read_bytes()).strip()).resolve()
    return git_dir


def remote_of(git_dir: Path) -> str | None:
    """Return the address of ``origin``, or of another remote if there is no ``origin``."""
    try:
        remotes = {each.name: each.url for each in pygit2.Repository(str(git_dir)).remotes}
    except pygit2.GitError:
        return None
    return remotes.get("origin") or next(iter(remotes.values()), None) or None


def require_resources(error: BaseException | None = None) -> None:
    """Raise if a file may seem missing only because no descriptor or no memory is free.

    If a commit wrongly counted as missing, a force push would be recorded, permanently.

    :param error: the error of the failed operation.
    :raises SourceUnavailable: no file can be opened now.
    :raises MemoryError: there is not enough memory to read a file.
    """
    if words := shortage(error):
        raise SourceUnavailable(OUT_OF_DESCRIPTORS, words, hint=HINT) from None
    require_memory(LOOK_UP_BYTES)


def contains(odb: pygit2.Odb, oid: pygit2.Oid) -> bool:
    """Return whether a repository contains an object.

    :raises SourceUnavailable: this is unknown now, because no file can be opened.
    :raises MemoryError: this is unknown now, because there is not enough memory.
    """
    if oid in odb:
        return True
    # libgit2 skips a pack that it cannot open, or for which there is no memory.
    require_resources()
    return oid in odb


def _refuse_grafts(handle: pygit2.Repository) -> None:
    # libgit2 uses these files when it computes ancestry. So two servers would log two histories,
    # and a verifier might see a third one.
    grafts = common_dir(handle) / "info" / "grafts"
    if grafts.is_file() and grafts.stat().st_size:
        raise Fatal(
            f"{grafts} makes git show another history than the commits, and gitmesh uses only the "
            "commits",
            hint="remove it, or: git replace --convert-graft-file",
        )


def _refusal(path: Path, reason: str) -> Fatal:
    if "not owned by current user" in reason:
        return Fatal(
            f"{path} belongs to another user, and git refuses to trust it",
            hint="run gitmesh as the owner of the repository, or change its owner: chown -R",
        )
    if "object format" in reason or "objectformat" in reason:
        return Fatal(
            f"{path} uses SHA-256 object ids, which libgit2 {pygit2.LIBGIT2_VERSION} cannot read",
            hint="create the repository with: git init --object-format=sha1",
        )
    if "refstorage" in reason.lower():
        return Fatal(
            f"{path} stores its refs in a reftable, which libgit2 {pygit2.LIBGIT2_VERSION} cannot "
            "read",
            hint="convert it: git refs migrate --ref-format=files",
        )
    if not path.exists():
        return Fatal(
            f"there is no {path}",
            hint=f"create a repository: gitmesh init {shlex.quote(str(path))}",
        )
    for folder in (path / ".git", path):
        parts = [folder / name for name in _PARTS]
        missing = [part for part in parts if not part.exists()]
        if len(missing) < len(parts) - 1:  # something else may have one of these names, too
            why = f"{missing[0]} is missing" if missing else reason
            return Fatal(
                f"{path} is a git repository that cannot be read: {why}",
                hint="restore it from a backup or a clone; git fsck names what is damaged",
            )
    return Fatal(
        f"{path} is not a git repository that can be read: {reason}",
        hint="give one with --repo, or create one: gitmesh init PATH",
    )
