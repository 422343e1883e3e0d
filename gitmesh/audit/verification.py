"""Verification of a log: by itself, against git, and against signed checkpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from events.clock import utc_now
from events.integrity.note import VerifierKey
from events.store import EventReader, Head
from events.types import Chain, CommitId, Seq
from gitmesh.audit.attestation import Signed, contradictions, read_checkpoints
from gitmesh.audit.event_times import clock_notes
from gitmesh.audit.rule_differences import judge
from gitmesh.rendering.amounts import count
from gitmesh.rendering.narration import short
from mesh.errors import Fatal
from reconciler.git.checkpoint_ref import REF, CheckpointRef
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import Progress
from reconciler.reading.source import SourceUnavailable
from reconciler.rederivation import Rederivation, continues, led_to, rederive
from reconciler.rules import RULES, Stretch, WrongRules
from reconciler.rules_declaration import declared


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a verification."""

    heads: Mapping[Chain, Head]
    problems: tuple[str, ...]
    """Problems, the most important first; none if the log is trustworthy."""
    unproven: tuple[str, ...]
    """Differences that may be genuine or forged: only a version of gitmesh with the other rules can
    decide."""
    rules: tuple[Stretch, ...]
    """Rules that decided the mesh chain."""
    notes: tuple[str, ...]
    """Facts that were proven, and facts that could not be proven."""
    unasked: tuple[str, ...]
    """Sources that were not checked: ``git``, ``checkpoints``, both or none."""

    @property
    def ok(self) -> bool:
        """True if there are no problems and no unproven differences."""
        return not self.problems and not self.unproven


@dataclass(slots=True)
class _Findings:
    """Findings so far, from which the verdict is made."""

    heads: dict[Chain, Head]
    problems: list[str]
    unproven: list[str] = field(default_factory=list)
    rules: list[Stretch] = field(default_factory=lambda: [Stretch(RULES, Seq(1))])
    notes: list[str] = field(default_factory=list)

    def verdict(self, unasked: tuple[str, ...]) -> Verdict:
        return Verdict(
            self.heads,
            tuple(self.problems),
            tuple(self.unproven),
            tuple(self.rules),
            tuple(self.notes),
            unasked,
        )


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Sources of evidence besides the log."""

    repo: GitRepository | None = None
    branch: str | None = None
    keys: Sequence[VerifierKey] | None = None
    """Keys that sign checkpoints; None if unknown."""
    kept: Sequence[Signed] = ()
    """Checkpoints that were kept outside the repository, with verified signatures."""


def verify(
    log: EventReader, witnesses: Witnesses = Witnesses(), *, progress: Progress | None = None
) -> Verdict:
    """Verify a log by itself, against checkpoints, and against the repository's history."""
    found = _Findings({chain: log.head(chain) for chain in Chain}, log.verify(progress))
    broken = any(line.startswith(f"{Chain.MESH} chain") for line in found.problems)
    _read_rules(found, log)
    if not found.problems:  # rows of a damaged log may not even be text
        found.notes += clock_notes(log, utc_now())
    signed = _by_checkpoints(found, log, witnesses)
    if witnesses.repo is None:
        return found.verdict(("git", "checkpoints"))
    if broken:
        return found.verdict(("git",))
    _by_git(found, log, witnesses, signed, progress)
    return found.verdict(())


def _read_rules(findings: _Findings, log: EventReader) -> None:
    try:
        findings.rules = declared(log)
    except (WrongRules, Fatal) as error:
        if not any(line.startswith(f"{Chain.DELIVERY} chain") for line in findings.problems):
            findings.problems.append(f"{Chain.DELIVERY} chain: {error}")


