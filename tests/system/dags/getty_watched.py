"""A DAG that runs for each new generation of an account, and approvals that nobody answers, or not with a yes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Asset, AssetWatcher

from airflow_provider_getty.triggers.new_generation import NewGenerationTrigger

watched = Asset(
    "watched generations",
    watchers=[
        AssetWatcher(
            name="history",
            trigger=NewGenerationTrigger(getty_conn_id="getty_watched", poll_interval=1.0),
        )
    ],
)

with DAG("getty_watched", schedule=watched, catchup=False):
    EmptyOperator(task_id="seen")

with DAG("getty_unanswered", schedule=None, catchup=False):
    soon = timedelta(seconds=10)  # when the worker has ended
    ways: dict[str, dict[str, Any]] = {
        "nobody": {"response_timeout": soon},
        "nobody_is_a_no": {"response_timeout": soon, "defaults": ["Reject"]},
        "a_no": {},
        "a_no_fails": {"fail_on_reject": True},
    }
    for name, arguments in ways.items():
        approve = ApprovalOperator(task_id=name, subject="Download this picture in 4k?", **arguments)
        approve >> EmptyOperator(task_id=f"download_after_{name}")
