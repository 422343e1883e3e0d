"""The mirror of a remote repository: a bare repository with the branch that is followed.

The branch is the one that is served. Two more refs below ``refs/gitmesh/remote/`` say which commit
was fetched last, and which one was followed last: these differ while the remote has a history that
must not be followed, for example that of another repository.
"""

import re
import shlex
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from events.types import (
    MIRROR_UNWRITABLE,
    REMOTE_BRANCH_MISSING,
    REMOTE_DAMAGED,
    REMOTE_DIVERGED,
    REMOTE_REPLACED,
    REMOTE_UNREACHABLE,
    CommitId,
)
from mesh.errors import Fatal, UsageError
from reconciler.git.initialization import init_bare
from reconciler.git.object_store import NOT_FOUND, object_id
from reconciler.git.repository import GitRepository, branch_ref
from reconciler.git.writing import BranchMoved
from reconciler.reading.source import SourceUnavailable
from reconciler.remote.access import RemoteAccess
from reconciler.remote.address import RemoteAddress
from reconciler.remote.failure import failure, last_words
from reconciler.remote.git_process import GitAnswer, run_git
from reconciler.remote.move import Diverged, Replaced, Stay, Take, next_move

LOOK_WITHIN_S: Final = 60.0
"""Maximum time of a question to the remote."""
FETCH_WITHIN_S: Final = 3600.0
"""Maximum time of a fetch; a connection that stalls ends sooner."""
_SECTION: Final = "gitmesh-remote"
_FETCHED: Final = "refs/gitmesh/remote/fetched/"
_FOLLOWED: Final = "refs/gitmesh/remote/followed/"
_STALE: Final = ("(stale info)", "(fetch first)", "(non-fast-forward)")
_REFUSED: Final = "[remote rejected]"
_LINK: Final = re.compile(r"https://[!-~]{1,300}")
"""The address that forges print for a merge request of a new branch."""
_NO_SUCH_REF: Final = 2
"""Exit code of ``git ls-remote --exit-code`` if nothing matches."""
_FILES: Final = {
    "token_file": "tokenFile",
    "ssh_key": "sshKey",
    "known_hosts": "knownHosts",
    "ca_file": "caFile",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result of one look at the remote."""

    tip: CommitId
    """The remote's commit."""
    moved: bool
    """Whether the mirror's branch moved."""


class Proposed(UsageError):
    """The branch is protected at the remote: the commit was pushed as a branch of its own."""


class Mirror:
    """One branch of a remote repository, in a bare repository on this machine. Methods block.

    Only one thread at a time talks to the remote.
    """

    def __init__(
        self, repo: GitRepository, address: RemoteAddress, access: RemoteAccess, ref: str
    ) -> None:
        self.path = repo.path.absolute()
        self.address = address
        self.ref = ref
        """The branch at the remote and in the mirror: ``refs/heads/main``."""
        self._repo = repo
        self._access = access
        self._fetched = _FETCHED + ref.removeprefix("refs/")
        self._followed = _FOLLOWED + ref.removeprefix("refs/")
        self._refused: tuple[tuple[CommitId | None, CommitId], SourceUnavailable] | None = None
        self._alone = threading.Lock()

    @classmethod
    def create(
        cls, path: Path, address: RemoteAddress, access: RemoteAccess, branch: str | None
    ) -> Self:
        """Open the mirror at a path; make it if it does not exist. Nothing is fetched.

        :param branch: the branch to follow; if None, the one that the remote's HEAD names.
        :raises UsageError: the path has another repository, or a file of ``access`` is unreadable.
        :raises SourceUnavailable: the remote must be asked for its branch, and does not answer.
        """
        access.require_files(address)
        if (path / "HEAD").exists():
            repo = GitRepository.open(path)
            _require_same(repo, address)
            ref = repo.following() if branch is None else branch_ref(branch)
        else:
            ref = _default_branch(address, access) if branch is None else branch_ref(branch)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            repo = init_bare(path, ref.removeprefix("refs/heads/"))
        _remember(repo, address, access)
        return cls(repo, address, access, ref)

    @classmethod
    def of(cls, repo: GitRepository, ref: str, environment: Mapping[str, str]) -> Self | None:
        """Return the mirror that a repository is; None if it is not one.

        :param environment: that of this process, for git.
        """
        try:
            config = repo.handle.config
            url = config["remote.origin.url"] if f"{_SECTION}.mirror" in config else None
            files = {
                field: Path(found)
                for field, name in _FILES.items()
                if f"{_SECTION}.{name}" in config and (found := config[f"{_SECTION}.{name}"])
            }
        except NOT_FOUND:
            return None
        if url is None:
            return None
        return cls(
            repo, RemoteAddress.parse(url), RemoteAccess(**files, inherited=environment), ref
        )

    @property
    def has_branch(self) -> bool:
        """Whether the mirror's branch exists."""
        return self._target(self.ref) is not None

    def look(self, stopping: Callable[[], bool] = lambda: False) -> Fetched:
        """Ask where the remote's branch is; fetch it and move the mirror's branch if it moved.

        Raises as :meth:`fetch`.
        """
        with self._alone:
            asked = ["ls-remote", "--exit-code", "--refs", self.address.url, self.ref]
            said = run_git(asked, self._environment(), timeout_s=LOOK_WITHIN_S, stopping=stopping)
            if said.code == _NO_SUCH_REF:
                raise self._no_branch()
            if said.code:
                raise failure(said.errors)
            tip = _first_id(said.output)
            return (
                self._follow(tip) if tip == self._target(self._fetched) else self._fetch(stopping)
            )

    def push(self, before: CommitId, after: CommitId) -> None:
        """Move the remote's branch from one commit to another, then the mirror's.

        If the remote does not let us move the branch, the commit is pushed as a branch of its own,
        from which a person can make a merge request.

        :raises BranchMoved: the remote's branch is not at ``before`` any more; its new commits were
            fetched, and nothing else was changed.
        :raises Proposed: the branch is protected; the commit has a branch of its own.
        :raises SourceUnavailable: the remote cannot be reached or refuses us; nothing was changed.
        """
        lease = f"--force-with-lease={self.ref}:{before}"
        said = self._push([lease, self.address.url, f"{after}:{self.ref}"])
        if said.code == 0:
            self._set(self._fetched, after)
            if self._target(self.ref) == before:
                self._move(before, after)
            self._set(self._followed, after)
        elif any(words in said.output for words in _STALE):
            self.fetch()  # whoever tries again does so on top of the new commits
            raise BranchMoved(
                f"somebody has pushed to {self._branch} meanwhile: nothing was changed",
                hint="look at the new commits (gitmesh log), then try again",
            )
        elif _REFUSED in said.output:
            raise self._propose(after, last_words(f"{said.output}\n{said.errors}"))
        else:
            raise _not_pushed(said.errors)

    def _propose(self, commit: CommitId, why: str) -> "Proposed":
        name = f"gitmesh/{commit[:12]}"
        said = self._push([self.address.url, f"{commit}:refs/heads/{name}"])
        if said.code:
            raise _not_pushed(said.errors)
        link = _LINK.search(said.errors)
        return Proposed(
            f"the remote does not let gitmesh change {self._branch} ({why}): the change is branch "
            f"{name} there",
            hint="open a merge request"
            + (f": {link[0]}" if link else f" from {name} into {self._branch}"),
        )

    def _push(self, arguments: list[str]) -> GitAnswer:
        asked = [f"--git-dir={self.path}", "push", "--porcelain", "--no-verify", *arguments]
        return run_git(asked, self._environment(), timeout_s=LOOK_WITHIN_S)

    def fetch(self, stopping: Callable[[], bool] = lambda: False) -> Fetched:
        """Fetch the remote's branch and move the mirror's branch to it.

        :raises SourceUnavailable: the remote cannot be followed now; the mirror's branch stays.
        :raises GitStopped: ``stopping`` returned true.
        """
        with self._alone:
            return self._fetch(stopping)

    def _fetch(self, stopping: Callable[[], bool]) -> Fetched:
        asked = [
            f"--git-dir={self.path}",
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            self.address.url,
            f"+{self.ref}:{self._fetched}",
        ]
        said = run_git(asked, self._environment(), timeout_s=FETCH_WITHIN_S, stopping=stopping)
        if said.code:
            reason = failure(said.errors)
            raise self._no_branch() if reason.reason == REMOTE_BRANCH_MISSING else reason
        tip = self._target(self._fetched)
        if tip is None:
            raise SourceUnavailable(REMOTE_DAMAGED, f"git fetched no commit for {self._branch}")
        return self._follow(tip)

    def _follow(self, tip: CommitId) -> Fetched:
        """Move the mirror's branch, if it is to follow the remote's commit."""
        local = self._target(self.ref)
        if self._refused is not None and self._refused[0] == (local, tip):
            raise self._refused[1]
        self._refused = None
        match next_move(local, self._target(self._followed), tip, self._related):
            case Take(commit):
                self._move(local, commit)
                self._set(self._followed, tip)
                return Fetched(tip, moved=local != tip)
            case Stay():
                self._set(self._followed, tip)
                return Fetched(tip, moved=False)
            case Replaced():
                error = SourceUnavailable(
                    REMOTE_REPLACED,
                    f"the remote's branch {self._branch} has no commit in common with the one that "
                    "was followed until now: it is probably another repository",
                    hint="restore the remote; or, if this is meant: "
                    f"git -C {shlex.quote(str(self.path))} update-ref -d {shlex.quote(self.ref)}",
                )
            case Diverged():
                error = SourceUnavailable(
                    REMOTE_DIVERGED,
                    f"branch {self._branch} has commits here that the remote does not have, and "
                    "the remote has others",
                    hint=f"push them to the remote, or drop them: git -C "
                    f"{shlex.quote(str(self.path))} update-ref {shlex.quote(self.ref)} {tip}",
                )
        self._refused = ((local, tip), error)
        raise error

    def _related(self, one: CommitId, other: CommitId) -> bool:
        return self._repo.descends(other, one) or self._repo.merge_base(one, other) is not None

    def _move(self, before: CommitId | None, after: CommitId) -> None:
        """Move the mirror's branch; whoever moved it meanwhile is not overwritten."""
        try:
            references = self._repo.handle.references
            if before is None:
                references.create(self.ref, object_id(after))
            else:
                found = references[self.ref]
                if str(found.target) == before:
                    found.set_target(object_id(after), "gitmesh: fetched")
        except NOT_FOUND as error:
            raise self._cannot_write(error) from None

    def _set(self, ref: str, commit: CommitId) -> None:
        if self._target(ref) == commit:
            return
        try:
            self._repo.handle.references.create(ref, object_id(commit), force=True)
        except NOT_FOUND as error:
            raise self._cannot_write(error) from None

    def _target(self, ref: str) -> CommitId | None:
        try:
            return CommitId(str(self._repo.handle.references[ref].target))
        except NOT_FOUND:
            return None

    def _environment(self) -> dict[str, str]:
        return self._access.environment(self.address)

    @property
    def _branch(self) -> str:
        return self.ref.removeprefix("refs/heads/")

    def _cannot_write(self, error: Exception) -> SourceUnavailable:
        return SourceUnavailable(
            MIRROR_UNWRITABLE,
            f"the mirror {self.path} cannot be written: {error}",
            hint="check its owner, and that the disk has space",
        )

    def _no_branch(self) -> SourceUnavailable:
        return SourceUnavailable(
            REMOTE_BRANCH_MISSING,
            f"the remote has no branch {self._branch}",
            hint="push it, or follow another one: --branch NAME",
        )


def _not_pushed(errors: str) -> SourceUnavailable:
    found = failure(errors)
    hint = "try again when the remote can be reached"
    if found.reason != REMOTE_UNREACHABLE:
        hint = found.hint
    return SourceUnavailable(found.reason, f"{found.message}; nothing was changed", hint=hint)


def _require_same(repo: GitRepository, address: RemoteAddress) -> None:
    try:
        url = repo.handle.config["remote.origin.url"]
    except (OSError, KeyError):
        url = None
    if url != address.url:
        raise UsageError(
            f"{repo.path} is not a mirror of {address.url}" + (f", but of {url}" if url else ""),
            hint="choose another directory: --mirror PATH",
        )


def _remember(repo: GitRepository, address: RemoteAddress, access: RemoteAccess) -> None:
    """Write into the mirror's configuration what commands need to write to the remote."""
    try:
        config = repo.handle.config
        config["remote.origin.url"] = address.url
        config[f"{_SECTION}.mirror"] = True
        for field, name in _FILES.items():
            path = getattr(access, field)
            if path is not None:
                config[f"{_SECTION}.{name}"] = str(path.absolute())
            elif f"{_SECTION}.{name}" in config:
                del config[f"{_SECTION}.{name}"]
    except NOT_FOUND as error:
        raise Fatal(
            f"the configuration of {repo.path} cannot be written: {error}",
            hint="run gitmesh as the owner of the mirror",
        ) from None


def _default_branch(address: RemoteAddress, access: RemoteAccess) -> str:
    asked = ["ls-remote", "--symref", address.url, "HEAD"]
    said = run_git(asked, access.environment(address), timeout_s=LOOK_WITHIN_S)
    if said.code:
        raise failure(said.errors)
    for line in said.output.splitlines():
        if line.startswith("ref: refs/heads/") and line.endswith("\tHEAD"):
            return branch_ref(line.removeprefix("ref: ").removesuffix("\tHEAD"))
    return "refs/heads/main"


def _first_id(output: str) -> CommitId:
    found = output.partition("\t")[0]
    if len(found) == 64:
        raise failure("mismatched algorithms: the ids of the remote have 64 digits")
    if not (len(found) == 40 and set(found) <= set("0123456789abcdef")):
        raise SourceUnavailable(REMOTE_DAMAGED, "the remote's answer is not a list of branches")
    return CommitId(found)
