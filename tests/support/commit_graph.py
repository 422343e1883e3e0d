"""A commit-graph file with a wrong parent of a commit, as an attacker could write it."""

import hashlib
import struct
from pathlib import Path

from tests.support.git import git


def forge_parent(origin: Path, commit: str, parent: str) -> None:
    """Write a commit-graph in which a commit has another first parent."""
    options = ["-c", "commitGraph.generationVersion=1"]  # libgit2 knows no other
    git(origin, *options, "commit-graph", "write", "--reachable")
    file = origin / "objects" / "info" / "commit-graph"
    raw = bytearray(file.read_bytes()[:-20])
    chunks = raw[6]
    offsets = {
        bytes(raw[at : at + 4]): struct.unpack(">Q", raw[at + 4 : at + 12])[0]
        for at in range(8, 8 + 12 * chunks, 12)
    }
    fanout, names, data = offsets[b"OIDF"], offsets[b"OIDL"], offsets[b"CDAT"]
    [count] = struct.unpack(">I", raw[fanout + 255 * 4 : fanout + 256 * 4])
    at = {raw[names + 20 * n : names + 20 * n + 20].hex(): n for n in range(count)}
    place = data + 36 * at[commit]
    raw[place + 20 : place + 24] = struct.pack(">I", at[parent])
    raw[place + 28 : place + 32] = struct.pack(">I", 1_000 << 2)  # a generation above all others
    file.chmod(0o644)
    file.write_bytes(bytes(raw) + hashlib.sha1(bytes(raw)).digest())
