"""Comparison of a log with signed checkpoints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from events.integrity.checkpoint import Checkpoint, Growing, verified
from events.integrity.note import VerifierKey, WrongNote, text_of
from events.store import EventReader
from events.types import Chain, Seq
from gitmesh.rendering.amounts import count
from gitmesh.rendering.narration import short
from mesh.errors import Fatal
from reconciler.git.checkpoint_ref import Filed


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint of one chain, with a name for messages."""

    name: str
    chain: Chain
    checkpoint: Checkpoint
    filed: str = ""
    """The commit of the checkpoint ref that contains it and the other chain's checkpoint."""


def read_checkpoints(
    filed: Iterable[Filed], keys: Sequence[VerifierKey] | None
) -> tuple[list[Signed], list[str]]:
    """Return the checkpoints that one of the keys signed, and the problems of all others.

    :param keys: None if no key is known; then signatures are not checked.
    """
    signed: list[Signed] = []
    wrong: list[str] = []
    for each in filed:
        name = f"checkpoint {short(each.commit)}"
        for chain in Chain:
            try:
                found = _read(each.notes, chain, keys)
            except WrongNote as error:
                wrong.append(f"{name}, {chain} chain: {error}")
            else:
                signed.append(Signed(name, chain, found, each.commit))
    return signed, wrong


def _read(notes: Mapping[str, str], chain: Chain, keys: Sequence[VerifierKey] | None) -> Checkpoint:
    note = notes.get(chain.value, "")
    if keys is None:
        return Checkpoint.parse(text_of(note))
    return verified(note, chain, keys)


def read_note(name: str, note: str, keys: Sequence[VerifierKey] | None) -> Signed:
    """Return the checkpoint in a file, of either chain.

    :raises WrongNote: the file contains no checkpoint, or none of the keys signed it.
    """
    origin = text_of(note).partition("\n")[0]
    chain = next((chain for chain in Chain if origin.endswith(f"/{chain}")), Chain.MESH)
    return Signed(name, chain, _read({chain.value: note}, chain, keys))


def contradictions(log: EventReader, signed: Iterable[Signed]) -> list[str]:
    """Return the contradictions between a log and its signed checkpoints: at most one per chain,
    the first."""
    found = []
    for chain in Chain:
        of_chain = sorted((s for s in signed if s.chain is chain), key=lambda s: s.checkpoint.size)
        try:
            found += _of_chain(log, chain, of_chain)
        except Fatal as error:
            found.append(f"{chain} chain: {error.message}")
    return found


def _of_chain(log: EventReader, chain: Chain, signed: Sequence[Signed]) -> list[str]:
    grown = Growing(chain)
    head = log.head(chain).seq
    good = 0
    other_times: list[str] = []
    for each in signed:
        size = each.checkpoint.size
        if size > head:
            are = "is" if size - head == 1 else "are"
            return [
                f"{chain} chain: it ends at event {head}, but {each.name} was signed of "
                f"{count(size, 'event')}: {count(size - head, 'event')} at its end {are} missing"
            ]
        for row in log.rows(chain, after=Seq(grown.size), limit=size - grown.size):
            grown.add(row)
        where = f"event {size}" if size == good + 1 else f"one of the events {good + 1} to {size}"
        if grown.root() != each.checkpoint.root:
            return [f"{chain} chain: {where} is not what {each.name} was signed of"]
        if not grown.has_times_of(each.checkpoint) and not other_times:
            other_times = [
                f"{chain} chain: {where} has another time than when {each.name} was signed of it"
            ]
        good = size
    return other_times
