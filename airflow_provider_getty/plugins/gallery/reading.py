"""Reads the facts of this provider's tasks from Airflow's database.

The arguments of a task come from its rendered fields, which only workers write, or from the stored DAG. Its result
comes from its XCom, which people may edit: it may be anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from airflow.models import TaskInstance
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields as Rendered
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.xcom import XComModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airflow_provider_getty import get_provider_info
from airflow_provider_getty.inputs.arguments import is_template
from airflow_provider_getty.operators.checked import CheckedOperator
from airflow_provider_getty.plugins.tables import of_task_instance

_STATES = ("getty_submission", "getty_batch")


@dataclass(frozen=True)
class TaskFacts:
    """The facts that Airflow has of one of our task instances.

    :param order: the position of the task in its DAG.
    :param kind: the class of its operator.
    :param label: the operator's name.
    :param arguments: its template fields, rendered if Airflow still has them.
    :param result: its result, which may be anything.
    :param states: its entries in the task state store (Airflow 3.3), by key, which may be anything.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    order: int
    kind: type[CheckedOperator]
    label: str
    arguments: Mapping[str, Any]
    result: Any = None
    states: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The task's id, with the map index of a mapped one."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class _Defined:
    """One of our tasks in a stored DAG."""

    order: int
    kind: type[CheckedOperator]
    label: str
    literals: Mapping[str, Any]


def kind_of(module: object, name: object) -> type[CheckedOperator] | None:
    """The class of one of our operators or sensors; None for any other, whatever its name."""
    if not isinstance(module, str) or not isinstance(name, str) or module not in _modules():
        return None
    found = getattr(import_module(module), name, None)
    return found if isinstance(found, type) and issubclass(found, CheckedOperator) else None


@cache
def _modules() -> frozenset[str]:
    info = get_provider_info()
    listed = (module for each in (*info["operators"], *info["sensors"]) for module in each["python-modules"])
    decorators = (each["class-name"].rpartition(".")[0] for each in info["task-decorators"])
    return frozenset((*listed, *decorators))


def tasks_of(
    session: Session,
    dag_id: str,
    run_id: str,
    *,
    task_id: str | None = None,
    first: int = -1,
    last: int | None = None,
) -> list[TaskFacts]:
    """Our task instances in a run, in the order of the DAG.

    :param task_id: only those of this task.
    :param first: only those from this map index; unmapped tasks have -1.
    :param last: only those up to this map index.
    """
    of_these = [TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.map_index >= first]
    if task_id is not None:
        of_these.append(TaskInstance.task_id == task_id)
    if last is not None:
        of_these.append(TaskInstance.map_index <= last)
    found = session.execute(
        select(
            TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state, TaskInstance.dag_version_id
        ).where(*of_these)
    ).all()
    versions = {version for *_, version in found if version is not None}
    defined = {version: _defined(session, version) for version in versions}
    ours = [
        (task, index, state, each)
        for task, index, state, version in found
        if version is not None and (each := defined[version].get(task))
    ]
    if not ours:
        return []
    of_these.append(TaskInstance.task_id.in_({task for task, *_ in ours}))

    def rows(table: Any, *columns: Any, where: Any = None) -> Any:
        found = select(TaskInstance.task_id, TaskInstance.map_index, *columns)
        found = found.join(table, of_task_instance(table)).where(*of_these)
        return session.execute(found if where is None else found.where(where))

    rendered = {(task, index): fields for task, index, fields in rows(Rendered, Rendered.rendered_fields)}
    is_result = XComModel.key == "return_value"
    results = {
        (task, index): value for task, index, value in rows(XComModel, XComModel.value, where=is_result)
    }
    states = _states(rows)
    facts = [
        TaskFacts(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task,
            map_index=index,
            state=None if state is None else str(getattr(state, "value", state)),
            order=each.order,
            kind=each.kind,
            label=each.label,
            arguments={**each.literals, **_mapping(rendered.get((task, index)))},
            result=_decoded(results.get((task, index))),
            states=states.get((task, index), {}),
        )
        for task, index, state, each in ours
    ]
    return sorted(facts, key=lambda fact: (fact.map_index, fact.order))


def last_map_index(session: Session, dag_id: str, run_id: str, task_id: str | None = None) -> int:
    """The highest map index of a run, or of one of its tasks; -1 if nothing is mapped."""
    found = select(func.max(TaskInstance.map_index)).where(
        TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
    )
    if task_id is not None:
        found = found.where(TaskInstance.task_id == task_id)
    return int(highest) if (highest := session.scalar(found)) is not None else -1


def runs_of(session: Session, dag_id: str, *, offset: int, limit: int) -> list[tuple[str, str]]:
    """The ids and states of a DAG's runs, the newest first."""
    found = (
        select(DagRun.run_id, DagRun.state)
        .where(DagRun.dag_id == dag_id)
        .order_by(DagRun.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [(run_id, str(getattr(state, "value", state))) for run_id, state in session.execute(found)]


def has_run(session: Session, dag_id: str, run_id: str) -> bool:
    """Whether there is such a run."""
    return (
        session.scalar(select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)) is not None
    )


def _defined(session: Session, version: Any) -> dict[str, _Defined]:
    """Our tasks in one version of a DAG, by their ids."""
    stored = session.scalar(select(SerializedDagModel).where(SerializedDagModel.dag_version_id == version))
    document = _mapping(_mapping(stored.data if stored else None).get("dag"))
    found = {}
    for order, wrapped in enumerate(_list(document.get("tasks"))):
        task = _mapping(_mapping(wrapped).get("__var"))
        kind = kind_of(task.get("_task_module"), task.get("task_type"))
        if kind and isinstance(task_id := task.get("task_id"), str):
            label = task.get("_operator_name") or task["task_type"]
            found[task_id] = _Defined(order, kind, str(label), _literals(kind, task))
    return found


def _literals(kind: type[CheckedOperator], task: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in the DAG that are not templates."""
    written = {**_mapping(task.get("partial_kwargs")), **task}
    return {
        name: written[name]
        for name in kind.template_fields
        if isinstance(written.get(name), str | int | float) and not is_template(written[name])
    }


def _states(rows: Callable[..., Any]) -> dict[tuple[str, int], dict[str, Any]]:
    try:
        from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    except ImportError:  # before Airflow 3.3
        return {}
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for task, index, key, value in rows(Stored, Stored.key, Stored.value, where=Stored.key.in_(_STATES)):
        found.setdefault((task, index), {})[key] = _decoded(value)
    return found


def _decoded(value: Any) -> Any:
    """Read a value that Airflow stores as JSON, encoded once or twice."""
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return value
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
