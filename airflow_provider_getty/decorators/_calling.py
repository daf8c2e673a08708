"""The work of :class:`.decorated.DecoratedGeneration`, imported when a task runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import determine_kwargs

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.generating.request import argument_names
from airflow_provider_getty.generating.submitter import task_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.decorators.decorated import DecoratedGeneration

_KEY = "getty_arguments"


def arguments_of(task: DecoratedGeneration, context: Context) -> Mapping[str, Any]:
    """The arguments that the function returns, or has returned in an earlier try of this round.

    :raises InvalidRequestError: it does not return a mapping of the operation's arguments.
    """
    known = kept(context)
    return _call(task, context) if known is None else known


def kept(context: Context) -> Mapping[str, Any] | None:
    """The arguments that the function returned in an earlier try of this round; None if they were not stored."""
    store: Any = context.get("task_state_store")
    known = store.get(_KEY) if store is not None else None
    return known["arguments"] if known and known["round"] == _round(context) else None


def _call(task: DecoratedGeneration, context: Context) -> Mapping[str, Any]:
    """Call the function, and store its result for the next try if it is plain JSON."""
    names = argument_names(GENERATING[task.operation])
    named = determine_kwargs(task.python_callable, task.op_args, {**context, **task.op_kwargs})
    asked = task.python_callable(*task.op_args, **named)
    if not isinstance(asked, Mapping):
        raise InvalidRequestError(
            f"The function returned {shortened(asked)}; it must return a mapping of arguments: "
            f"{', '.join(names)}."
        )
    if unknown := [str(name) for name in asked if name not in names]:
        raise InvalidRequestError(
            f"The function returned {', '.join(unknown)}; the arguments are {', '.join(names)}."
        )
    store: Any = context.get("task_state_store")  # Airflow 3.3 and later
    if store is not None:
        try:
            plain = json.loads(json.dumps(dict(asked), allow_nan=False))  # the store takes no tuples
        except (TypeError, ValueError):
            task.log.info("What the function returned is not plain JSON: a retry calls it again.")
        else:
            store.set(_KEY, {"round": _round(context), "arguments": plain})
    return asked


def _round(context: Context) -> int:
    return task_of(context, is_sure=True).round
