"""The work of ``airflow getty …``: reads the account's products and history, for free, and prints a table."""

from __future__ import annotations

import json
import logging
import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.cli.simple_table import AirflowConsole
from airflow.models import TaskInstance
from airflow.models.renderedtifields import RenderedTaskInstanceFields as Rendered
from airflow.models.xcom import XComModel
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.batch.journal import journal_file
from airflow_provider_getty.generating import report
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.storage_errors import without_secrets
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.plugins.tables import of_task_instance

log = logging.getLogger(__name__)


def credits_left(args: Namespace) -> None:
    """List the AI Generator products of the account and, if Getty tells, the credits that are left.

    :raises SystemExit: the account cannot be read; the message says why.
    """
    with _account(args) as hook:
        products = hook.products()
    rows = [
        {
            "product_id": each.id,
            "name": each.name or "",
            "status": each.status or "",
            "credits_left": "unknown" if each.credits_remaining is None else each.credits_remaining,
        }
        for each in products
        if each.type == "aigen"
    ]
    AirflowConsole().print_as(data=rows, output=args.output)


def generations(args: Namespace) -> None:
    """Count the account's generations by day and task, or list those that were not collected.

    :raises SystemExit: the account cannot be read; the message says why.
    """
    since = datetime.fromtimestamp(clock.now(), UTC) - timedelta(days=args.days)
    with _account(args) as hook:
        items = [
            item
            for item in hook.history(since=since)
            if args.dag_id is None or report.is_of_dag(item, args.dag_id)
        ]
    rows = report.uncollected(items, _collected(since)) if args.uncollected else report.counted(items)
    AirflowConsole().print_as(data=list(rows), output=args.output)


@contextmanager
def _account(args: Namespace) -> Iterator[GettyHook]:
    """The hook of the connection; its errors end the command with their message."""
    # As "airflow connections test" does: without it, connections in Airflow's database are not found (3.3.2).
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    try:
        yield GettyHook(args.conn_id)
    except (GettyError, AirflowNotFoundException) as error:
        raise SystemExit(str(error)) from None


def _collected(since: datetime) -> Iterator[str]:
    """The results of tasks since a time, and the journals of batches."""
    results = select(XComModel.value).where(XComModel.key == "return_value", XComModel.timestamp >= since)
    # A batch that failed has no result; Airflow keeps the arguments of a task's last 30 runs.
    batches = (
        select(Rendered.rendered_fields)
        .join(TaskInstance, of_task_instance(Rendered))
        .where(TaskInstance.operator == GettyBatchOperator.__name__)
    )
    journals: set[str] = set()
    with create_session() as session:
        for value in session.scalars(results):
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            yield text
            if '"journal"' in text.replace("\\", ""):
                journals |= _journal_in(text)
        for arguments in session.scalars(batches):
            journals |= _journal_in(arguments)
    for journal in sorted(journals):
        yield from _read(journal)


def _journal_in(found: Any) -> set[str]:
    """The journal that the result or the arguments of a batch name."""
    while isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return set()
    journal = found.get("journal") if isinstance(found, dict) else None
    return {journal} if isinstance(journal, str) else set()


def _read(journal: str) -> Iterator[str]:
    try:
        for line in journal_file(journal).peek():
            yield line.decode(errors="replace")
    except (GettyError, OSError) as error:
        log.warning(
            "The journal %s cannot be read; what it collected is listed as not collected: %s",
            without_secrets(journal),
            error,
        )
