"""What users type is what Airflow, Getty's models and the operators' own signatures say."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, get_args

import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator

from airflow_provider_getty import get_provider_info
from airflow_provider_getty.api import choices
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.generating.request import argument_names
from airflow_provider_getty.hooks.getty import OperationName
from airflow_provider_getty.inputs import task_arguments
from airflow_provider_getty.inputs.arguments import RequestArguments
from airflow_provider_getty.operators.downloading import DownloadingOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from airflow_provider_getty.operators.generation import GenerationOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator

NEWER = {"retry_policy", "render_template_as_native_obj"}
"""The arguments that came after Airflow 3.1."""


def declared(function: Any) -> set[str]:
    """The arguments that a function declares by name."""
    found = inspect.signature(function).parameters.values()
    return {each.name for each in found if each.kind is each.KEYWORD_ONLY}


def keys(typed: Any) -> set[str]:
    return {*typed.__required_keys__, *typed.__optional_keys__}


def test_the_arguments_of_every_task_are_those_of_airflow() -> None:
    ours, airflows = keys(task_arguments.TaskArguments), declared(BaseOperator.__init__)
    assert ours - NEWER == airflows - NEWER
    assert airflows <= ours


def test_the_arguments_of_a_sensor_are_those_of_airflow() -> None:
    ours = keys(task_arguments.SensorArguments) - keys(task_arguments.TaskArguments)
    assert ours | {"timeout", "poke_interval"} == declared(BaseSensorOperator.__init__)


@pytest.mark.parametrize(
    ("typed", "cls"),
    [
        (task_arguments.GenerationArguments, GenerationOperator),
        (task_arguments.DownloadArguments, DownloadingOperator),
    ],
)
def test_the_shared_arguments_are_those_of_the_base(typed: Any, cls: Any) -> None:
    assert keys(typed) == declared(cls.__init__) | keys(task_arguments.TaskArguments)


def operator_of(name: str) -> type[GenerationOperator]:
    operator: type[GenerationOperator] = getattr(module_of(name), f"Getty{named(name)}Operator")
    return operator


def module_of(name: str) -> Any:
    return import_module(f"airflow_provider_getty.operators.{name}")


def named(name: str) -> str:
    return name.title().replace("_", "")


@pytest.mark.parametrize("name", get_args(OperationName))
def test_an_operation_is_the_same_in_signature_templates_types_decorator_and_model(name: str) -> None:
    operator = operator_of(name)
    common = keys(RequestArguments)
    typed = getattr(module_of(name), f"{named(name)}Arguments")
    arguments = declared(operator.__init__) | common
    assert operator.operation == name
    assert set(operator.template_fields) == arguments | {"getty_conn_id"}
    assert keys(typed) == arguments == set(argument_names(GENERATING[name]))
    assert arguments <= set(operator.rules)
    assert set(operator.template_fields_renderers) <= arguments


def test_the_operations_are_those_that_have_a_model_and_a_decorator() -> None:
    names = set(get_args(OperationName))
    assert names == set(GENERATING)
    assert names == {each["name"].removeprefix("getty_") for each in get_provider_info()["task-decorators"]}


SAMPLES: list[Any] = [
    *(
        -(2**31) - 1,
        -(2**31),
        -1,
        0,
        0.5,
        1,
        1.5,
        7,
        2**31 - 1,
        2**31,
        "12",
        "0.5",
        "red",
        "#a0B1c2",
        "#a0b1c",
    ),
    *(float("inf"), float("nan")),
    *(value for each in vars(choices).values() for value in get_args(each)),
]


def schemas() -> list[tuple[str, str]]:
    """Each argument that has an enumeration, a range or a pattern in a model, with the operation."""
    return [
        (operation, name)
        for operation, model in GENERATING.items()
        for name in model.model_fields
        if (rule := operator_of(operation).rules.get(name))
        and rule.must_be not in ("text", "an id as text")
        and "generation" not in name
    ]


@pytest.mark.parametrize(("operation", "name"), schemas())
def test_the_dag_file_allows_what_the_model_allows(operation: str, name: str) -> None:
    model = GENERATING[operation]
    for value in SAMPLES:
        try:
            model.__pydantic_validator__.validate_assignment(model.model_construct(), name, value)
        except ValueError as error:
            allowed = not any(name in map(str, each["loc"]) for each in error.errors())  # type: ignore[attr-defined]
        else:
            allowed = True
        assert operator_of(operation).rules[name].allows(value) == allowed, (name, value)


class SkyOperator(GettyRefineOperator):
    """A subclass as users write them: narrower, with a local variable that is named like an argument."""

    def __init__(self, *, sky: str, **kwargs: Any) -> None:
        seed = prompt = f"a sky with {sky}"
        assert seed
        super().__init__(
            prompt=prompt, negative_prompt="{{ params.no }}", mask_url="https://a/b.jpg", **kwargs
        )


def test_a_narrower_subclass_keeps_what_its_parent_has() -> None:
    task = SkyOperator(task_id="sky", sky="stars", image_id="1", product_id=5)
    assert (task.prompt, task.negative_prompt, task.image_id) == ("a sky with stars", "{{ params.no }}", "1")
    assert task.product_id == 5
    assert set(task.template_fields) == set(GettyRefineOperator.template_fields)


def test_an_unknown_operation_is_an_error_of_the_class() -> None:
    with pytest.raises(TypeError, match=r"operation is 'refien'; it must be one of generate, variations"):
        type("Wrong", (GenerationOperator,), {"operation": "refien"})


def test_what_is_not_mapped_is_checked_when_the_dag_file_is_read() -> None:
    with pytest.raises(InvalidRequestError, match="Task mapped: on_blocked is 'explode'"):
        GettyGenerateOperator.partial(task_id="mapped", on_blocked="explode")
    with pytest.raises(InvalidRequestError, match="Task mapped: aspect_ratio is '2:1'"):
        GettyGenerateOperator.partial(task_id="mapped", aspect_ratio="2:1")
    with pytest.raises(TypeError, match="promt"):
        GettyGenerateOperator.partial(task_id="mapped", promt="boats")
