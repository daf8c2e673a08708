"""Finds the new generations in an account's history. No I/O.

Generations appear in the history late, in any order, and often still pending. So each look reaches back beyond the last
one, and to the oldest generation that was pending then. A reported generation is remembered for as long as a look may
show it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from airflow_provider_getty.api.results import HistoryItem

OVERLAP = 3600.0
"""Seconds that a look reaches back beyond the last one: clocks differ, and generations appear late."""
LONGEST_PENDING = 86400.0
"""Seconds after which a pending generation is no longer waited for."""


@dataclass
class Watch:
    """The state of a watch over an account's history.

    :param looked: when the history was last read (Unix time); None: never.
    :param reported: when each generation that is no longer new was made (Unix time), by its id.
    :param pending: the same, of the generations that were pending at the last look.
    """

    looked: float | None = None
    reported: dict[str, float] = field(default_factory=dict)
    pending: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, document: object) -> Self:
        """Restore what :meth:`as_json` returned; from anything else, start afresh."""
        match document:
            case {"looked": float() | int() as looked, "reported": dict(reported), "pending": dict(pending)}:
                return cls(float(looked), reported, pending)
        return cls()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, for a store."""
        return {"looked": self.looked, "reported": self.reported, "pending": self.pending}

    def since(self, now: float) -> float:
        """The time from which to read the history (Unix time)."""
        last = now if self.looked is None else min(self.looked, now)
        return min([last, *self.pending.values()]) - OVERLAP

    def look(self, items: Iterable[HistoryItem], now: float) -> list[HistoryItem]:
        """Return the generations that have finished and were not reported, oldest first.

        At the first look, what is finished already is not new. Call :meth:`mark_reported` once one is reported.

        :param items: the history from :meth:`since` on.
        """
        is_first = self.looked is None
        since = self.since(now)
        new, pending = [], {}
        for item in items:
            name, made = item.generation_request_id.casefold(), _time(item, now)
            if name in self.reported:
                continue
            if not item.results:
                if made > now - LONGEST_PENDING:
                    pending[name] = made
            elif is_first:
                self.reported[name] = made
            else:
                new.append(item)
        self.reported = {name: made for name, made in self.reported.items() if made >= since}
        self.pending, self.looked = pending, now
        return sorted(new, key=lambda item: _time(item, now))

    def mark_reported(self, item: HistoryItem, now: float) -> None:
        """Do not return this generation again."""
        self.reported[item.generation_request_id.casefold()] = _time(item, now)


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
