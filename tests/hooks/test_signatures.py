"""The methods of GettyHook and of its async side are the same, and tools see them as the source has them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.hooks.async_getty import AsyncGetty
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.operators.refine import GettyRefineOperator

METHODS = sorted(name for name in dir(AsyncGetty) if not name.startswith("_"))
ONLY_SYNC = {
    "account",
    "async_session",
    "get_async_account",
    "get_async_conn",
    "get_conn",
    "get_ui_field_behaviour",
    "test_connection",
}


def public(owner: type) -> dict[str, Any]:
    """What the package itself defines."""
    return {
        name: each
        for cls in owner.__mro__
        if cls.__module__.startswith("airflow_provider_getty")
        for name, each in vars(cls).items()
        if not name.startswith("_") and not isinstance(each, str)
    }


def test_both_sides_have_the_same_methods() -> None:
    assert set(public(GettyHook)) - ONLY_SYNC == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_both_sides_of_a_method_have_the_same_signature(name: str) -> None:
    sync, awaited = getattr(GettyHook, name), getattr(AsyncGetty, name)
    assert inspect.signature(sync).parameters == inspect.signature(awaited).parameters
    returned = inspect.signature(sync).return_annotation
    if returned.startswith("Iterator["):
        assert inspect.signature(awaited).return_annotation == f"Async{returned}"
    else:
        assert inspect.signature(awaited).return_annotation == returned
        assert inspect.iscoroutinefunction(awaited)


@pytest.mark.parametrize("name", METHODS)
def test_every_argument_is_declared_and_the_method_documented(name: str) -> None:
    method: Callable[..., Any] = getattr(GettyHook, name)
    assert ":raises" in (method.__doc__ or "")
    assert method.__name__ == name
    for parameter in inspect.signature(method).parameters.values():
        assert parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        assert parameter.name == "self" or parameter.annotation is not parameter.empty


@pytest.mark.parametrize("name", GENERATING)
def test_a_generating_method_takes_all_that_its_operation_takes(name: str) -> None:
    declared = set(inspect.signature(getattr(GettyHook, name)).parameters) - {"self"}
    masked = {"mask", "image_size"} if "mask_url" in declared else set()
    assert declared == set(GENERATING[name].model_fields) | masked
    assert f"{GENERATING[name].route.rpartition('/')[2]}`` in Getty" in getattr(GettyHook, name).__doc__


def test_a_mock_refuses_what_the_method_refuses() -> None:
    with mock.patch.object(GettyHook, "refine", autospec=True) as refine:
        GettyHook().refine("1473240153", mask="sky.png", prompt="balloons")
        with pytest.raises(TypeError):
            GettyHook().refine("1473240153", promt="balloons")  # type: ignore[call-arg]
    assert refine.call_count == 1
    with mock.patch("airflow_provider_getty.hooks.getty.GettyHook", autospec=True) as hook:
        hook.return_value.get_generation("an-id")
        with pytest.raises(TypeError):
            hook.return_value.get_generation()


def test_the_hook_takes_what_the_operator_takes() -> None:
    taken = {
        "image_id",
        "reference_generation",
        "mask",
        "mask_url",
        "image_size",
        "prompt",
        "negative_prompt",
    }
    assert taken <= set(GettyRefineOperator.template_fields)
    assert taken <= set(inspect.signature(GettyHook.refine).parameters)
