"""Signing of checkpoints, so that the log cannot be truncated or replaced unnoticed.

A checkpoint is signed only if the log agrees with the previous one.
"""

from collections.abc import Mapping, Sequence

from events.integrity.checkpoint import Growing, sign_grown, verified, verifiers
from events.integrity.note import SignerKey, VerifierKey, WrongNote
from events.store import EventReader
from events.types import Chain, Seq
from mesh.errors import Retryable
from reconciler.git.checkpoint_ref import REF, CheckpointRef, Filed
from reconciler.git.repository import GitRepository


class Refused(Retryable):
    """The log contradicts an earlier checkpoint: no checkpoint may be signed."""


class CheckpointSigner:
    """Signs the checkpoints of one log. Methods block; use it from one thread at a time.

    :param before: earlier keys, whose checkpoints are continued.
    """

    def __init__(
        self,
        log: EventReader,
        repo: GitRepository,
        key: SignerKey,
        before: Sequence[VerifierKey] = (),
    ) -> None:
        self._log = log
        self._ref = CheckpointRef(repo)
        self._key = key
        self._before = before
        self._reached = dict.fromkeys(Chain, 0)
        self._start_over()

    def _start_over(self) -> None:
        self._grown = {chain: Growing(chain) for chain in Chain}
        self._last: Filed | None = None

    @property
    def signed(self) -> dict[Chain, int]:
        """Positions of both chains in the last checkpoint."""
        return {chain: grown.size for chain, grown in self._grown.items()}

    def sign(self) -> Filed | None:
        """Sign and store a checkpoint if there are new events; else return None.

        :raises Refused: the log contradicts an earlier checkpoint.
        :raises Retryable: the checkpoint cannot be written now.
        """
        latest = self._ref.latest()
        if latest is None and any(self._reached.values()):
            raise _refused(f"{REF} no longer exists, although {self._told_reached()} were signed")
        if latest is not None and (self._last is None or latest.commit != self._last.commit):
            self._start_over()
            self._require_contained(latest)
            if any(size < self._reached[chain] for chain, size in self.signed.items()):
                raise _refused(f"{REF} was moved back, although {self._told_reached()} were signed")
            self._last, self._reached = latest, self.signed
        heads = {chain: self._log.head(chain).seq for chain in Chain}
        if heads == self.signed:
            return None
        try:
            self._last = self._sign(heads, latest)
        except Exception:
            self._start_over()  # What was added would count as signed.
            raise
        self._reached = self.signed
        return self._last

    def _sign(self, heads: Mapping[Chain, Seq], latest: Filed | None) -> Filed:
        for chain in Chain:
            self._grow(chain, heads[chain])
        notes = {
            chain.value: sign_grown(chain, grown, self._key) for chain, grown in self._grown.items()
        }
        message = ", ".join(f"{chain} {grown.size}" for chain, grown in self._grown.items())
        return self._ref.add(notes, latest, f"Checkpoint: {message}\n")

    def _told_reached(self) -> str:
        return " and ".join(f"{size:,} {chain} events" for chain, size in self._reached.items())

    def _require_contained(self, latest: Filed) -> None:
        keys = [*verifiers(self._key), *self._before]
        for chain in Chain:
            try:
                signed = verified(latest.notes.get(chain.value, ""), chain, keys)
            except WrongNote as error:
                raise _refused(
                    f"{REF} ends with a checkpoint that this key did not sign: {error}"
                ) from None
            head = self._log.head(chain).seq
            if head < signed.size:
                raise _refused(f"the {chain} chain has {head} events; {signed.size} were signed")
            self._grow(chain, Seq(signed.size))
            grown = self._grown[chain]
            if grown.root() != signed.root:
                raise _refused(f"the {chain} chain is not the one that was signed")
            if not grown.has_times_of(signed):
                raise _refused(f"the times in the {chain} chain are not those that were signed")

    def _grow(self, chain: Chain, size: Seq) -> None:
        grown = self._grown[chain]
        for row in self._log.rows(chain, after=Seq(grown.size), limit=size - grown.size):
            grown.add(row)


def _refused(why: str) -> Refused:
    return Refused(
        f"no checkpoint is signed: {why}",
        hint="for details: gitmesh verify; see docs/operations.md",
    )
