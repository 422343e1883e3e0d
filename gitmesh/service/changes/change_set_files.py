"""Change sets on disk: one file each, beside the event log, readable only by its owner."""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gitmesh.service.changes.change_set import MOST_CALLS, ChangeSet, Effect, StagedCall
from mesh.canonical import as_object
from mesh.errors import Fatal, Retryable, UsageError
from mesh.keys import ResourceKey
from reconciler.git.writing import Person

MOST_SETS: Final = 50
MOST_BYTES: Final = 8 * 1024 * 1024
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class TooManyStaged(UsageError):
    """A limit is exceeded: too many change sets, or too many calls in one."""


class ChangeSetFiles:
    """The change sets of one log. Safe to use from several processes."""

    def __init__(self, log: Path) -> None:
        self._folder = log.with_name(f"{log.name}-changes")

    def names(self) -> list[str]:
        """Return the names of all change sets, sorted."""
        found = self._folder.glob("*.json") if self._folder.is_dir() else ()
        return sorted(path.stem for path in found if NAME.fullmatch(path.stem))

    def read(self, name: str) -> ChangeSet:
        """Return a change set.

        :raises UsageError: there is none of that name.
        """
        found = self.find(name)
        if found is None:
            known = ", ".join(self.names()[:5]) or "none"
            raise UsageError(f"there is no change {name!r}", hint=f"there is: {known}")
        return found

    def find(self, name: str) -> ChangeSet | None:
        """Return a change set, or None.

        :raises Fatal: its file is damaged.
        """
        if not NAME.fullmatch(name):
            return None
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self._folder, error) from None
        try:
            return _change_set(name, data.decode())
        except (ValueError, LookupError, TypeError, RecursionError, UsageError):
            raise Fatal(
                f"{self._path(name)} is damaged", hint=f"gitmesh change discard {name}"
            ) from None

    def write(self, change: ChangeSet) -> None:
        """Store a change set, and replace one with the same name. The caller must hold
        :meth:`lock`.

        :raises TooManyStaged: the change set is too large, or there are too many.
        """
        data = json.dumps(_as_json(change), ensure_ascii=False).encode()
        path = self._path(change.name)
        if len(change.calls) > MOST_CALLS or len(data) > MOST_BYTES:
            raise TooManyStaged(
                f"the change {change.name} has more than {MOST_CALLS} calls or {MOST_BYTES} bytes",
                hint="commit it, and begin another",
            )
        if not path.exists() and len(self.names()) >= MOST_SETS:
            raise TooManyStaged(
                f"there are {MOST_SETS} changes", hint="commit or discard one: gitmesh change list"
            )
        try:
            new = path.with_suffix(".new")
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            raise _unusable(self._folder, error) from None

    def remove(self, name: str) -> None:
        """Delete a change set; do nothing if it does not exist.

        :raises Retryable: the folder cannot be used.
        """
        if NAME.fullmatch(name):
            try:
                self._path(name).unlink(missing_ok=True)
            except OSError as error:
                raise _unusable(self._folder, error) from None

    def discard(self, name: str) -> ChangeSet:
        """Delete a change set and return it; a damaged one is returned empty.

        :raises UsageError: there is none of that name.
        """
        with self.lock():
            try:
                found = self.read(name)
            except Fatal:
                found = ChangeSet(name, "", Person("", ""))
            self.remove(name)
        return found

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the change sets against other processes and threads.

        :raises Retryable: the folder cannot be used.
        """
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            held = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(self._folder, error) from None
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _unusable(folder: Path, error: OSError) -> Retryable:
    return Retryable(
        f"{folder} cannot be used: {error.strerror}", hint="run as the owner of the event log"
    )


def _as_json(change: ChangeSet) -> dict[str, object]:
    calls = [
        {
            "effect": call.effect,
            "key": str(call.key),
            "spec": call.spec,
            "tags": dict(call.tags),
            "tagKeys": list(call.tag_keys),
            "requestId": call.request_id,
            "ids": sorted(call.ids),
            "digest": call.digest,
        }
        for call in change.calls
    ]
    author = {"name": change.author.name, "email": change.author.email}
    return {"identity": change.identity, "author": author, "calls": calls}


def _change_set(name: str, text: str) -> ChangeSet:
    body = json.loads(text)
    calls = tuple(
        StagedCall(
            Effect(call["effect"]),
            ResourceKey.parse(call["key"]),
            None if call["spec"] is None else as_object(call["spec"]),
            dict(call["tags"]),
            tuple(call["tagKeys"]),
            call["requestId"],
            frozenset(call["ids"]),
            call["digest"],
        )
        for call in body["calls"]
    )
    author = Person(body["author"]["name"], body["author"]["email"])
    return ChangeSet(name, body["identity"], author, calls)
