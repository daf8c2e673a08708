"""Which generations of a history are new."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating.watching import LONGEST_PENDING, OVERLAP, Watch

NOW = 1_800_000_000.0


def item(name: str, at: float, *, pending: bool = False) -> HistoryItem:
    return HistoryItem.model_validate(
        {
            "generation_request_id": name,
            "generation_date": datetime.fromtimestamp(at, UTC).isoformat(),
            "results": [] if pending else [{"index": 0}],
        }
    )


def told(watch: Watch, items: list[HistoryItem], now: float) -> list[str]:
    """One look: what it tells, with what is known kept as JSON in between."""
    new = watch.look(items, now)
    for each in new:
        watch.mark_reported(each, now)
    copy = Watch.of(json.loads(json.dumps(watch.as_json())))
    assert copy == watch
    return [each.generation_request_id for each in new]


def test_at_first_nothing_is_new_that_is_finished() -> None:
    watch = Watch()
    assert told(watch, [item("a", NOW - 5), item("b", NOW - 60)], NOW) == []
    assert told(watch, [item("c", NOW + 1), item("a", NOW - 5)], NOW + 60) == ["c"]
    assert told(watch, [item("c", NOW + 1), item("a", NOW - 5)], NOW + 120) == []


def test_what_is_new_is_told_in_its_order() -> None:
    watch = Watch(looked=NOW)
    assert told(watch, [item("b", NOW + 2), item("a", NOW + 1)], NOW + 60) == ["a", "b"]


def test_one_that_appears_late_is_told() -> None:
    watch = Watch()
    told(watch, [], NOW)
    told(watch, [item("b", NOW + 50)], NOW + 60)
    assert watch.since(NOW + 600) <= NOW + 10
    assert told(watch, [item("b", NOW + 50), item("late", NOW + 10)], NOW + 600) == ["late"]


def test_a_long_pause_is_looked_over() -> None:
    assert Watch(looked=NOW).since(NOW + 9 * OVERLAP) == NOW - OVERLAP


def test_one_that_is_pending_keeps_the_window_open() -> None:
    watch = Watch()
    told(watch, [item("slow", NOW - 10, pending=True)], NOW)
    later = NOW + 5 * OVERLAP
    told(watch, [item("slow", NOW - 10, pending=True)], later)
    assert watch.since(later + 60) <= NOW - 10
    assert told(watch, [item("slow", NOW - 10)], later + 60) == ["slow"]


def test_but_not_for_ever() -> None:
    watch = Watch()
    told(watch, [item("stuck", NOW, pending=True)], NOW)
    later = NOW + LONGEST_PENDING + 1
    told(watch, [item("stuck", NOW, pending=True)], later)
    assert watch.since(later) == later - OVERLAP


def test_what_cannot_be_seen_any_more_is_forgotten() -> None:
    watch = Watch()
    told(watch, [item(str(number), NOW) for number in range(9)], NOW)
    told(watch, [], NOW + 2 * OVERLAP)
    told(watch, [], NOW + 4 * OVERLAP)
    assert watch.reported == {}


def test_a_name_in_other_letters_is_the_same() -> None:
    watch = Watch(looked=NOW)
    assert told(watch, [item("AB", NOW)], NOW + 1) == ["AB"]
    assert told(watch, [item("ab", NOW)], NOW + 2) == []


@pytest.mark.parametrize("document", [None, "x", {}, {"looked": "x", "reported": {}, "pending": {}}])
def test_what_is_not_known_is_as_if_it_had_never_looked(document: Any) -> None:
    assert Watch.of(document) == Watch()
