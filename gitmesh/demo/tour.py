"""The whole demo: setup, steps, report."""

import time

from gitmesh.demo.report import Report
from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import Stage, set_stage
from gitmesh.demo.stay import stay_up
from gitmesh.demo.story import Story


async def tour(screen: Screen, *, stay: bool) -> Report:
    """Run the demo and return its report. No process that it started is left on return.

    Teardown runs also if the demo is cancelled.

    :raises Fatal: a process could not be started, or ended by itself.
    """
    started = time.monotonic()
    report = Report()
    screen.step("A mesh on this machine")
    async with set_stage(screen, console=stay) as stage:
        report.proxies = len(stage.layout.proxies)
        await stage.load.wait_until_answered()
        report.start_s = round(time.monotonic() - started, 2)
        screen.good(
            f"{report.proxies} Envoys run and acknowledged their configuration, "
            f"{report.start_s:.1f} s after the start"
        )
        await Story(stage, screen, report).tell()
        stage.processes.check()
        _conclude(stage, screen, report)
        report.duration_s = round(time.monotonic() - started, 1)
        if stay:
            await stay_up(stage, screen)
    return report


def _conclude(stage: Stage, screen: Screen, report: Report) -> None:
    total = stage.load.total
    report.requests_ok, report.requests_failed = total.ok, total.failed
    report.failures = list(total.failures)
    screen.step("The verdict")
    held = report.expect(not total.failed, "no request failed over the whole tour")
    say = screen.good if held else screen.bad
    say(f"{total.ok + total.failed:,} requests over the whole tour, {total.failed} failed")
    for reason in total.failures:
        screen.quote(reason)
    for promise in report.broken:
        screen.bad(f"did not hold: {promise}")
