"""Checkpoints: signed length and Merkle root of a chain. Pure.

    shop.example/mesh
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    times kqJ0b1jVXq8nZqzVvM0kqg9b8c5f8pWQnWm3m1xQ2hY=
    times-root 8bqcN5ggFMk2Qh2GkEUDCu9c5HPrPzj1pZWx6Ej8kRk=

(https://c2sp.org/tlog-checkpoint.) Each chain is a log of its own with its own origin. By
convention the origin is the name of the key: one key signs for both chains under two names.

The lines after the third are gitmesh's extension, in checkpoints of the mesh chain: no hash of that
chain includes the times of its events, so they are signed here. The fourth is the SHA-256 of

    "gitmesh-times-v1" LF, and for each event  <seq> SP <at> LF

The fifth is the root of a separate Merkle tree, for proofs of the time of one event. The leaf of an
event is the SHA-256 of

    0x00 "gitmesh-time-v1" LF <seq> SP <at> LF
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from events.integrity.chain import Row
from events.integrity.merkle import GrowingTree, leaf
from events.integrity.note import SignerKey, VerifierKey, WrongNote, verified_text
from events.types import Chain
from mesh.errors import Fatal

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_TIMES: Final = "times "
_TIMES_ROOT: Final = "times-root "
_TIMES_DOMAIN: Final = b"gitmesh-times-v1\n"
_TIME_DOMAIN: Final = "gitmesh-time-v1\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Signed statement about the length and content of one chain."""

    origin: str
    size: int
    """Number of events: the ``seq`` of the last event."""
    root: bytes
    times: bytes | None = None
    """Hash over the recording times of the events; None if the checkpoint has none."""
    times_root: bytes | None = None
    """Root of the tree over these times; None if the checkpoint has none."""

    def text(self) -> str:
        """Return the lines of the checkpoint, as they are signed."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        for name, digest in ((_TIMES, self.times), (_TIMES_ROOT, self.times_root)):
            if digest is not None:
                lines.append(f"{name}{base64.b64encode(digest).decode()}")
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the lines of a note; further lines after the third are allowed.

        :raises WrongNote: the lines are not a checkpoint.
        """
        lines = text.split("\n")
        try:
            origin, size = lines[0], lines[1]
            root = base64.b64decode(lines[2], validate=True)
            times, times_root = (_digests(lines[3:], name) for name in (_TIMES, _TIMES_ROOT))
        except (IndexError, binascii.Error, ValueError):
            raise WrongNote("it is not a checkpoint") from None
        digests = (root, *times, *times_root)
        if not origin or not _SIZE.fullmatch(size) or any(len(d) != 32 for d in digests):
            raise WrongNote("it is not a checkpoint")
        if len(times) > 1 or len(times_root) > 1:
            raise WrongNote("it is not a checkpoint")
        return cls(
            origin, int(size), root, *(each[0] if each else None for each in (times, times_root))
        )


def _digests(lines: Iterable[str], name: str) -> list[bytes]:
    said = (line.removeprefix(name) for line in lines if line.startswith(name))
    return [base64.b64decode(each, validate=True) for each in said]


def time_leaf(seq: int, at: str) -> bytes:
    """Return the leaf of an event in the tree over times."""
    return hashlib.sha256(f"\0{_TIME_DOMAIN}{seq} {at}\n".encode()).digest()


def leaf_of(row: Row) -> bytes:
    """Return the Merkle leaf of an event.

    :raises Fatal: the event's hash is invalid.
    """
    try:
        return leaf(row.hash)
    except ValueError:
        raise Fatal(
            f"event {row.seq} ({row.kind}) has the invalid hash {row.hash[:70]!r}",
            hint="run gitmesh verify on the log",
        ) from None


class Growing:
    """Incremental computation of a chain's checkpoint."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._tree = GrowingTree()
        self._times = hashlib.sha256(_TIMES_DOMAIN)
        self._times_tree = GrowingTree()

    @property
    def size(self) -> int:
        """Number of events so far."""
        return self._tree.size

    def add(self, row: Row) -> None:
        """Add the next event.

        :raises Fatal: the event's hash is invalid.
        """
        self._tree.add(leaf_of(row))
        if self._chain is Chain.MESH:
            self._times.update(f"{row.seq} {row.at}\n".encode())
            self._times_tree.add(time_leaf(row.seq, row.at))

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        return self._tree.root()

    def times(self) -> bytes | None:
        """Return the hash over the times so far; None for a chain whose hashes cover them."""
        return self._times.digest() if self._chain is Chain.MESH else None

    def times_root(self) -> bytes | None:
        """Return the root of the tree over the times so far; None for a chain whose hashes cover
        them."""
        return self._times_tree.root() if self._chain is Chain.MESH else None

    def has_times_of(self, signed: Checkpoint) -> bool:
        """Return whether the times so far match those of a checkpoint; true if the checkpoint has
        no times."""
        times = signed.times in (None, self.times())
        return times and signed.times_root in (None, self.times_root())


def origin_of(key_name: str, chain: Chain) -> str:
    """Return the origin of a chain for a key name."""
    return f"{key_name}/{chain}"


def sign(
    chain: Chain,
    size: int,
    root: bytes,
    key: SignerKey,
    times: bytes | None = None,
    times_root: bytes | None = None,
) -> str:
    """Return the signed note of a checkpoint."""
    origin = origin_of(key.name, chain)
    return key.sign(Checkpoint(origin, size, root, times, times_root).text(), origin)


def sign_grown(chain: Chain, grown: Growing, key: SignerKey) -> str:
    """Return the signed note of a checkpoint of the events that were added so far."""
    return sign(chain, grown.size, grown.root(), key, grown.times(), grown.times_root())


def verifiers(key: SignerKey) -> list[VerifierKey]:
    """Return the verifier keys of a signing key, one per chain."""
    return [key.verifier(origin_of(key.name, chain)) for chain in Chain]


def verified(note: str, chain: Chain, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Return a chain's checkpoint, if one of the keys signed it for that chain.

    :raises WrongNote: the note is not a checkpoint of this chain, or none of the keys signed it.
    """
    of_chain = [key for key in keys if key.name.endswith(f"/{chain}")]
    found = Checkpoint.parse(verified_text(note, of_chain))
    if found.origin not in {key.name for key in of_chain}:
        raise WrongNote(f"it is a checkpoint of {found.origin}")
    return found
