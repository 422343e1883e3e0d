"""Writes docs/coverage.md: ``python -m tests.coverage.page > docs/coverage.md``.

One row for each field of the models, with the cases of ``tests/xds/golden`` that contain it.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from mesh.keys import Kind
from tests.coverage.fields import every_field, fields_of
from tests.coverage.mapping import Row, row_of
from tests.support.golden import GoldenCase, golden_cases_of
from xds.nodes import Client

GOLDEN: Final = Path(__file__).parents[1] / "xds" / "golden"
SHOWN: Final = 3
"""Cases named for a field; further ones are counted."""

_HEAD = """\
# Coverage

<!-- Written by `python -m tests.coverage.page`; `make golden` writes it anew. -->

Every field that a spec can have, from the models themselves: through which field of Envoy it acts,
which golden cases contain it, and which test shows it on real traffic through a real Envoy. A field
that cannot act says so by a [warning](problems.md). Lists add nothing to a field's name.

Golden cases are folders of `tests/xds/golden`. Tests are below `tests/envoy`, those named with a
folder below `tests`.
"""


def containing(cases: Sequence[GoldenCase]) -> Mapping[str, Sequence[GoldenCase]]:
    """Return the cases that contain each field."""
    found: dict[str, list[GoldenCase]] = {}
    for case in cases:
        fields = {f for resource in case.graph.resources.values() for f in fields_of(resource)}
        for field in sorted(fields):
            found.setdefault(field, []).append(case)
    return found


def page() -> str:
    """Return the whole page."""
    fields = every_field()
    cases = containing(golden_cases_of(Client.ENVOY, GOLDEN))
    return "\n".join([_HEAD, _sums(fields), *_sections(fields, cases)])


def _sums(fields: Sequence[str]) -> str:
    rows = [row for field in fields if (row := row_of(field))]
    warned = sum(bool(row.warning) for row in rows)
    pending = sum(bool(row.pending) for row in rows)
    shown = sum(bool(row.traffic) for row in rows)
    return (
        f"{len(fields)} fields: {shown} are shown on traffic, {warned} cannot act and warn, "
        f"{len(fields) - shown - warned - pending} are shown by golden files alone"
        f"{f', {pending} do nothing yet' if pending else ''}.\n"
    )


def _sections(fields: Sequence[str], cases: Mapping[str, Sequence[GoldenCase]]) -> Iterator[str]:
    for kind in Kind:
        yield f"## {kind}\n\n| field | Envoy | golden | traffic |\n|---|---|---|---|"
        for field in fields:
            of, _, path = field.partition(".")
            row = row_of(field)
            if of == kind and row is not None:
                yield _line(path, row, cases.get(field, ()))
        yield ""


def _line(path: str, row: Row, cases: Sequence[GoldenCase]) -> str:
    names = ", ".join(map(str, cases[:SHOWN]))
    more = f" and {len(cases) - SHOWN} more" if len(cases) > SHOWN else ""
    traffic = ", ".join(f"`{each}`" for each in row.traffic) or ("—" if row.envoy else "")
    return f"| `{path}` | {_envoy(row)} | {names}{more} | {traffic} |"


def _envoy(row: Row) -> str:
    if row.warning:
        return f"none: warning `{row.warning}`"
    return ", ".join(f"`{each}`" for each in row.envoy) or f"none yet: {row.pending}"


if __name__ == "__main__":
    sys.stdout.write(page())
