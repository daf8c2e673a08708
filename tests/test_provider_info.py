"""What Airflow lists of the provider, and the form in which its connection is entered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger
from getty_emulator.server import Emulator

import airflow_provider_getty
from airflow_provider_getty import get_provider_info
from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.hooks.connection import EXTRAS
from airflow_provider_getty.hooks.getty import GettyHook

INFO = get_provider_info()
[CONNECTION_TYPE] = INFO["connection-types"]
FIELDS = CONNECTION_TYPE["conn-fields"]


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(airflow.__file__).parent / name).read_text())
    return found


def test_it_is_what_airflow_expects() -> None:
    jsonschema.validate(INFO, schema("provider_info.schema.json"))


def test_its_connection_type_is_what_airflow_expects() -> None:
    items = schema("provider.yaml.schema.json")["properties"]["connection-types"]["items"]
    if "conn-fields" not in items["properties"]:
        pytest.skip("Airflow 3.1 knows no fields of connections")
    jsonschema.validate(CONNECTION_TYPE, items)


def test_the_integration_has_a_logo_and_a_guide() -> None:
    docs = Path(airflow_provider_getty.__file__).parents[1] / "docs"
    for integration in INFO["integrations"]:
        assert (docs / integration["logo"].lstrip("/")).exists()
        assert all((docs.parent / guide.lstrip("/")).exists() for guide in integration["how-to-guide"])


def named(info: Any) -> Iterator[tuple[str, str]]:
    """Every module and class that the provider's info names, by the key under which it does."""
    if isinstance(info, dict):
        for key, value in info.items():
            if key.endswith("class-name"):
                yield key, value
            elif key == "python-modules":
                yield from ((key, module) for module in value)
            else:
                yield from named(value)
    elif isinstance(info, list):
        for item in info:
            yield from named(item)


@pytest.mark.parametrize(("key", "path"), sorted(named(INFO)))
def test_what_it_names_can_be_imported(key: str, path: str) -> None:
    if key == "python-modules":
        assert import_module(path).__doc__
    else:
        module, _, name = path.rpartition(".")
        assert getattr(import_module(module), name)


def defined(kind: str) -> dict[str, set[str]]:
    """The modules of a kind that define what a user imports, each with its classes."""
    package = Path(airflow_provider_getty.__file__).parent
    found = {}
    for file in (package / kind).glob("*.py"):
        module = f"airflow_provider_getty.{kind}.{file.stem}"
        classes = {
            name
            for name, each in vars(import_module(module)).items()
            if isinstance(each, type) and each.__module__ == module and issubclass(each, BASES[kind])
        }
        if classes:
            found[module] = classes
    return found


BASES = {"operators": BaseOperator, "sensors": BaseSensorOperator, "triggers": BaseTrigger}


@pytest.mark.parametrize("kind", BASES)
def test_it_names_every_module_that_defines_an_operator_a_sensor_or_a_trigger(kind: str) -> None:
    public = {
        module
        for module, classes in defined(kind).items()
        if "._" not in module and (kind != "operators" or any(name.startswith("Getty") for name in classes))
    }
    [listed] = INFO[kind]
    assert set(listed["python-modules"]) == public


def test_every_generating_operation_has_an_operator() -> None:
    operations = {
        getattr(import_module(module), name).operation
        for module, classes in defined("operators").items()
        for name in classes
        if hasattr(getattr(import_module(module), name), "operation")
    }
    assert operations == set(GENERATING)


def test_name_and_version_are_those_of_the_distribution() -> None:
    distribution = metadata.metadata("airflow-provider-getty")
    assert INFO["package-name"] == distribution["Name"]
    assert INFO["versions"] == [distribution["Version"]] == [airflow_provider_getty.__version__]


def test_the_form_asks_for_key_and_secret_by_these_names() -> None:
    relabeled = CONNECTION_TYPE["ui-field-behaviour"]["relabeling"]
    assert (relabeled["login"], relabeled["password"]) == ("API key", "API secret")


