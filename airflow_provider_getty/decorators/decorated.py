"""DecoratedGeneration: calls a function, and submits the request that it returns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import DecoratedOperator

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DecoratedGeneration(DecoratedOperator, GenerationOperator):
    """Calls a function, and submits the request that it returns: a mapping of a generating operator's arguments.

    The arguments of the decorator are defaults for those that the function returns. The result of the function is not
    rendered: text from elsewhere is not a template.

    A retry adopts what an earlier try submitted only if its request is the same. So the result of the function is
    stored in the task state store (Airflow 3.3), and the function is not called again until a person clears the task.
    Without a store, or if the result is not plain JSON, the function is called in each try, and must return the same.

    :param python_callable: the function.
    :param op_args: positional arguments for it.
    :param op_kwargs: keyword arguments for it.
    """

    operator: ClassVar[type[GenerationOperator]]
    """The operator whose arguments the function returns."""
    custom_operator_name: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls.operation = cls.operator.operation
        cls.rules = cls.operator.rules
        cls.template_fields = (*DecoratedOperator.template_fields, *cls.operator.template_fields)
        cls.template_fields_renderers = {
            **DecoratedOperator.template_fields_renderers,
            **cls.operator.template_fields_renderers,
        }
        super().__init_subclass__(**kwargs)

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if iscoroutinefunction(python_callable):
            raise InvalidRequestError(f"{self.custom_operator_name} does not take async functions.")
        own = [
            name for name in self.operator.template_fields if name not in GenerationOperator.template_fields
        ]
        written = {name: kwargs.pop(name, None) for name in own}
        super().__init__(python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs)
        for name, value in written.items():
            setattr(self, name, value)
        self._check()

    def prepare(self, context: Context) -> None:
        """Call the function, unless an earlier try of this round did; then check its arguments."""
        from airflow_provider_getty.decorators import _calling  # noqa: PLC0415

        self._ask(_calling.arguments_of(self, context))
        super().prepare(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Finish with the outcome that the trigger reports."""
        from airflow_provider_getty.decorators import _calling  # noqa: PLC0415

        if kept := _calling.kept(context):
            self._ask(kept)
        return super().execute_complete(context, event)

    def _ask(self, asked: Mapping[str, Any]) -> None:
        for name, value in asked.items():
            setattr(self, name, value)
        self.overwrite_rtif_after_execution = True  # Airflow's web page shows the request
