"""A program that appends events as fast as it can, and that tests kill at any moment.

Transaction ``n`` is always the same, so the expected content of the file is known. One process is
kept ready, and forks a writer for each path that it reads from its input, so a writer starts within
milliseconds. A writer prints its process id, then each position that an append returned.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from events.opening import open_for_writing
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
"""Padding that makes transactions span several pages, and causes checkpoints."""


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
    """Return the expected mesh after that many transactions; ``earlier`` saves time."""
    first = int(earlier.tip or "0", 16) + 1
    events = [event for each in range(first, number + 1) for event in transaction(each)]
    return apply_all(
        earlier, [(Seq(earlier.seq + at), event) for at, event in enumerate(events, 1)]
    )


def append_for_ever(path: Path, out: int) -> None:
    """Append transactions to both chains until killed; print each position after its append."""
    log = open_for_writing(path)
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
    """Process that forks writers, one at a time."""

    def __init__(self, orders: IO[str], words: IO[str]) -> None:
        self._orders = orders
        self._words = words

    def start(self, path: Path) -> int:
        """Start a writer to that log; return its process id."""
        self._orders.write(f"{path}\n")
        self._orders.flush()
        return int(self._words.readline().removeprefix("pid "))

    def acknowledged(self) -> dict[Chain, Seq]:
        """Wait for the writer's end; return the last positions that it printed."""
        lines = [line.split() for line in iter(self._words.readline, "ended\n")]
        return {Chain(chain): Seq(int(seq)) for chain, seq in lines}


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Keep a process ready that forks writers; each writer must have been killed at the end."""
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
