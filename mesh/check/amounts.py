"""Rules for numbers that are right in App Mesh's shapes and still impossible for Envoy."""

from collections.abc import Iterator
from typing import Final

from mesh.check.place import Place
from mesh.problem import Problem
from mesh.spec.common import Duration
from mesh.spec.listener import HttpTimeout, TcpTimeout

MAX_UINT32: Final = 2**32 - 1
"""What Envoy's counters of retries, requests and connections hold."""
MAX_SECONDS: Final = (2**63 - 1) // 10**9
"""Envoy refuses a duration whose nanoseconds do not fit 64 bits: some 292 years."""


def count(value: int | None, at: Place) -> Iterator[Problem]:
    """A count must fit the 32 bits that Envoy gives it."""
    if value is not None and value > MAX_UINT32:
        message = f"{value} is more than Envoy can count; it must be at most {MAX_UINT32}"
        yield at.error("out-of-range", message)


def duration(value: Duration | None, at: Place, *, positive: bool = False) -> Iterator[Problem]:
    """A duration must fit Envoy's clock, and be more than zero where zero makes no sense."""
    if value is None:
        return
    amount = value.value or 0
    if amount > MAX_SECONDS * (1000 if value.unit == "ms" else 1):
        message = f"{amount} {value.unit or 's'} is longer than Envoy can wait"
        yield (at / "value").error("out-of-range", message, "zero turns a timeout off")
    if positive and amount == 0:
        yield (at / "value").error("out-of-range", "the duration must be more than zero")


def timeout(value: HttpTimeout | TcpTimeout | None, at: Place) -> Iterator[Problem]:
    """Both durations of a timeout must fit Envoy's clock."""
    if value is None:
        return
    yield from duration(value.idle, at / "idle")
    if isinstance(value, HttpTimeout):
        yield from duration(value.per_request, at / "perRequest")
