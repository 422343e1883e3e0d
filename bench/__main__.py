"""``python -m bench``: every measurement, as a table, or as JSON with ``--json``.

Exits with 1 when a bar is missed. On a noisy machine run it again before believing a miss.
"""

import gc
import sys
from collections.abc import Callable, Iterator

from bench import commits, replay, wire
from bench.figures import Figure, as_json, table

_MEASUREMENTS: tuple[tuple[str, Callable[[], Iterator[Figure]]], ...] = (
    ("commits", commits.figures),
    ("replay", replay.figures),
    ("wire", wire.figures),
)


def main() -> int:
    """Run the measurements named on the command line, or all of them."""
    gc.set_threshold(50_000, 20, 50)  # as `gitmesh serve` does
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")]
    found: list[Figure] = []
    for name, figures in _MEASUREMENTS:
        if not wanted or name in wanted:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            found += figures()
    print(as_json(found) if "--json" in sys.argv else table(found))
    return 0 if all(figure.holds for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