def _by_checkpoints(findings: _Findings, log: EventReader, witnesses: Witnesses) -> list[Signed]:
    """Return the checkpoints that count as evidence: correctly signed and in agreement with the
    log."""
    signed = list(witnesses.kept)
    if witnesses.repo is not None:
        filed = CheckpointRef(witnesses.repo).newest_first()
        found, wrong = read_checkpoints(filed, witnesses.keys)
        signed += found
        findings.problems += wrong
        if witnesses.keys is not None and not found and not wrong:
            findings.problems.append(f"{REF} has no checkpoint, although a key is given")
    contradicted = contradictions(log, signed)
    findings.problems += contradicted
    unnoticed = "a shortened or replaced log would not be detected"
    if witnesses.repo is None:
        findings.notes.append(
            "not checked: the repository (--repo): its history and its checkpoints"
            + ("" if signed else f": {unnoticed}")
        )
    elif not signed:
        findings.notes.append(f"no checkpoint is signed: {unnoticed}; see gitmesh checkpoint")
    if not signed:
        return []
    most = max((s.checkpoint.size for s in signed if s.chain is Chain.MESH), default=0)
    how = "signed" if witnesses.keys is not None else "whose signatures were not checked (--key)"
    findings.notes.append(
        f"{count(len(signed), 'checkpoint')} {how}, the longest of {count(most, 'mesh event')}"
    )
    return signed if witnesses.keys is not None and not contradicted else []


def _by_git(
    findings: _Findings,
    log: EventReader,
    witnesses: Witnesses,
    signed: Sequence[Signed],
    progress: Progress | None,
) -> None:
    repo = witnesses.repo
    if repo is None:
        return
    whole = findings.heads[Chain.MESH].seq
    rows = log.rows(Chain.MESH, limit=whole)
    found = rederive(repo, rows, findings.rules, whole=whole, progress=progress)
    if found.difference is not None:
        findings.problems.append(f"mesh chain: {found.difference}")
    else:
        findings.problems += _by_branch(repo, found, witnesses.branch)
    findings.unproven, vouched = judge(found.otherwise, signed, whole)
    signed_to = max((s.checkpoint.size for s in signed if s.chain is Chain.MESH), default=0)
    unseen = sum(seq > signed_to for seq in found.rewritten)
    findings.notes += _notes(found, unseen, shallow=repo.is_shallow) + vouched


def _by_branch(repo: GitRepository, found: Rederivation, branch: str | None) -> list[str]:
    """Check that the branch can follow from the last logged commit, and leads to no missing commit.

    An attacker who forges a commit's events may also remove the commit from git.
    """
    seen = found.tip
    try:
        tip = repo.tip(branch)
        if not continues(repo, seen, tip):
            return [
                f"git: the branch is at {short(tip)}, which does not follow from "
                f"{short(seen or '')}, the last commit of the log: history was rewritten, and no "
                "server has seen it; or another branch was followed (--branch)"
            ]
    except SourceUnavailable as error:
        return [f"git: {error.message}"]
    lost = led_to(repo, tip, set(found.gone)) if found.gone else None
    if lost is None or (repo.is_shallow and not repo.has(lost)):
        return []
    return [
        f"git: the branch leads to {short(lost)}, but not all of that commit can be read: objects "
        "are missing or damaged (git fsck tells which), and its events cannot be derived again"
    ]


def _notes(found: Rederivation, unseen: int, *, shallow: bool) -> list[str]:
    notes = [f"git: {count(found.checked, 'mesh event')} derived again, the same"]
    if found.unchecked:
        notes.append(
            f"git: {count(found.unchecked, 'event')} cannot be checked, because "
            + ("this shallow clone lacks " if shallow else "git no longer has ")
            + _some(found.gone)
        )
    if unseen:
        notes.append(
            f"git: only the log says that the branch was rewritten "
            f"{'once' if unseen == 1 else f'{unseen:,} times'}: git does not keep where a branch "
            "was, and no checkpoint that was checked covers it"
        )
    if found.reworded:
        notes.append(
            f"git: the problems of {_some(found.reworded)} are the same, but this gitmesh words "
            "them differently"
        )
    return notes


def _some(commits: list[CommitId]) -> str:
    named = ", ".join(short(commit) for commit in commits[:3])
    more = f" and {len(commits) - 3:,} more" if len(commits) > 3 else ""
    return f"{named}{more}" if commits else "what a force push dropped"
