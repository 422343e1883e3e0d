"""Commits that differ because other rules decided them: proven by a signed checkpoint, or unproven.

The log's statement about other rules proves nothing: an attacker who can write the log can forge
it. A checkpoint that was signed while those rules were in use is proof.
"""

from collections.abc import Iterable, Sequence

from events.types import Chain, Seq
from gitmesh.audit.attestation import Signed
from gitmesh.rendering.amounts import count
from reconciler.rederivation import DecidedByOtherRules
from reconciler.rules import RULES, Stretch


def signed_up_to(stretch: Stretch, signed: Iterable[Signed]) -> Seq:
    """Return the mesh chain position up to which a checkpoint was signed under a stretch's rules.

    :param signed: checkpoints with verified signatures that agree with the log.
    """
    sizes: dict[str, dict[Chain, int]] = {}
    for each in signed:
        if each.filed:
            sizes.setdefault(each.filed, {})[each.chain] = each.checkpoint.size
    both = [found for found in sizes.values() if len(found) == len(Chain)]
    return Seq(
        max(
            (
                found[Chain.MESH]
                for found in both
                if stretch.ended is None or found[Chain.DELIVERY] < stretch.ended
            ),
            default=0,
        )
    )


def judge(
    found: Sequence[DecidedByOtherRules], signed: Sequence[Signed], head: Seq
) -> tuple[list[str], list[str]]:
    """Return, as text, the unproven differences, and those that a signature proves.

    :param signed: checkpoints with verified signatures that agree with the log.
    """
    unproven, vouched = [], []
    for stretch in dict.fromkeys(each.stretch for each in found):
        mine = [each for each in found if each.stretch == stretch]
        signed_to = signed_up_to(stretch, signed)
        open_ = [each for each in mine if each.last > signed_to]
        if open_:
            unproven.append(
                f"{_otherwise(open_, stretch, head)}. Nobody signed them while rules "
                f"{stretch.rules} held: only a gitmesh with these rules can prove them "
                "(docs/operations.md#upgrade)"
            )
        if len(open_) < len(mine):
            told = [each for each in mine if each.last <= signed_to]
            vouched.append(
                f"git: {_otherwise(told, stretch, head)}; a checkpoint that was signed while they "
                "held vouches for them"
            )
    return unproven, vouched


def _otherwise(found: Sequence[DecidedByOtherRules], stretch: Stretch, head: Seq) -> str:
    last = head if stretch.last is None else stretch.last
    tried = [each.difference for each in found if each.difference]
    left = len(found) - len(tried)
    parts = []
    if tried:
        come = "comes" if len(tried) == 1 else "come"
        parts.append(f"{count(len(tried), 'commit')} {come} out otherwise, first {tried[0]}")
    if left:
        parts.append(f"{count(left, 'commit')} {'was' if left == 1 else 'were'} not tried any more")
    return (
        f"mesh events {stretch.first:,} to {last:,} were decided by rules {stretch.rules}, and "
        f"here are rules {RULES}: {'; '.join(parts)}"
    )
