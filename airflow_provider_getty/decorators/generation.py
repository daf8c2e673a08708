"""``@task.getty_refine`` and the like: your function returns the request, an operator does the rest.

``@task.getty_refine(…)`` goes through Airflow's registry, of which type checkers know nothing. To have them check the
arguments, import the decorator: ``from airflow_provider_getty.decorators.generation import getty_refine``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, Unpack, overload

from airflow.providers.common.compat.sdk import task_decorator_factory

from airflow_provider_getty.decorators.decorated import DecoratedGeneration
from airflow_provider_getty.operators.background_generation import GettyBackgroundGenerationOperator
from airflow_provider_getty.operators.background_removal import GettyBackgroundRemovalOperator
from airflow_provider_getty.operators.background_replacement import GettyBackgroundReplacementOperator
from airflow_provider_getty.operators.extend import GettyExtendOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from airflow_provider_getty.operators.influence_color import GettyInfluenceColorOperator
from airflow_provider_getty.operators.influence_composition import GettyInfluenceCompositionOperator
from airflow_provider_getty.operators.object_removal import GettyObjectRemovalOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.operators.variations import GettyVariationsOperator

if TYPE_CHECKING:
    from airflow.sdk.bases.decorator import Task

    from airflow_provider_getty.inputs import task_arguments

P = ParamSpec("P")
AskedT = TypeVar("AskedT", bound=Mapping[str, Any])
"""The arguments of the operator, such as :class:`~.task_arguments.RefineArguments`."""


class Decorator(Protocol):
    """Makes a task of a function."""

    def __call__(self, python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]:
        """Make the task."""
        ...


def _decorate(
    operator: type[DecoratedGeneration],
    python_callable: Callable[..., Any] | None,
    options: Mapping[str, Any],
) -> Any:
    # Airflow would take `-> dict`, of what the function returns, as the type of the task's result.
    return task_decorator_factory(
        python_callable, decorated_operator_class=operator, **{"multiple_outputs": False, **options}
    )


class _Generate(DecoratedGeneration):
    operator = GettyGenerateOperator
    custom_operator_name = "@task.getty_generate"


@overload
def getty_generate(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_generate(**options: Unpack[task_arguments.GenerateTask]) -> Decorator: ...
def getty_generate(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[task_arguments.GenerateTask]
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyGenerateOperator`."""
    return _decorate(_Generate, python_callable, options)


class _Refine(DecoratedGeneration):
    operator = GettyRefineOperator
    custom_operator_name = "@task.getty_refine"


@overload
def getty_refine(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_refine(**options: Unpack[task_arguments.RefineTask]) -> Decorator: ...
def getty_refine(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[task_arguments.RefineTask]
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyRefineOperator`."""
    return _decorate(_Refine, python_callable, options)


class _Extend(DecoratedGeneration):
    operator = GettyExtendOperator
    custom_operator_name = "@task.getty_extend"


@overload
def getty_extend(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_extend(**options: Unpack[task_arguments.ExtendTask]) -> Decorator: ...
def getty_extend(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[task_arguments.ExtendTask]
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyExtendOperator`."""
    return _decorate(_Extend, python_callable, options)


class _Variations(DecoratedGeneration):
    operator = GettyVariationsOperator
    custom_operator_name = "@task.getty_variations"


@overload
def getty_variations(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_variations(**options: Unpack[task_arguments.VariationsTask]) -> Decorator: ...
def getty_variations(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[task_arguments.VariationsTask]
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyVariationsOperator`."""
    return _decorate(_Variations, python_callable, options)


class _BackgroundRemoval(DecoratedGeneration):
    operator = GettyBackgroundRemovalOperator
    custom_operator_name = "@task.getty_background_removal"


@overload
def getty_background_removal(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_background_removal(**options: Unpack[task_arguments.BackgroundRemovalTask]) -> Decorator: ...
def getty_background_removal(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[task_arguments.BackgroundRemovalTask],
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyBackgroundRemovalOperator`."""
    return _decorate(_BackgroundRemoval, python_callable, options)


class _ObjectRemoval(DecoratedGeneration):
    operator = GettyObjectRemovalOperator
    custom_operator_name = "@task.getty_object_removal"


@overload
def getty_object_removal(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_object_removal(**options: Unpack[task_arguments.ObjectRemovalTask]) -> Decorator: ...
def getty_object_removal(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[task_arguments.ObjectRemovalTask]
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyObjectRemovalOperator`."""
    return _decorate(_ObjectRemoval, python_callable, options)


class _InfluenceColor(DecoratedGeneration):
    operator = GettyInfluenceColorOperator
    custom_operator_name = "@task.getty_influence_color"


@overload
def getty_influence_color(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_influence_color(**options: Unpack[task_arguments.InfluenceColorTask]) -> Decorator: ...
def getty_influence_color(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[task_arguments.InfluenceColorTask]
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyInfluenceColorOperator`."""
    return _decorate(_InfluenceColor, python_callable, options)


class _InfluenceComposition(DecoratedGeneration):
    operator = GettyInfluenceCompositionOperator
    custom_operator_name = "@task.getty_influence_composition"


@overload
def getty_influence_composition(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_influence_composition(**options: Unpack[task_arguments.InfluenceCompositionTask]) -> Decorator: ...
def getty_influence_composition(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[task_arguments.InfluenceCompositionTask],
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyInfluenceCompositionOperator`."""
    return _decorate(_InfluenceComposition, python_callable, options)


class _BackgroundGeneration(DecoratedGeneration):
    operator = GettyBackgroundGenerationOperator
    custom_operator_name = "@task.getty_background_generation"


@overload
def getty_background_generation(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_background_generation(**options: Unpack[task_arguments.BackgroundGenerationTask]) -> Decorator: ...
def getty_background_generation(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[task_arguments.BackgroundGenerationTask],
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyBackgroundGenerationOperator`."""
    return _decorate(_BackgroundGeneration, python_callable, options)


class _BackgroundReplacement(DecoratedGeneration):
    operator = GettyBackgroundReplacementOperator
    custom_operator_name = "@task.getty_background_replacement"


@overload
def getty_background_replacement(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_background_replacement(
    **options: Unpack[task_arguments.BackgroundReplacementTask],
) -> Decorator: ...
def getty_background_replacement(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[task_arguments.BackgroundReplacementTask],
) -> Any:
    """Make a function, which returns the request, a task like those of :class:`.GettyBackgroundReplacementOperator`."""
    return _decorate(_BackgroundReplacement, python_callable, options)
