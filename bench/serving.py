"""Benchmark of the xDS server against its transport: connect storms, fan-out, and memory.

Rounds of both servers take turns, so that noise on the machine affects both; medians are reported.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.figures import Figure
from bench.rivals import Rivals, Round, median

SIZES = (100, 500, 1_000, 2_000)
OF_THE_BARS = 1_000
"""The number of streams to which the bars apply."""
STORMS, FAN_OUTS, CYCLES = 3, 7, 3
"""Number of rounds of each."""
_ONE_NODE = {"storm": "< 1.5", "fan-out": "< 1.25", "cpu": "< 1.5"}
_DISTINCT = {"storm": "< 5", "fan-out": "< 6", "cpu": "< 6"}
"""Bars for streams of as many nodes. They hold what is reached; decision 0079 names the aims."""
EXTENSIONS = 1_400
"""Number of extensions in an Envoy's first request: 61 KB."""
QUICK = (100,)
GIVEN_BACK_S = 2.5
"""Delay before memory is measured after many have disconnected (:mod:`xds.runtime.heap`)."""


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """Measure every size and both variants; first proxies of different nodes, as in real meshes."""
    yield from _of_distinct_nodes(QUICK[0] if quick else OF_THE_BARS)
    for delta in (False, True):
        yield from _memory(QUICK[0] if quick else OF_THE_BARS, delta=delta)
    with tempfile.TemporaryDirectory() as folder, Rivals(Path(folder)) as rivals:
        for streams in QUICK if quick else SIZES:
            for delta in (False, True):
                bars = _ONE_NODE if streams == OF_THE_BARS else {}
                yield from _of_size(rivals, f"{streams:,} streams", streams, bars, delta=delta)
        for delta in (False, True):
            yield from _as_big_as_envoys(rivals, QUICK[0] if quick else OF_THE_BARS, delta=delta)


def _of_distinct_nodes(nodes: int) -> Iterator[Figure]:
    """Measure proxies of different nodes that call the same services: each has its own snapshot."""
    with tempfile.TemporaryDirectory() as folder, Rivals(Path(folder), callers=nodes) as rivals:
        bars = _DISTINCT if nodes == OF_THE_BARS else {}
        for delta in (False, True):
            yield from _of_size(rivals, f"{nodes:,} distinct nodes", nodes, bars, delta=delta)
        for rival in (rivals.ours, rivals.limit):
            rival.storm(nodes, rivals.parts, delta=True)
        ours, limit = (rival.memory_kb() / 1024 for rival in (rivals.ours, rivals.limit))
        yield Figure("  server's memory while they are here", ours, "MB", "", limit)


def _of_size(
    rivals: Rivals, who: str, streams: int, bars: Mapping[str, str], *, delta: bool
) -> Iterator[Figure]:
    what = f"{who}, {'delta' if delta else 'SotW'}"
    storms: tuple[list[Round], list[Round]] = ([], [])
    for number in range(STORMS):
        for rival, rounds in zip((rivals.ours, rivals.limit), storms, strict=True):
            if number:
                rival.leave()
            rounds.append(rival.storm(streams, rivals.parts, delta=delta))
    cpu = bars.get("cpu", "")
    yield from _compared(f"connect storm, {what}", *storms, bar=bars.get("storm", ""), cpu=cpu)
    rivals.prepare(FAN_OUTS)
    fans: tuple[list[Round], list[Round]] = ([], [])
    for _ in range(FAN_OUTS):
        for rival, rounds in zip((rivals.ours, rivals.limit), fans, strict=True):
            rounds.append(rival.fan_out(streams, delta=delta))
    yield from _compared(f"one route, {what}", *fans, bar=bars.get("fan-out", ""), cpu=cpu)
    for rival in (rivals.ours, rivals.limit):
        rival.leave()


def _as_big_as_envoys(rivals: Rivals, streams: int, *, delta: bool) -> Iterator[Figure]:
    """Measure a storm of proxies whose first request is as large as a real Envoy's."""
    parts = [{**part, "extensions": EXTENSIONS} for part in rivals.parts]
    rounds: tuple[list[Round], list[Round]] = ([], [])
    for _ in range(STORMS):
        for rival, found in zip((rivals.ours, rivals.limit), rounds, strict=True):
            found.append(rival.storm(streams, parts, delta=delta))
            rival.leave()
    variant = "delta" if delta else "SotW"
    what = f"connect storm, {streams:,} streams, {variant}, nodes of 61 KB"
    yield from _compared(what, *rounds)


def _compared(
    what: str, ours: list[Round], limit: list[Round], bar: str = "", cpu: str = ""
) -> Iterator[Figure]:
    one, other = median(ours), median(limit)
    yield Figure(f"{what}: p50", one.p50, "ms", bar, other.p50)
    yield Figure("  last", one.last, "ms", bar, other.last)
    yield Figure("  server CPU", one.cpu, "ms", cpu, other.cpu)
    yield Figure("  load generator CPU", one.load_cpu, "ms", "", other.load_cpu)
    yield Figure("  bytes to each stream", one.bytes, "bytes", "", other.bytes)


def _memory(streams: int, *, delta: bool) -> Iterator[Figure]:
    """Measure the memory of streams of one node, which share one snapshot.

    In new processes, because a process does not return all memory that it has used.
    """
    ours, limit = list[int](), list[int]()
    with tempfile.TemporaryDirectory() as folder, Rivals(Path(folder)) as rivals:
        for rival, sizes in ((rivals.ours, ours), (rivals.limit, limit)):
            sizes.append(rival.memory_kb())
            for _ in range(CYCLES):
                rival.storm(streams, rivals.parts, delta=delta)
                sizes.append(rival.memory_kb())
                rival.leave()
                time.sleep(GIVEN_BACK_S)
                sizes.append(rival.memory_kb())
    variant = "delta" if delta else "SotW"
    each = [(sizes[1] - sizes[0]) / streams for sizes in (ours, limit)]
    yield Figure(f"memory for each of {streams:,} idle streams, {variant}", each[0], "KB", "< 60")
    yield Figure("  of the limit server", each[1], "KB")
    kept = [(sizes[-1] - sizes[0]) / (sizes[1] - sizes[0]) for sizes in (ours, limit)]
    yield Figure("  part of it that is kept when they have left", kept[0], "", "< 1", kept[1])
    for what, at in (
        ("before they come", 0),
        ("while they are here", 1),
        ("after they left", 2),
        (f"after they came and left {CYCLES} times", -1),
    ):
        yield Figure(f"  server's memory {what}", ours[at] / 1024, "MB", "", limit[at] / 1024)
