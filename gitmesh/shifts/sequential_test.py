"""Anytime-valid test of error rates: it may be looked at after every window. Pure.

The evidence against "no worse than allowed" is a product over windows, averaged over a grid of
rate ratios (Lindon and Malek, NeurIPS 2022, arXiv 2011.03567). If the canary is no worse, the
product exceeds ``1/alpha`` at any time with a probability of at most ``alpha`` (Ville's
inequality), however often somebody looks, and whatever the weights of the windows are.

The factor of one window is capped at ``alpha ** -0.75``. A cap only lowers the product, so the
bound stays; but errors of one window alone never suffice, because one host that restarts makes
many errors that are not independent.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

RATIOS: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Rate ratios between which the test does not have to know the true one."""
_CAP: Final = 0.75
_Logs: TypeAlias = tuple[tuple[float, float], ...]
"""For each ratio, the logarithms by which an event against and one in favour count."""
_LARGEST: Final = 0.999
"""Largest probability of an alternative, for ratios that would exceed 1."""


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """Evidence so far that an error rate is larger than allowed."""

    alpha: float
    """Largest probability that the test rejects although the rate is as allowed."""
    log_evidence: tuple[float, ...] = (0.0,) * len(RATIOS)
    """Logarithm of the evidence for each ratio in :data:`RATIOS`."""

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

    def _with(self, logs: "_Logs", more: int, less: int) -> "SequentialTest":
        cap = -_CAP * math.log(self.alpha)
        grown = [
            known + min(more * against + less * in_favour, cap)
            for known, (against, in_favour) in zip(self.log_evidence, logs, strict=True)
        ]
        return SequentialTest(self.alpha, tuple(grown))

    @property
    def evidence(self) -> float:
        """Return the evidence: 1 means none; the test rejects at ``1/alpha``."""
        largest = max(self.log_evidence)
        whole = sum(math.exp(each - largest) for each in self.log_evidence)
        return math.exp(min(largest, 700.0)) * whole / len(self.log_evidence)

    @property
    def rejects(self) -> bool:
        """Return whether the rate is larger than allowed, with the promised false alarm rate."""
        # The mean is at most the largest, which mostly decides without an exponential.
        least = -math.log(self.alpha)
        return max(self.log_evidence) >= least and self.evidence >= 1 / self.alpha


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
