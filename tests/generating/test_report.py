"""Generations are counted by day and task, and those that nobody collected are found."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating.history import marker_of, with_marker
from airflow_provider_getty.generating.record import Task
from airflow_provider_getty.generating.report import NOT_BY_AIRFLOW, counted, is_of_dag, made_by, uncollected


def item(name: str = "id", **fields: Any) -> HistoryItem:
    return HistoryItem.model_validate(
        {
            "generation_request_id": name,
            "generation_date": "2026-03-04T23:30:00+00:00",
            "results": [{"index": 0}, {"index": 1, "is_blocked": True}],
        }
        | fields
    )


def marked(dag_id: str = "my_dag", map_index: int = -1, notes: str = "spring") -> str:
    task = Task(dag_id=dag_id, run_id="r", task_id="refine", map_index=map_index, round=0, try_number=1)
    return with_marker(notes, marker_of(task, "fingerprint", ""))


@pytest.mark.parametrize(
    ("notes", "task"),
    [
        (marked(), "my_dag.refine"),
        (marked(map_index=3), "my_dag.refine"),
        (marked().upper(), "MY_DAG.REFINE"),
        ("airflow is great", NOT_BY_AIRFLOW),
        (None, NOT_BY_AIRFLOW),
    ],
)
def test_the_marker_names_the_task(notes: str | None, task: str) -> None:
    assert made_by(item(notes=notes)) == task


def test_a_dag_is_found_by_its_whole_name() -> None:
    assert is_of_dag(item(notes=marked("my_dag")), "my_dag")
    assert not is_of_dag(item(notes=marked("my_dag_2")), "my_dag")


def test_they_are_counted_by_day_and_task_the_newest_first() -> None:
    items = [
        item("a", notes=marked()),
        item("b", notes=marked(map_index=1)),
        item("c"),
        item("d", notes=marked(), generation_date="2026-03-05T00:30:00+00:00", results=[]),
    ]
    rows = [tuple(row.values()) for row in counted(items)]
    assert rows == [
        ("2026-03-05", "my_dag.refine", 1, 1, 0, 0),
        ("2026-03-04", "my_dag.refine", 2, 0, 4, 2),
        ("2026-03-04", NOT_BY_AIRFLOW, 1, 0, 2, 1),
        ("all", "", 4, 1, 6, 3),
    ]


def test_nothing_is_counted_of_nothing() -> None:
    assert counted([]) == []


def test_what_is_in_no_result_was_not_collected() -> None:
    items = [item(name, notes=marked()) for name in ("aa-1", "bb-2", "cc-3")] + [item("dd-4")]
    found = uncollected(items, ['{"generation_request_id": "AA-1"}', "a journal with bb-2 in it"])
    assert [each["generation_request_id"] for each in found] == ["cc-3"]
