"""Airflow's database in the tests' home, filled with runs of tasks: what Airflow's own task runner made of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

from airflow.sdk import DAG, BaseOperator

from tests.support.task_runs import TaskRun

AnOperator = TypeVar("AnOperator", bound=BaseOperator)
RUN = "manual__2026-01-02T03:04:05+00:00"


class AirflowDatabase:
    """What Airflow knows of DAGs and their runs."""

    def store(self, dag: DAG, run_id: str = RUN) -> None:
        """Store a DAG as the DAG processor does, and a run of it, none of whose tasks has run yet."""
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
        """Store a DAG of this task alone."""
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
        """Store how a task ended: as it ran, or as one says."""
        from airflow.models.dag_version import DagVersion  # noqa: PLC0415 - likewise
        from airflow.models.dagrun import DagRun  # noqa: PLC0415
        from airflow.models.renderedtifields import RenderedTaskInstanceFields  # noqa: PLC0415
        from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
        from airflow.models.xcom import XComModel  # noqa: PLC0415
        from airflow.utils.session import create_session  # noqa: PLC0415
        from sqlalchemy import insert, select  # noqa: PLC0415

        dag_id = task.dag.dag_id
        key = {"dag_id": dag_id, "task_id": task.task_id, "run_id": run_id, "map_index": map_index}
        rendered = run.rendered if run and rendered is None else rendered
        result = run.result if run and result is None else result
        with create_session() as session:
            version = session.scalars(
                select(DagVersion.id).where(DagVersion.dag_id == dag_id).order_by(DagVersion.version_number)
            ).all()[-1]
            dag_run = session.scalars(
                select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
            ).one()
            session.execute(
                insert(TaskInstance.__table__).values(
                    **key,
                    state=state or (run.state if run else "success"),
                    pool="default_pool",
                    pool_slots=1,
                    max_tries=0,
                    try_number=1,
                    operator=type(task).__name__,
                    dag_version_id=version,
                )
            )
            if rendered is not None:
                session.execute(
                    insert(RenderedTaskInstanceFields.__table__).values(**key, rendered_fields=rendered)
                )
            if result is not None:
                session.execute(
                    insert(XComModel.__table__).values(
                        **key, key="return_value", dag_run_id=dag_run, value=json.dumps(result)
                    )
                )
            for name, value in (states or {}).items():
                from airflow.models.task_state_store import TaskStateStoreModel  # noqa: PLC0415

                session.execute(
                    insert(TaskStateStoreModel.__table__).values(
                        **key, key=name, dag_run_id=dag_run, value=json.dumps(value)
                    )
                )

    def edit_xcom(self, task: Any, value: Any, *, map_index: int = -1, run_id: str = RUN) -> None:
        """Change what a task has returned, as people may by hand."""
        from airflow.models.xcom import XComModel  # noqa: PLC0415 - likewise
        from airflow.utils.session import create_session  # noqa: PLC0415
        from sqlalchemy import update  # noqa: PLC0415

        with create_session() as session:
            session.execute(
                update(XComModel.__table__)
                .where(
                    XComModel.task_id == task.task_id,
                    XComModel.run_id == run_id,
                    XComModel.map_index == map_index,
                )
                .values(value=json.dumps(value))
            )


def lazy(dag: DAG) -> Any:
    """A DAG as it is stored."""
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
