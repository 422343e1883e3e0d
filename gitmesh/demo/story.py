"""The steps of the demo: each is really done, measured and checked."""

import subprocess
import sys
from collections import Counter

from events.types import CommitId, SnapshotConverged
from gitmesh.demo.git import Push
from gitmesh.demo.report import (
    BAR_OWN_MS,
    BAR_TOTAL_MS,
    Delivery,
    Report,
    Summary,
    parts_of,
    summarise,
)
from gitmesh.demo.sample import ROUTES, shares
from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import Stage
from gitmesh.demo.traffic.load import Tally
from gitmesh.rendering.narration import problem_lines
from gitmesh.settings import child_environment

SAMPLE = 1000
SHIFT_PERCENT = 10
TOLERANCE_PERCENT = 4
"""Four standard deviations of 1,000 draws with a chance of 10 %."""
QUICK_ROUNDS = 10


class Story:
    """Runs the steps and records the results."""

    def __init__(self, stage: Stage, screen: Screen, report: Report) -> None:
        self._stage = stage
        self._screen = screen
        self._report = report
        self._first_event = stage.events.events_read

    async def tell(self) -> None:
        """Run all steps under a continuous load."""
        async with self._stage.load.steady():
            await self._everyone_gets_v1("before")
            shift = await self._shift()
            await self._bad_commit()
            await self._take_back(shift)
            self._show_log()
            await self._quick_rounds()

    async def _everyone_gets_v1(self, name: str) -> None:
        self._screen.step("All traffic goes to version 1 of the cart")
        split = await self._sample(name)
        self._judge(split, 0)

    async def _shift(self) -> CommitId:
        self._screen.step(f"A commit gives version 2 its first {SHIFT_PERCENT} %")
        delivery = await self._set_share(0, SHIFT_PERCENT, "Cart: the first 10 % to version 2")
        self._report.shift = delivery
        self._show(delivery)
        self._judge(await self._sample("shifted"), SHIFT_PERCENT)
        return CommitId(delivery.commit)

    async def _bad_commit(self) -> None:
        self._screen.step("A bad commit: it names a virtual node that does not exist")
        clone = self._stage.clone
        clone.replace(ROUTES, shares(SHIFT_PERCENT), shares(SHIFT_PERCENT, "cart-v3"))
        self._screen.quote(await clone.diff())
        bad = await clone.commit("Cart: hand over to version 3")
        await clone.push()
        rejected = await self._stage.events.rejected(bad)
        self._report.rejection = [dict(p) for p in rejected.problems]  # type: ignore[arg-type]
        self._screen.good("gitmesh refuses it as a whole, and says where it is wrong and why:")
        self._screen.quote("\n".join(problem_lines(rejected.problems)))
        self._report.expect(
            any(p.get("path") == ROUTES and p.get("line") for p in rejected.problems),
            "the rejection names the file and the line",
        )
        self._judge(await self._sample("refused"), SHIFT_PERCENT)
        mended = await clone.revert(bad)
        await clone.push()
        await self._stage.events.applied(mended)
        self._screen.say("The bad commit is reverted; the mesh never changed.")

    async def _take_back(self, shift: CommitId) -> None:
        self._screen.step("git revert takes the shift back")
        commit = await self._stage.clone.revert(shift)
        pushed = await self._stage.clone.push()
        self._report.revert = _delivery(pushed, await self._stage.events.converged(commit))
        self._show(self._report.revert)
        self._judge(await self._sample("reverted"), 0)

    def _show_log(self) -> None:
        self._screen.step("gitmesh log remembers all of it")
        limit = str(self._stage.events.events_read - self._first_event)
        self._screen.say(f"gitmesh log --repo {self._stage.bare.name} --limit {limit}")
        command = [
            sys.executable,
            "-m",
            "gitmesh",
            "log",
            "--repo",
            str(self._stage.bare),
            "--limit",
            limit,
        ]
        shown = subprocess.run(
            command, env=child_environment(), capture_output=True, text=True, check=False
        )
        self._screen.quote(shown.stdout or shown.stderr)
        self._report.expect(shown.returncode == 0, "gitmesh log works")

    async def _quick_rounds(self) -> None:
        rounds = 2 * QUICK_ROUNDS
        self._screen.step(f"How fast? {rounds} more commits, there and back")
        async with self._screen.working("git commit, git push, every proxy acknowledges"):
            for i in range(rounds):
                old, new = (0, SHIFT_PERCENT) if i % 2 == 0 else (SHIFT_PERCENT, 0)
                message = f"Cart: {new} % to version 2"
                self._report.deliveries.append(await self._set_share(old, new, message, quiet=True))
        self._report.total_ms = summarise(
            [d.total_ms for d in self._report.deliveries], BAR_TOTAL_MS
        )
        self._report.own_ms = summarise([d.own_ms for d in self._report.deliveries], BAR_OWN_MS)
        self._compare("push → last acknowledgement", self._report.total_ms)
        self._compare("of that, gitmesh itself", self._report.own_ms)
        parts = self._report.own_parts_ms = parts_of(self._report.deliveries)
        self._screen.say("  " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in parts.items()))

    async def _set_share(
        self, old: int, new: int, message: str, *, quiet: bool = False
    ) -> Delivery:
        clone = self._stage.clone
        clone.replace(ROUTES, shares(old), shares(new))
        if not quiet:
            self._screen.quote(await clone.diff())
        commit = await clone.commit(message)
        pushed = await clone.push()
        return _delivery(pushed, await self._stage.events.converged(commit))

    async def _sample(self, name: str) -> Tally:
        async with self._screen.working(f"{SAMPLE:,} requests through the gateway"):
            tally = await self._stage.load.sample(SAMPLE)
        self._report.splits[name] = dict(sorted(tally.by_node.items()))
        return tally

    def _judge(self, tally: Tally, percent_v2: int) -> None:
        split = _percentages(tally.by_node)
        shown = ", ".join(f"{node} {share:.1f} %" for node, share in split.items())
        slack = TOLERANCE_PERCENT if percent_v2 else 0
        fits = abs(split.get("cart-v2", 0.0) - percent_v2) <= slack and not tally.failed
        self._report.expect(fits, f"{percent_v2} % of requests reach cart-v2 (got: {shown})")
        say = self._screen.good if fits else self._screen.bad
        say(f"{SAMPLE:,} requests: {shown}; {tally.failed} failed")

    def _show(self, delivery: Delivery) -> None:
        self._screen.good(
            f"push → acknowledged by the {delivery.proxies} affected proxies: "
            f"{delivery.total_ms:.0f} ms (gitmesh itself {delivery.own_ms:.1f} ms)"
        )

    def _compare(self, what: str, summary: Summary) -> None:
        # A slow or busy machine misses a bar without anything being wrong: it is shown, and in the
        # report, but the tour goes by what must hold everywhere.
        say = self._screen.good if summary.holds else self._screen.bad
        say(
            f"{what}: median {summary.median:.1f} ms, slowest {summary.slowest:.1f} ms "
            f"(bar: {summary.bar:.0f} ms)"
        )


def _percentages(counts: Counter[str]) -> dict[str, float]:
    total = sum(counts.values())
    return {node: 100 * n / total for node, n in sorted(counts.items())}


def _delivery(pushed: Push, converged: SnapshotConverged) -> Delivery:
    ms = {name: value / 1000 for name, value in converged.timings.items()}
    return Delivery(
        commit=converged.commit,
        proxies=converged.proxies,
        seen_ms=ms["seen"],
        planned_ms=ms["planned"],
        # A proxy may be quicker to answer than the transport is to say that it has written.
        own_ms=min(ms.get("written", ms["acked"]), ms["acked"]),
        total_ms=ms["acked"],
        push_ms=round(pushed.push_s * 1000, 1),
    )
