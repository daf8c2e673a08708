"""``@task.getty_refine`` and its kin: a function says what is asked of Getty, an operator does the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    TaskDecorator,
    determine_kwargs,
    task_decorator_factory,
)

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

_KEY = "getty_arguments"


class DecoratedGeneration(DecoratedOperator, GenerationOperator):
    """Calls a function, and asks for what it returns: a mapping of the arguments of a generating operator.

    Arguments that the decorator is given hold unless the function returns them. What the function returns is not
    rendered: a text that comes from elsewhere is no template.

    A retry adopts what an earlier try submitted only if it asks for the same. So what the function returned is kept
    in the task state store (Airflow 3.3), and the function is not called again before a person clears the task. Where
    there is no store, or with bytes in it, it is called in each try, and must return the same.

    :param python_callable: the function.
    """

    operator: ClassVar[type[GenerationOperator]]

    custom_operator_name: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.operation = cls.operator.operation
        cls.names = cls.operator.names
        cls.template_fields = (*DecoratedOperator.template_fields, *cls.names, "getty_conn_id")

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if iscoroutinefunction(python_callable):
            raise InvalidRequestError(f"{self.custom_operator_name} takes a function that is not async.")
        given = {name: kwargs.pop(name, None) for name in self.names if name not in GenerationOperator.names}
        super().__init__(python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs)
        for name, value in given.items():
            setattr(self, name, value)

    def prepare(self, context: Context) -> None:
        """Call the function, unless an earlier try of this round did; then as an operator."""
        asked = self._kept(context)
        if asked is None:
            asked = self._call(context)
        self._ask(asked)
        self.overwrite_rtif_after_execution = True  # the web page shows what was asked
        super().prepare(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Finish with what the trigger found out."""
        if kept := self._kept(context):
            self._ask(kept)
            self.overwrite_rtif_after_execution = True
        return super().execute_complete(context, event)

    def _ask(self, asked: Mapping[str, Any]) -> None:
        self._keep({name: asked.get(name, getattr(self, name)) for name in self.names})

    def _call(self, context: Context) -> Mapping[str, Any]:
        """What the function returns, which is kept for the next try if it is plain JSON.

        :raises InvalidRequestError: it is not a mapping, or has names that are no arguments of the operation.
        """
        arguments = determine_kwargs(self.python_callable, self.op_args, {**context, **self.op_kwargs})
        asked = self.python_callable(*self.op_args, **arguments)
        if not isinstance(asked, Mapping):
            raise InvalidRequestError(
                f"The function returned {shortened(asked)}; it must return a mapping of arguments: "
                f"{', '.join(self.names)}."
            )
        if unknown := [str(name) for name in asked if name not in self.names]:
            raise InvalidRequestError(
                f"The function returned {', '.join(unknown)}; the arguments are {', '.join(self.names)}."
            )
        store: Any = context.get("task_state_store")  # Airflow 3.3 and later
        if store is not None:
            try:
                plain = json.loads(json.dumps(dict(asked), allow_nan=False))  # the store takes no tuples
            except (TypeError, ValueError):
                self.log.info("What the function returned is not plain JSON: a retry calls it again.")
            else:
                store.set(_KEY, {"round": _round(context), "arguments": plain})
        return asked

    def _kept(self, context: Context) -> Mapping[str, Any] | None:
        """What the function returned in an earlier try of this round."""
        store: Any = context.get("task_state_store")
        kept = store.get(_KEY) if store is not None else None
        return kept["arguments"] if kept and kept["round"] == _round(context) else None


def _round(context: Context) -> int:
    from airflow_provider_getty.generating.submitter import task_of  # noqa: PLC0415

    return task_of(context, is_sure=True).round


def _decorator(name: str, operator: type[GenerationOperator]) -> Callable[..., TaskDecorator]:
    """Make ``@task.<name>``, which takes what the operator takes."""
    members = {"operator": operator, "custom_operator_name": f"@task.{name}", "__module__": __name__}
    decorated = type(f"Decorated{operator.__name__}", (DecoratedGeneration,), members)

    def decorate(
        python_callable: Callable[..., Any] | None = None, *, multiple_outputs: bool = False, **kwargs: Any
    ) -> TaskDecorator:
        # Airflow would take `-> dict`, of what the function returns, as the type of the task's result.
        return task_decorator_factory(
            python_callable,
            multiple_outputs=multiple_outputs,
            decorated_operator_class=decorated,
            **kwargs,
        )

    decorate.__name__ = decorate.__qualname__ = name
    decorate.__doc__ = f"Ask, as :class:`{operator.__name__}`, for the arguments that a function returns."
    return decorate


@cache
def __getattr__(name: str) -> Callable[..., TaskDecorator]:
    """``getty_refine``, ``getty_extend`` …: of each generating operator, made when it is first asked for."""
    module = name.removeprefix("getty_")
    path = f"airflow_provider_getty.operators.{module}"
    if name.startswith("getty_") and find_spec(path):
        class_name = f"Getty{module.title().replace('_', '')}Operator"
        operator = getattr(import_module(path), class_name, None)
        if operator and issubclass(operator, GenerationOperator):
            return _decorator(name, operator)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
