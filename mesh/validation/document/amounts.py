"""Rules for numbers that App Mesh allows and Envoy cannot represent."""

from collections.abc import Iterator
from typing import Final

from mesh.problems.problem import Problem
from mesh.spec.common import Duration
from mesh.spec.listener import HttpTimeout, TcpTimeout
from mesh.validation.document.place import Place

MAX_UINT32: Final = 2**32 - 1
"""Maximum of Envoy's counts of retries, requests and connections."""
MAX_SECONDS: Final = (2**63 - 1) // 10**9
"""Maximum duration: Envoy refuses one whose nanoseconds do not fit 64 bits, some 292 years."""


def count(value: int | None, at: Place) -> Iterator[Problem]:
    """Require a count that fits Envoy's 32 bits."""
    if value is not None and value > MAX_UINT32:
        message = f"{value} is more than Envoy can count; it must be at most {MAX_UINT32}"
        yield at.error("out-of-range", message)


def duration(value: Duration | None, at: Place, *, positive: bool = False) -> Iterator[Problem]:
    """Require a duration that fits Envoy's clock; with ``positive``, more than zero."""
    if value is None:
        return
    amount = value.value or 0
    if amount > MAX_SECONDS * (1000 if value.unit == "ms" else 1):
        message = f"{amount} {value.unit or 's'} is longer than Envoy supports"
        yield (at / "value").error("out-of-range", message, "zero disables a timeout")
    if positive and amount == 0:
        yield (at / "value").error("out-of-range", "the duration must be more than zero")


def timeout(value: HttpTimeout | TcpTimeout | None, at: Place) -> Iterator[Problem]:
    """Require that both durations of a timeout fit Envoy's clock."""
    if value is None:
        return
    yield from duration(value.idle, at / "idle")
    if isinstance(value, HttpTimeout):
        yield from duration(value.per_request, at / "perRequest")
