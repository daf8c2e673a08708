"""Joins Airflow's tables about task instances, whose keys differ between its versions."""

from __future__ import annotations

from typing import Any

from airflow.models import TaskInstance
from sqlalchemy import ColumnElement, and_


def of_task_instance(table: Any) -> ColumnElement[bool]:
    """The condition that a row of a table (XComs, rendered fields, task state) is about a ``TaskInstance``."""
    if hasattr(table, "task_instance_id"):  # Airflow 3.4
        return TaskInstance.id == table.task_instance_id  # type: ignore[no-any-return]
    index = "map_index" if hasattr(table, "map_index") else "region_index"  # Airflow 3.4
    keys = ("dag_id", "run_id", "task_id", index)
    return and_(*(getattr(TaskInstance, key) == getattr(table, key) for key in keys))
