"""What comes out otherwise because other rules decided it: vouched for by a signature, or unproven.

That other rules decided is no excuse by itself: whoever can write the log can write that, too. A
checkpoint is one, if it was signed while those rules still held, so before anybody could know what
would need an excuse.
"""

from collections.abc import Iterable, Sequence

from events.types import Chain, Seq
from gitmesh.amounts import count
from gitmesh.attestation import Signed
from reconciler.retrace import Otherwise
from reconciler.rules import RULES, Stretch


def vouched_for(stretch: Stretch, signed: Iterable[Signed]) -> Seq:
    """Return up to where in the mesh chain was signed while the rules of a stretch held.

    :param signed: checkpoints that the log agrees with, their signatures checked.
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
    found: Sequence[Otherwise], signed: Sequence[Signed], head: Seq
) -> tuple[list[str], list[str]]:
    """Return in words what is unproven, and what a signature vouches for.

    :param signed: checkpoints that the log agrees with, their signatures checked.
    """
    unproven, vouched = [], []
    for stretch in dict.fromkeys(each.stretch for each in found):
        mine = [each for each in found if each.stretch == stretch]
        signed_to = vouched_for(stretch, signed)
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


def _otherwise(found: Sequence[Otherwise], stretch: Stretch, head: Seq) -> str:
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
