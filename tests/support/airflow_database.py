"""Fills Airflow's database in the tests' home with task runs, with the outcomes of Airflow's own task runner."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from airflow.sdk import DAG, BaseOperator

from tests.support.task_runs import TaskRun

AnOperator = TypeVar("AnOperator", bound=BaseOperator)
RUN = "manual__2026-01-02T03:04:05+00:00"


class AirflowDatabase:
    """Airflow's database of DAGs and their runs."""

    def store(self, dag: DAG, run_id: str = RUN) -> None:
        """Store a DAG as the DAG processor does, and a run of it in which no task has run yet."""
        from airflow.models.dag import DagModel  # noqa: PLC0415 - in a database that is there by now
        from airflow.models.dagbundle import DagBundleModel  # noqa: PLC0415
        from airflow.models.dagrun import DagRun  # noqa: PLC0415
        from airflow.models.serialized_dag import SerializedDagModel  # noqa: PLC0415
        from airflow.utils.session import create_session  # noqa: PLC0415
        from airflow.utils.state import DagRunState  # noqa: PLC0415
        from airflow.utils.types import DagRunTriggeredByType, DagRunType  # noqa: PLC0415

        with create_session() as session:
            session.merge(DagBundleModel(name="tests"))
            session.flush()
            model: Any = DagModel
            session.merge(model(dag_id=dag.dag_id, bundle_name="tests", fileloc="x"))
            session.flush()
            SerializedDagModel.write_dag(lazy(dag), bundle_name="tests", session=session)
            now = datetime.now(UTC)
            session.add(
                DagRun(
                    dag_id=dag.dag_id,
                    run_id=run_id,
                    run_after=now,
                    run_type=DagRunType.MANUAL,
                    triggered_by=DagRunTriggeredByType.TEST,
                    state=DagRunState.SUCCESS,
                )
            )

    def store_task(self, task: AnOperator, dag_id: str = "a_dag") -> AnOperator:
        """Store a DAG with only this task."""
        dag = DAG(dag_id, schedule=None)
        dag.add_task(task)
        self.store(dag)
        return task

    def ran(
        self,
        task: Any,
        run: TaskRun | None = None,
        *,
        map_index: int = -1,
        state: str | None = None,
        run_id: str = RUN,
        rendered: Any = None,
        result: Any = None,
        states: dict[str, Any] | None = None,
    ) -> None:
        """Store the outcome of a task: that of its run, or a given one."""
        from airflow.models.dag_version import DagVersion  # noqa: PLC0415 - likewise
        from airflow.models.dagrun import DagRun  # noqa: PLC0415
        from airflow.models.renderedtifields import RenderedTaskInstanceFields  # noqa: PLC0415
        from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
        from airflow.utils.session import create_session  # noqa: PLC0415
        from sqlalchemy import insert, select  # noqa: PLC0415

        dag_id = task.dag.dag_id
        key = {"dag_id": dag_id, "task_id": task.task_id, "run_id": run_id, "map_index": map_index}
        instance_id = uuid4()
        rendered = run.rendered if run and rendered is None else rendered
        result = run.result if run and result is None else result
        with create_session() as session:
            version = session.scalars(
                select(DagVersion.id).where(DagVersion.dag_id == dag_id).order_by(DagVersion.version_number)
            ).all()[-1]
            dag_run = session.scalars(
                select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
            ).one()

            def add(model: Any, **values: Any) -> None:
                columns = model.__table__.columns
                known = {
                    **key,
                    "region_index": map_index,
                    "dag_run_id": dag_run,
                    "task_instance_id": instance_id,
                }
                owner = {name: value for name, value in known.items() if name in columns}
                session.execute(insert(model.__table__).values(**owner, **values))

            is_keyed_by_id = "task_instance_id" in RenderedTaskInstanceFields.__table__.columns  # Airflow 3.4
            add(
                TaskInstance,
                **({"id": instance_id} if is_keyed_by_id else {}),
                state=state or (run.state if run else "success"),
                pool="default_pool",
                pool_slots=1,
                max_tries=0,
                try_number=1,
                operator=type(task).__name__,
                dag_version_id=version,
            )
            if rendered is not None:
                add(RenderedTaskInstanceFields, rendered_fields=rendered)
            if result is not None:
                add(_stored_xcom(), key="return_value", value=json.dumps(result))
            for name, value in (states or {}).items():
                from airflow.models.task_state_store import TaskStateStoreModel  # noqa: PLC0415

                add(TaskStateStoreModel, key=name, value=json.dumps(value))

    def edit_xcom(self, task: Any, value: Any, *, map_index: int = -1, run_id: str = RUN) -> None:
        """Change a task's return value, as users can by hand."""
        from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415 - likewise
        from airflow.utils.session import create_session  # noqa: PLC0415
        from sqlalchemy import select, update  # noqa: PLC0415

        from airflow_provider_getty.plugins.tables import of_task_instance  # noqa: PLC0415

        xcom = _stored_xcom()
        with create_session() as session:
            instance = select(TaskInstance).where(
                TaskInstance.task_id == task.task_id,
                TaskInstance.run_id == run_id,
                TaskInstance.map_index == map_index,
                of_task_instance(xcom),
            )
            session.execute(update(xcom.__table__).where(instance.exists()).values(value=json.dumps(value)))


def _stored_xcom() -> Any:
    """The table of XComs; since Airflow 3.4, the model with that name is read-only."""
    from airflow.models import xcom  # noqa: PLC0415 - likewise

    return getattr(xcom, "XComModelV2", None) or xcom.XComModel


def lazy(dag: DAG) -> Any:
    """A DAG in its stored form."""
    from airflow.serialization import serialized_objects  # noqa: PLC0415 - takes a second

    found: Any = serialized_objects
    serializer = getattr(found, "DagSerialization", None) or found.SerializedDAG
    return found.LazyDeserializedDAG(data=serializer.to_dict(dag))


def clear() -> None:
    """Forget all DAGs and runs."""
    from airflow.models.dag import DagModel  # noqa: PLC0415 - likewise
    from airflow.models.dag_version import DagVersion  # noqa: PLC0415
    from airflow.models.dagrun import DagRun  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy import delete  # noqa: PLC0415

    with create_session() as session:
        for table in (TaskInstance, DagRun, DagVersion, DagModel):
            session.execute(delete(table))
