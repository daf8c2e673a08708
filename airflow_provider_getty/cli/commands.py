"""The work of ``airflow getty …``: reads the account's products and history, for free, and prints a table."""

from __future__ import annotations

import json
import logging
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.cli.simple_table import AirflowConsole
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating import report
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.storage import locate

log = logging.getLogger(__name__)


def credits_left(args: Namespace) -> None:
    """List the AI Generator products of the account, and the credits that are left where Getty tells them.

    :raises SystemExit: the account cannot be asked; it says why.
    """
    try:
        products = GettyHook(args.conn_id).products()
    except GettyError as error:
        raise SystemExit(str(error)) from None
    rows = [
        {
            "product_id": each.id,
            "name": each.name or "",
            "status": each.status or "",
            "credits_left": "not told" if each.credits_remaining is None else each.credits_remaining,
        }
        for each in products
        if each.type == "aigen"
    ]
    AirflowConsole().print_as(data=rows, output=args.output)


def generations(args: Namespace) -> None:
    """Count the account's generations by day and task, or list what was not collected.

    :raises SystemExit: the account cannot be asked; it says why.
    """
    since = datetime.fromtimestamp(clock.now(), UTC) - timedelta(days=args.days)
    try:
        items = list(_history(args, since))
    except GettyError as error:
        raise SystemExit(str(error)) from None
    rows = report.uncollected(items, _collected(since)) if args.uncollected else report.counted(items)
    AirflowConsole().print_as(data=list(rows), output=args.output)


def _history(args: Namespace, since: datetime) -> Iterator[HistoryItem]:
    for item in GettyHook(args.conn_id).history(since=since):
        if args.dag_id is None or report.is_of_dag(item, args.dag_id):
            yield item


def _collected(since: datetime) -> Iterator[str]:
    """The results of tasks since then, and the journals that results of batches name."""
    query = select(XComModel.value).where(XComModel.key == "return_value", XComModel.timestamp >= since)
    with create_session() as session:
        for value in session.scalars(query):
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            yield text
            if journal := _journal_in(text):
                yield journal


def _journal_in(text: str) -> str | None:
    """The journal of a batch, if this is the result of one and it can be read from here."""
    if '"journal"' not in text.replace("\\", ""):
        return None
    found: Any = text
    while isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return None
    journal = found.get("journal") if isinstance(found, dict) else None
    if not isinstance(journal, str):
        return None
    try:
        with locate(journal).open() as file:
            return file.read().decode(errors="replace")
    except (GettyError, OSError) as error:
        log.warning(
            "The journal %s cannot be read; what it collected is listed as not collected: %s", journal, error
        )
        return None
