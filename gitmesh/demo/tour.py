"""The demo from beginning to end: stage, story, verdict."""

import asyncio
import signal
import time

from gitmesh.demo.report import Report
from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import Stage, set_stage
from gitmesh.demo.story import Story

ANSWER_TIMEOUT_S = 20.0
WATCH_S = 0.5


async def tour(screen: Screen, *, stay: bool) -> Report:
    """Run the demo and return what it found. Nothing that it started is left when it returns.

    SIGINT and SIGTERM cancel it, and the stage is cleared all the same.

    :raises Fatal: something could not be started, or ended by itself.
    """
    _cancel_on_signals()
    started = time.monotonic()
    report = Report()
    screen.step("A mesh on this machine")
    async with set_stage(screen) as stage:
        report.proxies = len(stage.town.proxies)
        await stage.load.wait_until_answered(ANSWER_TIMEOUT_S)
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
            await _stay(stage, screen)
    return report


def _cancel_on_signals() -> None:
    main = asyncio.current_task()
    if main is None:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, main.cancel)


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


async def _stay(stage: Stage, screen: Screen) -> None:
    address, port = stage.town.door
    screen.step("The mesh stays up until Ctrl-C; play with it")
    screen.say(f"""
cd {stage.clone.path}
$EDITOR shop/cart/routes.yaml                    # move some weight
git commit -am 'Shift' && git push               # and watch it arrive:
gitmesh log --repo {stage.bare}
for i in $(seq 20); do curl -s http://{address}:{port}/cart/items; echo; done
curl -s http://{address}:{port}/                 # web asks cart and catalog
curl -s -H 'x-shop-tester: yes' http://{address}:{port}/cart/items
git revert --no-edit HEAD && git push            # take it back
gitmesh state --repo {stage.bare} mesh/shop/virtualRouter/cart

Envoy's own view of it (clusters, routes, statistics), for each proxy:""")
    for proxy in stage.town.proxies:
        screen.say(f"  {proxy.name:<12} http://{proxy.admin}:9901/config_dump")
    while True:
        stage.processes.check()
        await asyncio.sleep(WATCH_S)
