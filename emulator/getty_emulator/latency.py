"""The latency of generations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Latency:
    """Constant (``low`` seconds), uniform up to ``high``, or lognormal around a median."""

    low: float
    high: float
    sigma: float | None = None

    @classmethod
    def parse(cls, text: str) -> Latency:
        """Parse ``3``, ``2-20`` or ``lognormal:MEDIAN:SIGMA`` (seconds). Raises ValueError."""
        try:
            if text.startswith("lognormal:"):
                _, median, sigma = text.split(":")
                latency = cls(float(median), float(median), float(sigma))
            else:
                low, dash, high = text.partition("-")
                latency = cls(float(low), float(high if dash else low))
        except ValueError:
            raise ValueError(f"Not a latency: {text!r}. Write 3, 2-20 or lognormal:15:0.6.") from None
        numbers = (latency.low, latency.high, latency.sigma or 0.0)
        if not all(math.isfinite(number) for number in numbers) or not 0 <= latency.low <= latency.high:
            raise ValueError(f"Not a latency: {text!r}. It must be finite seconds, the smaller number first.")
        if latency.sigma is not None and (latency.low == 0 or latency.sigma < 0):
            raise ValueError(
                f"Not a latency: {text!r}. A lognormal needs a median greater than 0 and a sigma of 0 or more."
            )
        return latency

    def sample(self, random: Random) -> float:
        """Draw one latency in seconds."""
        if self.sigma is not None:
            return random.lognormvariate(math.log(self.low), self.sigma)
        return self.low if self.low == self.high else random.uniform(self.low, self.high)
