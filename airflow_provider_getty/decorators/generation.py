"""``@task.getty_refine`` and the like: your function returns the request, an operator does the rest.

``@task.getty_refine(…)`` goes through Airflow's registry, which type checkers do not know. To have them check the
arguments, import the decorator: ``from airflow_provider_getty.decorators.generation import getty_refine``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, Unpack, overload

from airflow.providers.common.compat.sdk import task_decorator_factory

from airflow_provider_getty.decorators.decorated import DecoratedGeneration
from airflow_provider_getty.operators.background_generation import (
    BackgroundGenerationArguments,
    GettyBackgroundGenerationOperator,
)
from airflow_provider_getty.operators.background_removal import (
    BackgroundRemovalArguments,
    GettyBackgroundRemovalOperator,
)
from airflow_provider_getty.operators.background_replacement import (
    BackgroundReplacementArguments,
    GettyBackgroundReplacementOperator,
)
from airflow_provider_getty.operators.extend import ExtendArguments, GettyExtendOperator
from airflow_provider_getty.operators.generate import GenerateArguments, GettyGenerateOperator
from airflow_provider_getty.operators.influence_color import (
    GettyInfluenceColorOperator,
    InfluenceColorArguments,
)
from airflow_provider_getty.operators.influence_composition import (
    GettyInfluenceCompositionOperator,
    InfluenceCompositionArguments,
)
from airflow_provider_getty.operators.object_removal import GettyObjectRemovalOperator, ObjectRemovalArguments
from airflow_provider_getty.operators.refine import GettyRefineOperator, RefineArguments
from airflow_provider_getty.operators.variations import GettyVariationsOperator, VariationsArguments

if TYPE_CHECKING:
    from airflow.sdk.bases.decorator import Task

    from airflow_provider_getty.inputs.task_arguments import GenerationTask

    class GenerateTask(GenerateArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_generate``."""

    class RefineTask(RefineArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_refine``."""

    class ObjectRemovalTask(ObjectRemovalArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_object_removal``."""

    class ExtendTask(ExtendArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_extend``."""

    class VariationsTask(VariationsArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_variations``."""

    class BackgroundRemovalTask(BackgroundRemovalArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_background_removal``."""

    class BackgroundReplacementTask(BackgroundReplacementArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_background_replacement``."""

    class BackgroundGenerationTask(BackgroundGenerationArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_background_generation``."""

    class InfluenceColorTask(InfluenceColorArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_influence_color``."""

    class InfluenceCompositionTask(InfluenceCompositionArguments, GenerationTask, total=False):
        """The arguments of ``@task.getty_influence_composition``."""


P = ParamSpec("P")
AskedT = TypeVar("AskedT", bound=Mapping[str, Any])
"""The arguments of the operator, such as :class:`.RefineArguments`."""


class Decorator(Protocol):
    """Turns a function into a task."""

    def __call__(self, python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]:
        """Make the task."""
        ...


def _decorate(
    operator: type[DecoratedGeneration],
    python_callable: Callable[..., Any] | None,
    options: Mapping[str, Any],
) -> Any:
    # Airflow would take a return annotation `-> dict` of the function for the type of the task's result.
    return task_decorator_factory(
        python_callable, decorated_operator_class=operator, **{"multiple_outputs": False, **options}
    )


class _Generate(DecoratedGeneration):
    operator = GettyGenerateOperator
    custom_operator_name = "@task.getty_generate"


@overload
def getty_generate(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_generate(**options: Unpack[GenerateTask]) -> Decorator: ...
def getty_generate(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[GenerateTask]
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyGenerateOperator`."""
    return _decorate(_Generate, python_callable, options)


class _Refine(DecoratedGeneration):
    operator = GettyRefineOperator
    custom_operator_name = "@task.getty_refine"


@overload
def getty_refine(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_refine(**options: Unpack[RefineTask]) -> Decorator: ...
def getty_refine(python_callable: Callable[..., Any] | None = None, /, **options: Unpack[RefineTask]) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyRefineOperator`."""
    return _decorate(_Refine, python_callable, options)


class _Extend(DecoratedGeneration):
    operator = GettyExtendOperator
    custom_operator_name = "@task.getty_extend"


@overload
def getty_extend(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_extend(**options: Unpack[ExtendTask]) -> Decorator: ...
def getty_extend(python_callable: Callable[..., Any] | None = None, /, **options: Unpack[ExtendTask]) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyExtendOperator`."""
    return _decorate(_Extend, python_callable, options)


class _Variations(DecoratedGeneration):
    operator = GettyVariationsOperator
    custom_operator_name = "@task.getty_variations"


@overload
def getty_variations(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_variations(**options: Unpack[VariationsTask]) -> Decorator: ...
def getty_variations(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[VariationsTask]
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyVariationsOperator`."""
    return _decorate(_Variations, python_callable, options)


class _BackgroundRemoval(DecoratedGeneration):
    operator = GettyBackgroundRemovalOperator
    custom_operator_name = "@task.getty_background_removal"


@overload
def getty_background_removal(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_background_removal(**options: Unpack[BackgroundRemovalTask]) -> Decorator: ...
def getty_background_removal(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[BackgroundRemovalTask],
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyBackgroundRemovalOperator`."""
    return _decorate(_BackgroundRemoval, python_callable, options)


class _ObjectRemoval(DecoratedGeneration):
    operator = GettyObjectRemovalOperator
    custom_operator_name = "@task.getty_object_removal"


@overload
def getty_object_removal(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_object_removal(**options: Unpack[ObjectRemovalTask]) -> Decorator: ...
def getty_object_removal(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[ObjectRemovalTask]
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyObjectRemovalOperator`."""
    return _decorate(_ObjectRemoval, python_callable, options)


class _InfluenceColor(DecoratedGeneration):
    operator = GettyInfluenceColorOperator
    custom_operator_name = "@task.getty_influence_color"


@overload
def getty_influence_color(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_influence_color(**options: Unpack[InfluenceColorTask]) -> Decorator: ...
def getty_influence_color(
    python_callable: Callable[..., Any] | None = None, /, **options: Unpack[InfluenceColorTask]
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyInfluenceColorOperator`."""
    return _decorate(_InfluenceColor, python_callable, options)


class _InfluenceComposition(DecoratedGeneration):
    operator = GettyInfluenceCompositionOperator
    custom_operator_name = "@task.getty_influence_composition"


@overload
def getty_influence_composition(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_influence_composition(**options: Unpack[InfluenceCompositionTask]) -> Decorator: ...
def getty_influence_composition(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[InfluenceCompositionTask],
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyInfluenceCompositionOperator`."""
    return _decorate(_InfluenceComposition, python_callable, options)


class _BackgroundGeneration(DecoratedGeneration):
    operator = GettyBackgroundGenerationOperator
    custom_operator_name = "@task.getty_background_generation"


@overload
def getty_background_generation(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_background_generation(**options: Unpack[BackgroundGenerationTask]) -> Decorator: ...
def getty_background_generation(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[BackgroundGenerationTask],
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyBackgroundGenerationOperator`."""
    return _decorate(_BackgroundGeneration, python_callable, options)


class _BackgroundReplacement(DecoratedGeneration):
    operator = GettyBackgroundReplacementOperator
    custom_operator_name = "@task.getty_background_replacement"


@overload
def getty_background_replacement(python_callable: Callable[P, AskedT], /) -> Task[P, AskedT]: ...
@overload
def getty_background_replacement(
    **options: Unpack[BackgroundReplacementTask],
) -> Decorator: ...
def getty_background_replacement(
    python_callable: Callable[..., Any] | None = None,
    /,
    **options: Unpack[BackgroundReplacementTask],
) -> Any:
    """Turn a function that returns the request into a task of :class:`.GettyBackgroundReplacementOperator`."""
    return _decorate(_BackgroundReplacement, python_callable, options)
