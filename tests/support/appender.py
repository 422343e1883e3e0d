"""A program that appends as fast as it can, to be killed at any instant.

Transaction ``n`` is always the same, so that whoever finds the file afterwards knows what must be
in it. One process is kept ready, and forks a writer for each path that it reads from its input: a
writer then begins within milliseconds. A writer says its process id, then each position that an
append returned.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from events.sqlite.store import EventLog
from events.state import MeshState, apply_all
from events.types import (
    Chain,
    CommitApplied,
    CommitId,
    MeshEvent,
    ProxyConnected,
    ResourceAdded,
    Seq,
)
from mesh.keys import Kind, ResourceKey
from tests.support.histories import facts

EMPTY: Final = MeshState()
RESOURCES: Final = 7
FILLER: Final = "x" * 400
"""Makes events large enough for a transaction to span pages, and for checkpoints to happen."""


def transaction(number: int) -> list[MeshEvent]:
    """Return the events of the commit with that number: itself, and 0 to 4 resources."""
    found = replace(facts(number), commit=commit_of(number))
    names = [f"node-{(number + at) % RESOURCES}" for at in range(number % 5)]
    added = [
        ResourceAdded(
            ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name),
            found.commit,
            {"number": number, "text": FILLER},
            "a.yaml",
        )
        for name in names
    ]
    return [CommitApplied(found, None, len(added)), *added]


def commit_of(number: int) -> CommitId:
    """Return the id of the commit with that number, from which the number can be read again."""
    return CommitId(f"{number:040x}")


def state_after(number: int, earlier: MeshState = EMPTY) -> MeshState:
    """Return what the mesh must be after that many transactions; ``earlier`` spares some."""
    first = int(earlier.tip or "0", 16) + 1
    events = [event for each in range(first, number + 1) for event in transaction(each)]
    return apply_all(
        earlier, [(Seq(earlier.seq + at), event) for at, event in enumerate(events, 1)]
    )


def append_for_ever(path: Path, out: int) -> None:
    """Append transactions to both chains until killed, telling each position once it is taken."""
    log = EventLog.open(path)
    state = log.state()
    number, seq = int(state.tip or "0", 16), state.seq
    while True:
        number += 1
        seq = log.append(Chain.MESH, transaction(number), expected=seq)
        os.write(out, f"{Chain.MESH} {seq}\n".encode())
        seen = log.append_observed([ProxyConnected(f"node-{number}", f"proxy-{number % 3}", "")])
        os.write(out, f"{Chain.DELIVERY} {seen}\n".encode())


def _serve() -> None:
    for line in sys.stdin:
        if child := os.fork():
            os.waitpid(child, 0)
            os.write(1, b"ended\n")
        else:
            os.write(1, f"pid {os.getpid()}\n".encode())
            append_for_ever(Path(line.strip()), 1)


class Nursery:
    """Where writers come from, one at a time."""

    def __init__(self, orders: IO[str], words: IO[str]) -> None:
        self._orders = orders
        self._words = words

    def start(self, path: Path) -> int:
        """Start a writer to that log; return its process id."""
        self._orders.write(f"{path}\n")
        self._orders.flush()
        return int(self._words.readline().removeprefix("pid "))

    def acknowledged(self) -> dict[Chain, Seq]:
        """Return the last positions that the writer told before its end, which this waits for."""
        lines = [line.split() for line in iter(self._words.readline, "ended\n")]
        return {Chain(chain): Seq(int(seq)) for chain, seq in lines}


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Keep a process ready that starts writers, each of which must have been killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.appender"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Nursery(process.stdin, process.stdout)


if __name__ == "__main__":
    _serve()
