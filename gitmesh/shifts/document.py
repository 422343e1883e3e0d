"""Models of a ``Shift`` document: the intent to move traffic from one virtual node to another."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from mesh.spec.common import Flag, Name, Spec

_LENGTH: Final = re.compile(r"(\d{1,6})(ms|s|m|h|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_STEPS: Final = 100


def seconds(text: str) -> float:
    """Return the seconds of a length of time such as ``90s``, ``2m`` or ``500ms``.

    :raises ValueError: the text is not a length of time.
    """
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError("write a length of time such as 90s, 2m or 1h")
    return int(found[1]) * _SECONDS[found[2]]


def _positive(text: str) -> str:
    if seconds(text) <= 0:
        raise ValueError("a length of time must be more than 0")
    return text


def _clock(text: str) -> str:
    if _CLOCK.fullmatch(text) is None:
        raise ValueError('write a time of day in quotes: "08:00"')
    return text


Length = Annotated[str, Strict(), AfterValidator(_positive)]
"""A length of time: ``500ms``, ``90s``, ``2m``, ``1h``, ``1d``."""
Clock = Annotated[str, Strict(), AfterValidator(_clock)]
"""A time of day in UTC: ``08:00``."""
_NUMBER: Final = re.compile(r"\d{1,9}(\.\d{1,9})?")


def _number(value: object) -> object:
    # Specs have whole numbers only, so the reader of YAML leaves others as text.
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


Number = Annotated[float, BeforeValidator(_number), Strict()]
"""A number that may have a fraction: ``99``, ``99.5``."""
_Percent = Annotated[Number, Field(ge=0, le=100)]
_Step = Annotated[int, Strict(), Field(ge=1, le=100)]
_Reason = Annotated[str, Strict(), Field(min_length=1, max_length=512)]


def _word(value: object) -> object:
    # A bare 5xx is text in YAML, but a class such as 503 would be a number.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Class = Annotated[str, BeforeValidator(_word), Field(min_length=1, max_length=64)]


class Curve(Spec):
    """Steps computed from a shape: equal ones, or ones that double."""

    shape: Literal["linear", "exponential"]
    steps: Annotated[int, Strict(), Field(ge=1, le=MOST_STEPS)]


class SuccessRateGate(Spec):
    """Gate on requests without an error."""

    min: _Percent | None = None
    """Smallest success rate in percent."""
    baseline: Flag = True
    """True to compare with the requests to ``from`` in the same time, too."""


class LatencyGate(Spec):
    """Gate on a percentile of the time that requests take."""

    percentile: Annotated[Number, Field(gt=0, lt=100)] = 99.0
    max: Length | None = None
    """Largest latency at the percentile."""
    max_ratio: Annotated[Number, Field(gt=1, le=1000)] | None = None
    """Largest latency at the percentile, as a multiple of that of ``from`` in the same time."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.max is None and self.max_ratio is None:
            raise PydanticCustomError("no_bound", "latency needs max, maxRatio or both")
        return self


class Gates(Spec):
    """Conditions for each next step; a shift without gates makes its steps by time alone."""

    success_rate: SuccessRateGate | None = None
    latency: LatencyGate | None = None
    error_classes: Mapping[_Class, _Percent] = Field(default_factory=dict, max_length=10)
    """Largest share of requests with an error of a class, in percent."""
    min_requests: Annotated[int, Strict(), Field(ge=1, le=1_000_000_000)] = 100
    """Requests to ``to`` in a step before it can pass."""
    false_alarm_rate: Annotated[Number, Field(gt=0, le=0.2)] = 0.01
    """Largest probability that a shift is stopped although ``to`` is not worse than allowed."""

    @property
    def count(self) -> int:
        """Return the number of conditions, among which the false alarm rate is divided."""
        success, latency = self.success_rate, self.latency
        rates = 0 if success is None else (success.min is not None) + success.baseline
        times = (
            0
            if latency is None
            else sum(each is not None for each in (latency.max, latency.max_ratio))
        )
        return rates + times + len(self.error_classes)


class Window(Spec):
    """Hours of the week in which steps are made, in UTC; an abort is made at any time."""

    from_: Annotated[Clock, Field(alias="from")]
    until: Clock
    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)
    ] = DAYS


class ShiftSpec(Spec):
    """What moves, in which steps, and what each next step needs."""

    from_: Annotated[Name, Field(alias="from")]
    """Virtual node that has the traffic: the baseline."""
    to: Name
    """Virtual node that is to get the traffic: the canary."""
    steps: Annotated[tuple[_Step, ...], Field(min_length=1, max_length=MOST_STEPS)] | None = None
    """Share of ``to`` after each step, in percent of the traffic of both; the last is 100."""
    curve: Curve | None = None
    interval: Length = "1m"
    """Shortest time between two steps."""
    gates: Gates = Gates()
    on_failure: Literal["revert", "hold"] = "revert"
    window: Window | None = None

    @model_validator(mode="after")
    def _is_a_plan(self) -> Self:
        if (self.steps is None) == (self.curve is None):
            found = "none" if self.steps is None else "both"
            context = {"choices": "steps, curve", "found": found}
            raise PydanticCustomError(
                "one_of", "exactly one of {choices} must be set, found {found}", context
            )
        if self.from_ == self.to:
            raise PydanticCustomError("same_node", "from and to are the same virtual node")
        steps = self.steps or (100,)
        if list(steps) != sorted(set(steps)) or steps[-1] != 100:
            raise PydanticCustomError(
                "steps", "steps must grow and end in 100, such as [5, 25, 50, 100]"
            )
        return self


class ShiftDocument(Spec):
    """A whole document. ``hold`` and ``ended`` are state; everything else is intent."""

    kind: Literal["Shift"]
    mesh_name: Name
    virtual_router_name: Name
    route_name: Name | None = None
    """The route; if absent, all routes of the router that have both targets."""
    spec: ShiftSpec
    hold: _Reason | None = None
    """Reason why no step is made now."""
    ended: Literal["promoted", "aborted", "superseded"] | None = None
    """How the shift ended; no more steps are made."""
