"""Creation of proofs that a repository's log contains an event, or that it only grew."""

from pathlib import Path
from typing import Final

from events.store import EventReader
from events.types import Chain, Seq
from gitmesh.audit.proof_file import prove_event, prove_grown
from gitmesh.queries.requested_moment import asked_seq
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from reconciler.git.repository import GitRepository

_SHORTEST_ID: Final = 7


def event_proof(log: EventReader, repo: Path, chain: Chain, event: str) -> JsonObject:
    """Return the proof that the newest checkpoint covers an event.

    :param event: a position in the chain; or a commit, for the event that applied or rejected it.
    :raises UsageError: there is no such event, or no checkpoint covers it yet.
    :raises Fatal: the log contradicts the checkpoint.
    """
    git = GitRepository.open(repo)
    return prove_event(log, git, chain, _position(log, repo, chain, event))


def growth_proof(log: EventReader, repo: Path, older: Path) -> JsonObject:
    """Return the proof that the newest checkpoint extends the checkpoint in a file.

    :raises UsageError: the file contains no checkpoint, or no newer one exists.
    :raises Fatal: the log contradicts a checkpoint.
    """
    return prove_grown(log, GitRepository.open(repo), older)


def _position(log: EventReader, repo: Path, chain: Chain, event: str) -> Seq:
    if event.isdecimal() and event.isascii():
        seq = int(event)
        # A commit's id may be digits alone.
        if len(event) < _SHORTEST_ID or seq <= log.head(chain).seq:
            return Seq(seq)
    hint = "gitmesh log shows the number of each event"
    if chain is not Chain.MESH:
        words = f"{event!r} is no number of an event, and commits stand in the mesh chain"
        raise UsageError(words, hint=hint)
    try:
        last = asked_seq(log, event, repo)
    except UsageError as error:
        raise UsageError(f"{event!r} is no event, and no commit of the log", hint=hint) from error
    return log.first_seq_of_commit(last) or last
