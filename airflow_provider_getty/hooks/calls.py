"""The methods of GettyHook: written once, for the sync hook and for its async side.

Each is a model of its arguments, whose types, meaning and checks are those of the method: an operation, some work of
several calls, or the pages of a list.
"""

# ruff: noqa: SLF001 - the methods are of the classes that perform them

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from airflow_provider_getty.api import operations
    from airflow_provider_getty.api import paging as pages
    from airflow_provider_getty.api.operations import Operation
    from airflow_provider_getty.api.paging import Pages
    from airflow_provider_getty.api.results import DownloadSizes, Generation, Pending
    from airflow_provider_getty.hooks import work
    from airflow_provider_getty.hooks.async_getty import AsyncGetty
    from airflow_provider_getty.hooks.getty import GettyHook
    from airflow_provider_getty.hooks.work import Work
else:

    class _Later:
        """A module that is imported when something of it is used: DAG files stay quick to parse."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module(self._name), name)

    operations = _Later("airflow_provider_getty.api.operations")
    pages = _Later("airflow_provider_getty.api.paging")
    work = _Later("airflow_provider_getty.hooks.work")

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
PartT = TypeVar("PartT")
ItemT = TypeVar("ItemT")


class _Method:
    """A descriptor whose method makes a model of its arguments, and gives it to the object that it is called on.

    :param model: returns the model.
    """

    def __init__(self, model: Callable[[], Callable[..., Any]]) -> None:
        self._model = model
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def _method(self, instance: Any, give: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        model = self._model()

        def method(getty: Any, /, *args: Any, **kwargs: Any) -> Any:
            return give(getty, model(*args, **kwargs))

        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        described = inspect.signature(model)
        method.__name__, method.__doc__ = self._name, _described(model)
        method.__signature__ = described.replace(  # type: ignore[attr-defined]
            parameters=[own, *described.parameters.values()], return_annotation=inspect.Signature.empty
        )
        return method if instance is None else method.__get__(instance)


class Call(_Method, Generic[P, ResultT]):
    """A method that returns its result in the hook, and is awaited on the async side."""

    def __init__(
        self,
        model: Callable[[], Callable[P, Operation[ResultT] | Work[ResultT]]],
        part: Callable[[Any], Any] = lambda answer: answer,
    ) -> None:
        super().__init__(model)
        self._part = part

    def returning(self, part: Callable[[ResultT], PartT]) -> Call[P, PartT]:
        """The same call, which returns a part of the answer."""
        model: Any = self._model
        return Call(model, part)

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[..., Any]: ...
    @overload
    def __get__(self, instance: GettyHook, owner: type) -> Callable[P, ResultT]: ...
    @overload
    def __get__(self, instance: AsyncGetty, owner: type) -> Callable[P, Awaitable[ResultT]]: ...
    def __get__(self, instance: GettyHook | AsyncGetty | None, owner: type) -> Callable[..., Any]:
        return self._method(instance, lambda getty, asked: getty._perform(asked, self._part))


class Listing(_Method, Generic[P, ItemT]):
    """A method that iterates over a list of Getty's, page by page: with ``for``, or ``async for``."""

    def __init__(self, model: Callable[[], Callable[P, Pages[Any, ItemT]]]) -> None:
        super().__init__(model)

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[..., Any]: ...
    @overload
    def __get__(self, instance: GettyHook, owner: type) -> Callable[P, Iterator[ItemT]]: ...
    @overload
    def __get__(self, instance: AsyncGetty, owner: type) -> Callable[P, AsyncIterator[ItemT]]: ...
    def __get__(self, instance: GettyHook | AsyncGetty | None, owner: type) -> Callable[..., Any]:
        return self._method(instance, lambda getty, turned: getty._turn(turned))


class Calls:
    """All that one may ask. What generates may cost a credit each time it is called."""

    generate = Call(lambda: operations.Generate)
    vary = Call(lambda: operations.Variations)
    influence_color = Call(lambda: operations.InfluenceColor)
    influence_composition = Call(lambda: operations.InfluenceComposition)
    generate_background = Call(lambda: operations.BackgroundGeneration)
    refine = Call(lambda: operations.Refine)
    extend = Call(lambda: operations.Extend)
    remove_background = Call(lambda: operations.BackgroundRemoval)
    replace_background = Call(lambda: operations.BackgroundReplacement)
    remove_object = Call(lambda: operations.ObjectRemoval)
    enhance_prompt = Call(lambda: operations.EnhancePrompt).returning(lambda answer: answer.enhanced_prompt)

    get_generation = Call(lambda: _generation)
    wait_for_generation = Call(lambda: work.Wait)
    download_sizes = Call(lambda: _sizes).returning(lambda answer: answer.download_sizes)
    download = Call(lambda: work.ImageTransfer)
    redownload = Call(lambda: work.AssetTransfer)

    upload_mask = Call(lambda: work.MaskUpload)
    upload_file = Call(lambda: work.FileUpload)
    register_file = Call(lambda: operations.RegisterFile)
    get_registration = Call(lambda: operations.GetRegistration)
    delete_registration = Call(lambda: operations.DeleteRegistration)
    registrations = Listing(lambda: pages.registration_pages)

    products = Call(lambda: operations.ListProducts).returning(lambda answer: answer.products)
    history = Listing(lambda: pages.history_pages)
    history_item = Call(lambda: operations.GetHistoryItem)


def _described(model: Any) -> str:
    """The docstring of a model; of an operation with the arguments of its bases, and what Getty has of it."""
    told = [inspect.getdoc(model) or ""]
    if hasattr(model, "route"):
        answers = ", ".join(
            f"{status} :class:`{answer.__name__}`" if answer else str(status)
            for status, answer in model.answers.items()
        )
        told += [
            own[own.index(":param") :]
            for base in model.__mro__[1:]
            if base.__module__.startswith(operations.__name__)
            and ":param" in (own := inspect.getdoc(base) or "")
        ]
        told += [
            ":raises GettyError: its ``credit`` says whether a credit may have been used.",
            f"Source: ``{model.method} {model.route}`` in Getty's API reference; answers: {answers}.",
        ]
    return "\n\n".join(told)


def _generation(generation_request_id: str) -> Operation[Pending | Generation]:
    """Ask once whether a generation is finished; a finished one comes with fresh signed URLs."""
    return operations.GetGeneration(generation_request_id=generation_request_id)


def _sizes(generation_request_id: str, index: int = 0) -> Operation[DownloadSizes]:
    """Ask in which sizes a generated image can be downloaded: their names, widths and heights in pixels."""
    return operations.GetDownloadSizes(generation_request_id=generation_request_id, index=index)
