"""Checkpoints: how long a chain is and the root of its Merkle tree, in three signed lines. Pure.

    shop.example/mesh
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

(https://c2sp.org/tlog-checkpoint.) Each chain is a log of its own, with an origin of its own, and
by custom the origin is the name of the key: one key signs for both chains by two names.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from events.note import SignerKey, VerifierKey, WrongNote, verified_text
from events.types import Chain

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is said of one chain."""

    origin: str
    size: int
    """How many events it had: the last one's ``seq``."""
    root: bytes

    def text(self) -> str:
        """Return the three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the lines of a note; those behind the third are for others.

        :raises WrongNote: they are no checkpoint.
        """
        lines = text.split("\n")
        try:
            origin, size = lines[0], lines[1]
            root = base64.b64decode(lines[2], validate=True)
        except (IndexError, binascii.Error, ValueError):
            raise WrongNote("it is no checkpoint") from None
        if not origin or not _SIZE.fullmatch(size) or len(root) != 32:
            raise WrongNote("it is no checkpoint")
        return cls(origin, int(size), root)


def origin_of(key_name: str, chain: Chain) -> str:
    """Return what a chain is called where a key of that name signs for it."""
    return f"{key_name}/{chain}"


def sign(chain: Chain, size: int, root: bytes, key: SignerKey) -> str:
    """Return the signed note of a checkpoint."""
    origin = origin_of(key.name, chain)
    return key.sign(Checkpoint(origin, size, root).text(), origin)


def verifiers(key: SignerKey) -> list[VerifierKey]:
    """Return what checks the checkpoints that a key signs: one for each chain."""
    return [key.verifier(origin_of(key.name, chain)) for chain in Chain]


def verified(note: str, chain: Chain, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Return a chain's checkpoint, if one of the keys signed it as that chain's.

    :raises WrongNote: it is something else, or signed by nobody of these.
    """
    of_chain = [key for key in keys if key.name.endswith(f"/{chain}")]
    found = Checkpoint.parse(verified_text(note, of_chain))
    if found.origin not in {key.name for key in of_chain}:
        raise WrongNote(f"it is a checkpoint of {found.origin}")
    return found
