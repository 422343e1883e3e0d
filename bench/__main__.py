"""``python -m bench``: run every benchmark and print a table; with ``--json FILE`` also as JSON.

Exits with 1 if a bar is missed. On a noisy machine, repeat the run before you trust a miss.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import api, asking, audit, commits, console, hooks, pushes, replay, serving, wire
from bench.figures import Figure, as_json, table

_MEASUREMENTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "audit": audit.figures,
    "commits": commits.figures,
    "replay": replay.figures,
    "asking": asking.figures,
    "wire": wire.figures,
    "serving": serving.figures,
    "pushes": pushes.figures,
    "hooks": hooks.figures,
    "api": api.figures,
    "console": console.figures,
}
_EXAMPLES = """\
examples:
  python -m bench                               everything
  python -m bench serving --json figures.json   the xDS server alone, for a machine, too
  python -m bench serving --quick               a look at it, with a hundred streams
"""


def main() -> int:
    """Run the benchmarks named on the command line, or all of them."""
    arguments = _parser().parse_args()
    gc.set_threshold(50_000, 20, 50)  # as `gitmesh serve` does
    measurements = {**_MEASUREMENTS}
    if arguments.quick:
        measurements["serving"] = lambda: serving.figures(quick=True)
        measurements["pushes"] = lambda: pushes.figures(quick=True)
        measurements["api"] = lambda: api.figures(quick=True)
        measurements["console"] = lambda: console.figures(quick=True)
    found: list[Figure] = []
    for name in arguments.names or measurements:
        found += _told(name, measurements[name]())
    print(table(found))
    if arguments.json is not None:
        arguments.json.write_text(as_json(found) + "\n")
    return 0 if all(figure.holds for figure in found) else 1


def _told(name: str, figures: Iterator[Figure]) -> Iterator[Figure]:
    """Print on standard error which benchmark runs, and on a terminal each figure as it is
    measured."""
    started = time.monotonic()
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    for figure in figures:
        if sys.stderr.isatty():
            print(f"  {time.monotonic() - started:4.0f} s  {table([figure])}", file=sys.stderr)
        yield figure


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure what the promises say about speed.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(_MEASUREMENTS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {names}")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there, too")
    parser.add_argument("--quick", action="store_true", help="a hundred streams only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
