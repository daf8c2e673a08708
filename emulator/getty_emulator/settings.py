"""What one chooses when the emulator is started."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

DEFAULT_CREDITS = 100_000


class Dialect(StrEnum):
    """Which wording of Getty's API is spoken."""

    ANY = "any"
    """Every documented form, on both poll paths."""
    REFERENCE_PAGE = "reference-page"
    """The reference page of 2024: a refine names its image in ``id`` and is polled under ``/beta``."""
    CURRENT = "current"
    """Today's OpenAPI: ``reference_asset_id`` or ``reference_generation``, a prompt, 202 only, polled under ``/v3``."""


class Voice(StrEnum):
    """Who refuses a generation because too many are pending: Getty does not publish it."""

    SERVICE = "service"
    """429 with the ErrorCode ``TooManyConcurrentGenerations``."""
    GATEWAY = "gateway"
    """A bare 429, which says nothing of the reason."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long generations take: always ``low`` seconds, uniformly up to ``high``, or lognormal about a median."""

    low: float
    high: float
    sigma: float | None = None

    @classmethod
    def parse(cls, text: str) -> Latency:
        """Read ``3``, ``2-20`` or ``lognormal:MEDIAN:SIGMA`` (seconds)."""
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
            raise ValueError(f"Not a latency: {text!r}. It takes finite seconds, the smaller number first.")
        if latency.sigma is not None and (latency.low == 0 or latency.sigma < 0):
            raise ValueError(
                f"Not a latency: {text!r}. A lognormal needs a median above 0 and a sigma of 0 or more."
            )
        return latency

    def sample(self, random: Random) -> float:
        """Draw one latency in seconds."""
        if self.sigma is not None:
            return random.lognormvariate(math.log(self.low), self.sigma)
        return self.low if self.low == self.high else random.uniform(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one account signs in with."""

    key: str
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Credentials:
        """Read ``KEY:SECRET``."""
        key, colon, secret = text.partition(":")
        if not (key and colon and secret):
            raise ValueError("An account is written KEY:SECRET.")
        return cls(key, secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """All choices. Seconds are seconds of the movable clock, but for ``hold``, which a client really waits."""

    accounts: tuple[Credentials, ...] = (Credentials("demo-key", "demo-secret"),)
    dialect: Dialect = Dialect.ANY
    latency: Latency = Latency(3, 3)
    hold: float = 0
    download_latency: float = 0.5
    credits: int = DEFAULT_CREDITS
    queries_per_second: int | None = None
    concurrent_generations: int | None = None
    concurrency_refusal: Voice = Voice.SERVICE
    state: Path | None = None
    """The file that keeps the state over restarts; without one it is kept in memory only."""
