"""Group commit: one of the threads that wait makes the commits of several, in order of arrival."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from events.types import CommitId
from gitmesh.service.changes.planned_commit import Authorship
from gitmesh.service.changes.resource_change import Mesh, Wanted

MOST_TOGETHER: Final = 16
"""Maximum number of commits for which the branch is moved once: the first waits for all of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """A requested change, and the message of its commit."""

    wanted: Callable[[Mesh], Wanted]
    """Function that returns the requested changes for the mesh of the branch's tip; it may raise,
    and then nothing is changed."""
    message: str
    who: Authorship
    admit: Callable[[], None] = lambda: None
    """Called before a commit is made; may raise to change nothing."""
    made: Callable[[], None] = lambda: None
    """Called when the commit is made, or none is needed, before another change with one of its ids
    is planned."""
    ids: frozenset[str] = frozenset()
    """Ids by which the change is recognised if it is asked for again."""
    command: str = "gitmesh api"
    """The command for git's reflog; of changes that are made together, the first one's counts."""


@dataclass(slots=True, eq=False)
class Turn:
    """A change that waits for its commit, then its result."""

    change: Change
    admitted: bool = False
    done: bool = False
    tip: CommitId | None = None
    """The commit that the change was planned on."""
    made: CommitId | None = None
    """The commit of the change; ``None`` if nothing would change."""
    error: BaseException | None = None
    woken: threading.Event = field(default_factory=threading.Event)
    """Set when it is done, or when its thread is to make the next group."""


class GroupCommit:
    """Changes that wait for their commits. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Turn] = deque()
        self._led = False
        """True while one of the threads makes a group of commits, or is about to."""

    def run(self, change: Change, make_group: Callable[[], None]) -> Turn:
        """Wait until a change is made or has failed; return its result.

        :param make_group: takes the next changes (:meth:`take`), makes their commits or sets their
            errors, and calls :meth:`finish` whatever happens. One thread at a time calls it.
        """
        mine = Turn(change)
        with self._lock:
            self._waiting.append(mine)
            leads, self._led = not self._led, True
        if not leads:
            mine.woken.wait()
        if not mine.done:
            make_group()
        return mine

    def take(self, most: int) -> list[Turn]:
        """Take up to ``most`` changes that wait longest; of those with a common id, one."""
        group, ids = list[Turn](), set[str]()
        with self._lock:
            while self._waiting and len(group) < most and not ids & self._waiting[0].change.ids:
                group.append(self._waiting.popleft())
                ids |= group[-1].change.ids
        return group

    def finish(self, group: list[Turn]) -> None:
        """Wake the threads of a group, and the one that makes the next group."""
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._led = following is not None
        for turn in group:
            turn.done = True
            turn.woken.set()
        if following is not None:
            following.woken.set()
