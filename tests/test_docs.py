"""README.md and docs/: tables say what the code says."""

from __future__ import annotations

import inspect
import json
import pkgutil
import re
from datetime import timedelta
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

import pytest
from airflow.sdk import BaseOperator

import airflow_provider_getty.operators
import airflow_provider_getty.sensors
from airflow_provider_getty import get_provider_info
from airflow_provider_getty.api import errors, operations
from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.errors import Credit, GettyError, InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING, GeneratingOperation, Operation
from airflow_provider_getty.hooks.async_getty import AsyncGetty
from airflow_provider_getty.hooks.connection import EXTRAS
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.hooks.metrics import Metrics
from airflow_provider_getty.inputs import config
from airflow_provider_getty.inputs.arguments import OnBlocked
from airflow_provider_getty.operators.downloading import DownloadingOperator
from airflow_provider_getty.operators.generation import GenerationOperator
from airflow_provider_getty.sensors import in_triggerer
from airflow_provider_getty.triggers.generation import GenerationTrigger
from airflow_provider_getty.triggers.new_generation import NewGenerationTrigger
from tests.support.documents import (
    BLOCKS,
    FILES,
    PYTHON_API,
    anchor,
    codes,
    declared,
    headings,
    named,
    names,
    parameters,
    rows,
    section,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from getty_emulator.server import Emulator


def defined(package: Any) -> Iterator[type[BaseOperator]]:
    """The operators and sensors that the modules of a package define, and their bases."""
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for cls in vars(import_module(module.name)).values():
            is_ours = inspect.isclass(cls) and issubclass(cls, BaseOperator) and cls.__module__ == module.name
            if is_ours and "__init__" in vars(cls):
                yield cls


BASES = {
    GenerationOperator: ("operators.md", "Common arguments"),
    DownloadingOperator: ("downloading.md", "Common download arguments"),
}
"""Where the arguments are told that several operators have."""
CONFIGURED = {"generation_timeout": "timeout", "poke_interval": "poll_interval"}
"""The options of Airflow's configuration that are called otherwise than their arguments."""
TASKS = [*defined(airflow_provider_getty.operators), *defined(airflow_provider_getty.sensors)]
OPERATORS = [cls for cls in TASKS if cls not in BASES]


def place_of(cls: type) -> tuple[str, str]:
    """The file and the heading below which a class is described; a heading may name several."""
    [place] = [
        (file.name, heading)
        for file in FILES
        for heading in headings(file)
        if heading.startswith("`") and cls.__name__ in names(heading)
    ]
    return place


def own_arguments(cls: type) -> dict[str, inspect.Parameter]:
    """What the table of a class tells: all arguments but those that are told of its base."""
    return declared(cls) if issubclass(cls, tuple(BASES)) else parameters(cls)


def test_the_overview_links_to_every_operator_and_names_its_operation() -> None:
    overview = list(rows(section("operators.md", "Operators")))
    told = {names(cells[0])[0]: (cells[0], codes(cells[2])) for cells in overview}
    assert sorted(told) == sorted(cls.__name__ for cls in OPERATORS)
    for cls in OPERATORS:
        link, operation = told[cls.__name__]
        file, heading = place_of(cls)
        assert link.endswith((f"]({file}#{anchor(heading)})", f"]({file})"))
        assert operation == ([cls.operation] if issubclass(cls, GenerationOperator) else [])


def test_the_arguments_of_the_watching_trigger_are_all_told() -> None:
    heading = "Run a DAG for every new generation of the account"
    table = {names(cells[0])[0]: cells[1].strip("`") for cells in rows(section("assets.md", heading))}
    found = {name: repr(each.default) for name, each in declared(NewGenerationTrigger).items()}
    assert {name: default.replace('"', "'") for name, default in table.items()} == found


def test_all_that_a_sensor_without_a_process_lacks_is_told() -> None:
    table = list(rows(section("waiting.md", "Without any process")))
    refused = {
        name for cell, what in table if what.startswith("An error in the DAG file") for name in codes(cell)
    }
    assert refused == {*in_triggerer._NEEDS_A_WORKER, *in_triggerer._NEEDS_A_WORKER_TO_RENDER, ".expand()"}
    others = {name for cell, _ in table for name in codes(cell)} - refused
    assert {"on_failure_callback", "email", "retries", "pre_execute", "post_execute", "run_as_user"} < others


def test_the_page_of_the_connection_quotes_what_airflow_says_of_a_test() -> None:
    """It drops our message of success, and refuses to test a stored connection without a port (3.3.2)."""
    page = " ".join(section("connection.md", "Testing it").split())
    assert "On success it only says `Connection success!`." in page
    assert "*The host or port to test differs from the stored connection*: the form sends port 0" in page


def test_the_options_of_the_configuration_are_all_told() -> None:
    table = {codes(cells[0])[0]: cells[1] for cells in rows(section("configuration.md", "Configuration"))}
    assert table == {
        name: f"`{option['default']}`" if option["default"] else "empty"
        for name, option in config.SECTION["options"].items()
    }


@pytest.mark.parametrize("cls", [*TASKS, GenerationTrigger])
def test_the_tables_of_arguments_say_what_the_classes_take(cls: Any) -> None:
    """Names, defaults, and whether they are templated."""
    file, heading = BASES.get(cls) or place_of(cls)
    table = {names(cells[0])[0]: cells for cells in rows(section(file, heading))}
    described = [each for each in OPERATORS if each.__name__ in names(heading)] or [cls]
    assert set(table) == {name for each in described for name in own_arguments(each)}
    for name, parameter in own_arguments(cls).items():
        _, default, templated, *_ = table[name]
        assert (templated == "T") == (name in getattr(cls, "template_fields", ())), name
        match default:
            case "`[operators] default_deferrable`":
                assert name == "deferrable"
            case found if found.startswith("[`[getty] "):
                assert codes(found) == [f"[getty] {CONFIGURED.get(name, name)}"]
                assert parameter.default is None, name
            case "required":
                assert parameter.default is inspect.Parameter.empty, name
            case _:
                assert eval(default.strip("`"), {"timedelta": timedelta}) == parameter.default, name


ASKED = {
    "GettyRegisterFileOperator": operations.RegisterFile,
    "GettyDownloadOperator": operations.StartDownload,
    "GettyRedownloadOperator": operations.Redownload,
}
"""What is asked by the operators that generate nothing and have limits."""


def limits(model: type[Operation[Any]]) -> Iterator[tuple[str, list[str]]]:
    """The enumerations and bounds of the arguments that are an operation's own."""
    for name, schema in model.model_json_schema()["properties"].items():
        for kind in schema.get("anyOf", [schema]):
            bounds = [kind[bound] for bound in ("minimum", "maximum") if bound in kind]
            allowed = kind.get("enum") or ([kind["const"]] if "const" in kind else bounds)
            if allowed and name not in GeneratingOperation.model_fields:
                yield name, [str(value) for value in allowed]


@pytest.mark.parametrize("file", ["generating.md", "editing.md", "backgrounds.md", "downloading.md"])
def test_the_limits_are_those_of_the_models(file: str) -> None:
    told = [(name, codes(allowed)) for cell, allowed in rows(section(file, "Limits")) for name in names(cell)]
    described = [cls for cls in OPERATORS if place_of(cls)[0] == file]
    generating = [cls for cls in described if issubclass(cls, GenerationOperator)]
    models: list[Any] = [GENERATING[cls.operation] for cls in generating]
    models += [ASKED[cls.__name__] for cls in described if cls.__name__ in ASKED]
    actual = [limit for model in models for limit in limits(model)]
    assert dict(actual) == dict(told)
    assert all(dict(told)[name] == values for name, values in actual)


SAMPLES = {
    "background_color": "#ffffff",
    "jpeg": b"a JPEG",
    "file_name": "mask.jpg",
    "reference_generation": {"generation_request_id": "an-id"},
    "rights_claimed": True,
    "size_name": "1k",
} | dict.fromkeys((f"{side}_percentage" for side in ("left", "right", "top", "bottom")), 10)
OTHERS = {
    name: each
    for name, each in vars(operations).items()
    if inspect.isclass(each) and issubclass(each, Operation) and hasattr(each, "route")
    if each not in GENERATING.values()
}
SENT: dict[str, dict[str, Any]] = {"Generating operations": dict(GENERATING), "Other operations": OTHERS}


@pytest.mark.parametrize("heading", SENT)
def test_the_tables_of_dialects_say_how_each_operation_is_sent(heading: str) -> None:
    models = SENT[heading]
    table = list(rows(section("dialects.md", heading)))
    sent = {codes(cells[0])[0]: cells[1:] for cells in table if len(cells) == 5}
    assert list(sent) == [name for cells in table if len(cells) == 3 for name in codes(cells[0])]
    assert set(sent) == set(models)
    for name, (route, reference_page, current, required) in sent.items():
        model = models[name]
        assert codes(route) == [f"{model.method} {model.route}"]
        operation, *_ = [model(**arguments) for arguments in accepted(required)]
        assert codes(current) == form(operation, Dialect.CURRENT)
        if Dialect.REFERENCE_PAGE in operation.dialects:
            assert codes(reference_page) == form(operation, Dialect.REFERENCE_PAGE), name
        else:
            assert reference_page == "as `current`", name


@pytest.mark.parametrize("heading", SENT)
def test_what_is_told_to_be_required_is(heading: str) -> None:
    models = SENT[heading]
    for name, *_, required in (cells for cells in rows(section("dialects.md", heading)) if len(cells) == 5):
        for arguments in accepted(required):
            for missing in arguments:
                with pytest.raises(InvalidRequestError):
                    models[codes(name)[0]](**{each: arguments[each] for each in arguments if each != missing})


def accepted(required: str) -> Iterator[dict[str, Any]]:
    """The least arguments that an operation takes, in every choice: ``one of `a`, `b`; `c` ``."""
    groups = [(names(group), "one of" in group) for group in required.split(";")]
    choices = [names for names, is_choice in groups if is_choice]
    choices += [[name] for names, is_choice in groups if not is_choice for name in names]
    for chosen in product(*choices):
        yield {name: SAMPLES.get(name, "a-value") for name in chosen}


def form(operation: Operation[Any], dialect: Dialect) -> list[str]:
    """The first part of the address, and the field of an image of the library."""
    fields = operation.arguments(dialect)
    image = [name for name in ("id", "reference_asset_id") if name in fields]
    return [operation.path(dialect).split("/")[1], *image]


def test_every_extra_of_the_connection_is_documented_with_its_default() -> None:
    settings = {names(cells[1])[0]: cells[2] for cells in rows(section("connection.md", "Settings"))}
    assert set(settings) == EXTRAS | {"login", "password", "host"}
    assert settings["timeout"] == f"`{Account.timeout:.0f}`"
    assert settings["host"] == f"`{Account.base_url}`"
    assert settings["dialect"] == f"`{Account.dialect}`"


def test_every_metric_is_documented() -> None:
    told = [(codes(cells[0])[0], cells[1]) for cells in rows(section("limits.md", "Metrics"))]
    assert told == re.findall(r"``(getty\.\S+)``\s+(counter|gauge)", Metrics.__doc__ or "")


def test_every_dialect_is_documented() -> None:
    assert [codes(cells[0])[0] for cells in rows(section("connection.md", "Dialects"))] == list(Dialect)


def test_the_table_of_the_hook_names_its_methods_and_which_of_them_are_awaited() -> None:
    told = {name: cells[1] for cells in rows(section("hook.md", "`GettyHook`")) for name in names(cells[0])}
    methods = {
        name
        for cls in GettyHook.__mro__
        if cls.__module__.startswith("airflow_provider_getty")
        for name, each in vars(cls).items()
        if not name.startswith("_") and not isinstance(each, str)
    }
    assert sorted(told) == sorted(methods)
    for name in methods:
        how = "`await`" if inspect.iscoroutinefunction(getattr(AsyncGetty, name, None)) else "`async for`"
        assert told[name] == (how if hasattr(AsyncGetty, name) else ""), name


def test_the_result_that_is_shown_has_the_shape_of_a_real_one(getty: Emulator) -> None:
    shown = json.loads(
        next(block.code for block in BLOCKS if block.file.name == "operators.md" and block.language == "json")
    )
    hook = GettyHook()
    generated = hook.background_removal(image_id=shown["original_asset"]["id"])
    real = hook.get_generation(generated.generation_request_id).summary()
    assert shape(shown) == shape({**real, "results": real["results"][:1]})


def shape(value: Any) -> Any:
    match value:
        case dict():
            return {name: shape(each) for name, each in value.items()}
        case list():
            return [shape(each) for each in value[:1]]
    return type(value)


def test_every_policy_on_blocked_images_is_documented() -> None:
    described = [names(cells[0])[0] for cells in rows(section("operators.md", "Blocked images"))]
    assert described == list(get_args(OnBlocked))


def test_every_error_is_documented_once_and_whether_it_may_pass() -> None:
    text = named("errors.md").read_text().partition("## Every error")[2]
    described = [(names(cells[0])[0], cells[1]) for cells in rows(text)]
    actual = [
        (name, "yes" if cls.temporary else "no")
        for name, cls in vars(errors).items()
        if inspect.isclass(cls) and issubclass(cls, GettyError) and cls is not GettyError
    ]
    assert sorted(described) == sorted(actual)


def test_what_becomes_of_the_credit_is_documented_in_the_words_of_the_messages() -> None:
    described = {
        names(cells[1])[0]: cells[0] for cells in rows(section("errors.md", "What became of the credit"))
    }
    assert described == {credit.name: credit.value for credit in Credit}


def test_the_python_api_has_every_module_that_airflow_lists() -> None:
    pages = "\n".join(page.read_text() for page in PYTHON_API.glob("*.md"))
    listed = [
        module
        for kind in ("hooks", "operators", "sensors", "triggers")
        for each in get_provider_info()[kind]
        for module in each["python-modules"]
    ]
    assert set(listed) <= set(re.findall(r"automodule:: (\S+)", pages))
