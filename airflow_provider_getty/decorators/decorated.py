"""DecoratedGeneration: calls a function, and asks Getty for what it returns."""

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
    """Calls a function, and asks for what it returns: a mapping of the arguments of a generating operator.

    Arguments that the decorator is given hold unless the function returns them. What the function returns is not
    rendered: a text that comes from elsewhere is no template.

    A retry adopts what an earlier try submitted only if it asks for the same. So what the function returned is kept
    in the task state store (Airflow 3.3), and the function is not called again before a person clears the task. Where
    there is no store, or with bytes in it, it is called in each try, and must return the same.

    :param python_callable: the function.
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
        """Call the function, unless an earlier try of this round did; then as an operator."""
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
        self.overwrite_rtif_after_execution = True  # the web page shows what was asked
