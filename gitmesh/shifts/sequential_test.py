"""Anytime-valid test of error rates: it may be looked at after every window. Pure.

The evidence against "no worse than allowed" is a product over windows, averaged over a grid of
rate ratios (Lindon and Malek, NeurIPS 2022, arXiv 2011.03567). If the canary is no worse, the
product exceeds ``1/alpha`` at any time with a probability of at most ``alpha`` (Ville's
inequality), however often somebody looks, and whatever the weights of the windows are.

A version may become bad late, when many good windows have counted in its favour. So the product is
averaged over all windows at which it may start; the start ``t`` has the weight ``1/(t(t+1))``. The
weights add up to 1, so the bound holds, and a late change needs only some windows more.

The factor of one window is capped at ``alpha ** -0.75``. A cap only lowers the product, so the
bound stays; but errors of one window alone never suffice, because one host that restarts makes
many errors that are not independent.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

RATIOS: Final = (1.5, 2.5, 5.0, 15.0, 60.0)
"""Rate ratios between which the test does not have to know the true one."""
_CAP: Final = 0.75
_Logs: TypeAlias = tuple[tuple[float, float], ...]
"""For each ratio, the logarithms by which an event against and one in favour count."""
_LARGEST: Final = 0.999
"""Largest probability of an alternative, for ratios that would exceed 1."""
_MOST: Final = 1e100
"""Largest product, so that it stays a number."""


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """Evidence so far that an error rate is larger than allowed."""

    alpha: float
    """Largest probability that the test rejects although the rate is as allowed."""
    started: tuple[float, ...] = (0.0,) * len(RATIOS)
    """For each ratio in :data:`RATIOS`, the products that have started, with their weights."""
    windows: int = 0

    def compared(
        self, errors: int, requests: int, base_errors: int, base_requests: int
    ) -> "SequentialTest":
        """Return the test after one window of requests to the canary and to the baseline.

        The window's share of the canary may be any; a window in which one of them has no requests
        tells nothing.
        """
        if requests <= 0 or base_requests <= 0 or errors + base_errors <= 0:
            return self
        logs = _compared(round(requests / (requests + base_requests), 6))
        return self._with(logs, errors, base_errors)

    def limited(self, errors: int, requests: int, allowed: float) -> "SequentialTest":
        """Return the test after one window of the canary alone.

        :param allowed: the largest allowed error rate, 0 to 1.
        """
        if requests <= 0:
            return self
        failed = min(errors, requests)
        return self._with(_limited(allowed), failed, requests - failed)

    def _with(self, logs: _Logs, more: int, less: int) -> "SequentialTest":
        cap, at = -_CAP * math.log(self.alpha), self.windows + 1
        weight = 1 / (at * (at + 1))
        grown = [
            min((known + weight) * math.exp(min(more * against + less * in_favour, cap)), _MOST)
            for known, (against, in_favour) in zip(self.started, logs, strict=True)
        ]
        return SequentialTest(self.alpha, tuple(grown), at)

    @property
    def evidence(self) -> float:
        """Return the evidence: 1 means none; the test rejects at ``1/alpha``."""
        return sum(self.started) / len(self.started) + 1 / (self.windows + 1)

    @property
    def rejects(self) -> bool:
        """Return whether the rate is larger than allowed, with the promised false alarm rate."""
        return self.evidence >= 1 / self.alpha


@lru_cache(maxsize=4096)
def _compared(share: float) -> _Logs:
    """Return the logarithms by which an error of the canary, and of the baseline, count."""
    share = min(max(share, 1e-6), 1 - 1e-6)
    return tuple(_logs(share, share * r / (share * r + 1 - share)) for r in RATIOS)


@lru_cache(maxsize=256)
def _limited(allowed: float) -> _Logs:
    """Return the logarithms by which an error, and a success, count."""
    rate = min(max(allowed, 1e-6), 0.99)
    return tuple(_logs(rate, max(rate, min(rate * r, _LARGEST))) for r in RATIOS)


def _logs(usual: float, other: float) -> tuple[float, float]:
    return math.log(other / usual), math.log((1 - other) / (1 - usual))