def test_the_form_has_a_field_for_each_extra() -> None:
    assert set(FIELDS) == EXTRAS


def test_the_form_tells_a_newcomer_what_may_stay_as_it_is() -> None:
    assert all(field["description"].endswith(".") for field in FIELDS.values())
    left = {name for name, field in FIELDS.items() if "Leave it" in field["description"]}
    assert left == EXTRAS - {"timeout"}


def test_the_form_offers_each_dialect() -> None:
    assert FIELDS["dialect"]["schema"]["enum"] == list(Dialect)


def test_the_defaults_of_the_form_are_those_of_an_account() -> None:
    account = Account(api_key="key", api_secret="secret")
    defaults = {name: field["schema"].get("default") for name, field in FIELDS.items()}
    assert defaults.pop("token_url") is None  # by the base URL
    assert defaults == {name: getattr(account, name) for name in defaults}


def test_the_hook_is_that_of_the_connection_type() -> None:
    assert CONNECTION_TYPE["connection-type"] == GettyHook.conn_type
    assert CONNECTION_TYPE["hook-name"] == GettyHook.hook_name


def test_the_form_of_airflow_3_1_says_the_same() -> None:
    new, old = CONNECTION_TYPE["ui-field-behaviour"], GettyHook.get_ui_field_behaviour()
    assert (old["relabeling"], old["placeholders"]) == (new["relabeling"], new["placeholders"])


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home without a database, which these commands do not need."""
    return tmp_path_factory.mktemp("airflow")


def ask(home: Path, *arguments: str, **environment: str) -> tuple[bool, str]:
    """Run ``airflow`` in a process of its own: whether it succeeded, and what it wrote, in one line."""
    answer = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        env=os.environ | {"AIRFLOW_HOME": str(home)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return answer.returncode == 0, " ".join(answer.stdout.split())


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (("list",), "airflow-provider-getty"),
        (("get", "airflow-provider-getty", "--full", "--output", "json"), "The AI Generator of"),
        (("hooks",), "airflow_provider_getty.hooks.getty.GettyHook"),
        (("triggers",), "airflow_provider_getty.triggers.generation"),
    ],
)
def test_airflow_lists_it(airflow_home: Path, question: tuple[str, ...], answer: str) -> None:
    succeeded, said = ask(airflow_home, "providers", *question)
    assert succeeded, said
    assert answer in said


def test_airflow_lists_its_configuration(airflow_home: Path) -> None:
    listing = ("config", "list", "--section", "getty", "--include-descriptions")
    succeeded, said = ask(airflow_home, *listing, "--show-values", AIRFLOW__GETTY__TIMEOUT="7200")
    if not succeeded:  # Airflow 3.1 shows them anyway
        _, said = ask(airflow_home, *listing, AIRFLOW__GETTY__TIMEOUT="7200")
    assert "# A fixed number of seconds between polls of a generation." in said
    assert "timeout = 7200" in said
    for name in ("gallery_folders =", "poll_interval =", "marker = notes", "history_lag = 60"):
        assert name in said


def test_airflow_gets_its_configuration_from_the_providers_info(airflow_home: Path) -> None:
    _, said = ask(airflow_home, "config", "get-value", "getty", "history_lag")
    assert said.endswith("60"), said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ["Connection success!"]),
        (
            {"password": "a-wrong-secret"},
            [
                "Connection failed!",
                "Access token: Getty answered 401",
                "Check the connection's API key and API secret",
            ],
        ),
    ],
)
def test_airflow_tests_the_connection(
    airflow_home: Path, getty_emulator: Emulator, changes: dict[str, str], said: list[str]
) -> None:
    _, answer = ask(
        airflow_home,
        *("connections", "test", "getty_default"),
        AIRFLOW__CORE__TEST_CONNECTION="Enabled",
        AIRFLOW_CONN_GETTY_DEFAULT=json.dumps(getty_emulator.connection | changes),
    )
    assert [text for text in said if text not in answer] == []
    assert not [secret for secret in (getty_emulator.api_secret, "a-wrong-secret") if secret in answer]
