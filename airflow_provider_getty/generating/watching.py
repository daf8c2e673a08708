"""Which generations in the account's history are new. No I/O.

Generations appear late in a history, in any order, and are pending when they appear. So each look reaches back beyond
the last one, and as far as what was pending then; what was told already is remembered for as long as it can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from airflow_provider_getty.api.results import HistoryItem

OVERLAP = 3600.0
"""Seconds that a look reaches back beyond the last one, as clocks differ and generations appear late."""
LONGEST_PENDING = 86400.0
"""Seconds after which a generation that is still pending is given up."""


@dataclass
class Watch:
    """The state of a watch over an account's history.

    :param looked: when it was looked at last (Unix time); None: never.
    :param told: the generations that are not new any more, with the time of each (Unix time).
    :param pending: those that were pending at the last look, likewise.
    """

    looked: float | None = None
    told: dict[str, float] = field(default_factory=dict)
    pending: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, document: object) -> Self:
        """Read :meth:`as_json`; anything else is as if nothing was known."""
        match document:
            case {"looked": float() | int() as looked, "told": dict(told), "pending": dict(pending)}:
                return cls(float(looked), told, pending)
        return cls()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"looked": self.looked, "told": self.told, "pending": self.pending}

    def since(self, now: float) -> float:
        """From when on to read the history (Unix time)."""
        last = now if self.looked is None else min(self.looked, now)
        return min([last, *self.pending.values()]) - OVERLAP

    def look(self, items: Iterable[HistoryItem], now: float) -> list[HistoryItem]:
        """Take what the history shows since :meth:`since`; return what is finished and was not told, oldest first.

        At the first look nothing is new that is finished already. Call :meth:`tell` for what was told.
        """
        is_first = self.looked is None
        since = self.since(now)
        new, pending = [], {}
        for item in items:
            name, made = item.generation_request_id.casefold(), _time(item, now)
            if name in self.told:
                continue
            if not item.results:
                if made > now - LONGEST_PENDING:
                    pending[name] = made
            elif is_first:
                self.told[name] = made
            else:
                new.append(item)
        self.told = {name: made for name, made in self.told.items() if made >= since}
        self.pending, self.looked = pending, now
        return sorted(new, key=lambda item: _time(item, now))

    def tell(self, item: HistoryItem, now: float) -> None:
        """Remember that this one was told."""
        self.told[item.generation_request_id.casefold()] = _time(item, now)


def _time(item: HistoryItem, now: float) -> float:
    made = item.generation_date
    return made.timestamp() if made and made.tzinfo else now


def described(item: HistoryItem) -> Mapping[str, Any]:
    """Plain JSON without signed URLs, for an event; what the history does not show is None."""
    return {
        "generation_request_id": item.generation_request_id,
        "generation_type": item.generation_type,
        "image_id": item.original_asset.id if item.original_asset else None,
        "prompt": item.prompt,
        "seed": item.seed,
        "notes": item.notes,
        "product_id": item.product_id,
        "images": [image.index for image in item.results if not image.is_blocked],
        "blocked": [image.index for image in item.results if image.is_blocked],
    }
