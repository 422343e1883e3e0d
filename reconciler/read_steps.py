"""Spec trees that one part of the process has read, so that another part need not read them again.

A write through the API reads the tree of its commit before the commit is made, to check it. The
follower would then read the same tree, starting from the same previous tree, with the same result.
"""

import threading
from collections import OrderedDict
from typing import Final

from reconciler.reading.source import ObjectId
from reconciler.reading.tree import SpecTree, Step

_MOST: Final = 8
"""Maximum number of steps that are kept. Each refers to a whole tree, most of which it shares with
others."""


class ReadSteps:
    """Steps from one git tree to the next, each of which is taken once. Thread-safe."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._steps: OrderedDict[tuple[ObjectId, ObjectId], Step] = OrderedDict()

    def put(self, before: ObjectId, step: Step) -> None:
        """Keep a step from the git tree ``before``; the oldest is dropped if there are too many.

        A tree that could not be read is not kept.
        """
        after = step.tree.listing.tree
        if after is None or step.tree.faults:
            return
        with self._turn:
            self._steps[before, after] = step
            while len(self._steps) > _MOST:
                self._steps.popitem(last=False)

    def take(self, base: SpecTree, root: ObjectId) -> Step | None:
        """Return the step from ``base`` to the git tree ``root``, if there is one, and drop it."""
        if base.faults or base.listing.tree is None:
            return None
        with self._turn:
            return self._steps.pop((base.listing.tree, root), None)
