"""Reports to Airflow's assets what a task has made, in the events of its outlets, for which other DAGs wait."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias

from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.lineage import names
from airflow_provider_getty.lineage.made import Made

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_provider_getty.operators.checked import CheckedOperator

log = logging.getLogger(__name__)


def has_alias(task: BaseOperator) -> bool:
    """Whether a task has an outlet that receives an event for each file."""
    return any(isinstance(outlet, AssetAlias) for outlet in task.outlets)


def known_to_getty(task: CheckedOperator, made: Made) -> Made:
    """Add the prompt and the seed of a generation that another task made, for the events of this task's outlets.

    Getty's history has them, for free. It is read once, and only if there are outlets; what it does not show is missing
    from the events.
    """
    if not task.outlets or not made.generation_request_id:
        return made
    try:
        item = task.hook.history_item(made.generation_request_id)
    except GettyError as error:
        log.info("The asset's event has no prompt: %s", error)
        return made
    return replace(made, prompt=item.prompt, seed=item.seed if made.seed is None else made.seed)


def announce(
    task: BaseOperator, context: Context, made: Iterable[Made], summary: Mapping[str, Any] | None = None
) -> None:
    """Add what was made to the events of the task's outlets.

    An ``Asset`` gets it as ``extra``. An ``AssetAlias`` gets an event for each file, for the asset with the file's URI.
    Values that a DAG author has written to ``extra`` stay.

    :param made: everything that the task has made.
    :param summary: the ``extra`` of an ``Asset``. Default: the first element of ``made``.
    """
    if not task.outlets:
        return
    made = list(made)
    extra = dict(summary) if summary is not None else made[0].as_extra() if made else {}
    for outlet in task.outlets:
        events = context["outlet_events"]
        if isinstance(outlet, Asset):
            events[outlet].extra = {**extra, **events[outlet].extra}
        elif isinstance(outlet, AssetAlias):
            for each in made:
                if (file := names.stored(each.file)) is not None:
                    _add(events[outlet], names.uri(file), each)


def _add(events: Any, uri: str, made: Made) -> None:
    try:
        events.add(Asset(uri), extra=made.as_extra())
    except ValueError as error:  # a file that is paid for must not fail the task because of its name
        log.warning("%s cannot be an asset: %s", uri, error)
