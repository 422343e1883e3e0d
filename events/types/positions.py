"""Positions in the chains of the log, and ids of commits. Pure."""

from enum import StrEnum
from typing import NewType

Seq = NewType("Seq", int)
"""Position in a chain: 1 for the first event, without gaps; 0 is the empty chain."""
CommitId = NewType("CommitId", str)
"""Full object id of a commit, in lower-case hex."""

START = Seq(0)


class Chain(StrEnum):
    """The two chains, which are independent of each other."""

    MESH = "mesh"
    DELIVERY = "delivery"
