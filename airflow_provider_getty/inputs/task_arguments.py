"""The arguments that several tasks share, typed for ``**kwargs`` (PEP 692).

Airflow's arguments are those of Airflow 3.3; a test compares them with ``BaseOperator`` and ``BaseSensorOperator``.

Only type checkers import this module: evaluating its annotations would slow down the parsing of DAG files.
"""

from __future__ import annotations

from collections.abc import Collection, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Required, TypedDict

from airflow_provider_getty.inputs import arguments

if TYPE_CHECKING:
    from airflow.sdk import DAG, TaskGroup, XComArg
    from airflow.sdk.bases.operator import TaskPostExecuteHook, TaskPreExecuteHook
    from airflow.sdk.definitions._internal.abstractoperator import TaskStateChangeCallback
    from airflow.sdk.definitions.retry_policy import RetryPolicy
    from airflow.sdk.types import WeightRuleParam

    from airflow_provider_getty.inputs.storage import LocationLike


class AirflowArguments(TypedDict, total=False):
    """The arguments of ``BaseOperator``, except ``task_id``."""

    owner: str
    email: str | Sequence[str] | None
    email_on_retry: bool
    email_on_failure: bool
    retries: int | None
    retry_delay: timedelta | float
    retry_exponential_backoff: float
    max_retry_delay: timedelta | float | None
    retry_policy: RetryPolicy | None  # Airflow 3.3
    start_date: datetime | None
    end_date: datetime | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    wait_for_downstream: bool
    dag: DAG | None
    params: MutableMapping[str, Any] | None
    default_args: dict[str, Any] | None
    priority_weight: int
    weight_rule: WeightRuleParam
    queue: str
    pool: str | None
    pool_slots: int
    sla: timedelta | None
    execution_timeout: timedelta | None
    on_execute_callback: TaskStateChangeCallback | Collection[TaskStateChangeCallback] | None
    on_failure_callback: TaskStateChangeCallback | list[TaskStateChangeCallback] | None
    on_success_callback: TaskStateChangeCallback | Collection[TaskStateChangeCallback] | None
    on_retry_callback: TaskStateChangeCallback | list[TaskStateChangeCallback] | None
    on_skipped_callback: TaskStateChangeCallback | Collection[TaskStateChangeCallback] | None
    pre_execute: TaskPreExecuteHook | None
    post_execute: TaskPostExecuteHook | None
    trigger_rule: str
    resources: dict[str, Any] | None
    run_as_user: str | None
    map_index_template: str | None
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    executor: str | None
    executor_config: dict[str, Any] | None
    do_xcom_push: bool
    multiple_outputs: bool
    inlets: Any
    outlets: Any
    task_group: TaskGroup | None
    doc: str | None
    doc_md: str | None
    doc_json: str | None
    doc_yaml: str | None
    doc_rst: str | None
    task_display_name: str | None
    logger_name: str | None
    allow_nested_operators: bool
    render_template_as_native_obj: bool | None  # Airflow 3.2


class TaskArguments(AirflowArguments):
    """The arguments of ``BaseOperator``."""

    task_id: Required[str]


class SensorArguments(TaskArguments, total=False):
    """The arguments of ``BaseSensorOperator``, except ``timeout`` and ``poke_interval``."""

    soft_fail: bool
    mode: str
    exponential_backoff: bool
    max_wait: timedelta | float | None
    silent_fail: bool
    never_fail: bool


class GenerationSettings(arguments.RequestArguments, total=False):
    """The arguments of ``GenerationOperator``."""

    wait_for_completion: bool
    deferrable: bool
    timeout: arguments.Seconds | None
    poll_interval: arguments.Seconds | None
    on_blocked: arguments.OnBlocked
    marker: arguments.Marker | None
    on_unsure_submission: arguments.OnUnsure
    history_lag: arguments.Seconds | None
    getty_conn_id: str


class GenerationArguments(GenerationSettings, TaskArguments):
    """The arguments of ``GenerationOperator``, with Airflow's."""


class DownloadArguments(TaskArguments, total=False):
    """The arguments of ``DownloadingOperator``, with Airflow's."""

    destination: Required[LocationLike | XComArg]
    size_name: arguments.Text
    overwrite: bool
    product_id: arguments.WholeNumber | None
    project_code: arguments.Text | None
    notes: arguments.Text | None
    timeout: arguments.Seconds | None
    getty_conn_id: str


class GenerationTask(GenerationSettings, AirflowArguments, total=False):
    """The arguments that every decorator takes; a task is named after its function."""

    task_id: str
