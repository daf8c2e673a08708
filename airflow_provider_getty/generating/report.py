"""Counts an account's generations by day and task, from its history and the markers in it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

from airflow_provider_getty.api.results import HistoryItem

_MADE_BY = re.compile(r"airflow:(?:[0-9a-f]+ )?([^\s#\[|]+)", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOT_BY_AIRFLOW = "not by Airflow"


def made_by(item: HistoryItem) -> str:
    """The DAG and task, such as ``my_dag.refine``, that the marker in the notes names; or :data:`NOT_BY_AIRFLOW`."""
    found = _MADE_BY.search(item.notes or "")
    return found[1] if found else NOT_BY_AIRFLOW


def is_of_dag(item: HistoryItem, dag_id: str) -> bool:
    """Whether the marker names a task of this DAG."""
    return made_by(item).casefold().startswith(f"{dag_id}.".casefold())


def day_of(item: HistoryItem) -> str:
    """The day in UTC, as ``YYYY-MM-DD``; a question mark if the history does not show it."""
    made = item.generation_date
    return made.astimezone(UTC).date().isoformat() if made else "?"


def counted(items: Iterable[HistoryItem]) -> list[dict[str, Any]]:
    """Count generations by day and task, the newest day first, with a total at the end.

    :return: for each line ``day``, ``made_by``, ``generations`` (each may have cost a credit), ``pending``, ``images``
        and ``blocked`` (images).
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    total = _row("all", "")
    for item in items:
        place = day_of(item), made_by(item)
        for row in (rows.setdefault(place, _row(*place)), total):
            row["generations"] += 1
            row["pending"] += not item.results
            row["images"] += len(item.results)
            row["blocked"] += sum(image.is_blocked for image in item.results)
    newest_first = sorted(rows.values(), key=lambda row: row["made_by"])
    newest_first.sort(key=lambda row: row["day"], reverse=True)
    return [*newest_first, total] if rows else []


def uncollected(items: Iterable[HistoryItem], collected: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the generations of DAGs whose ids appear in none of the texts.

    :param collected: results of tasks, and journals of batches, as text.
    :return: for each generation ``day``, ``made_by``, ``generation_request_id``, ``status`` and ``prompt``.
    """
    open_ = {item.generation_request_id.casefold(): item for item in items if made_by(item) != NOT_BY_AIRFLOW}
    others = {name for name in open_ if not _GUID.fullmatch(name)}
    for text in collected:
        if not open_:
            return
        known = text.casefold()
        for name in (*_GUID.findall(known), *(name for name in others if name in known)):
            open_.pop(name, None)
    for item in open_.values():
        yield {
            "day": day_of(item),
            "made_by": made_by(item),
            "generation_request_id": item.generation_request_id,
            "status": "finished" if item.results else "pending",
            "prompt": item.prompt or "",
        }


def _row(day: str, task: str) -> dict[str, Any]:
    return {"day": day, "made_by": task, "generations": 0, "pending": 0, "images": 0, "blocked": 0}
