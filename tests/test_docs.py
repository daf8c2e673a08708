"""README.md and docs/: links lead somewhere, examples run, tables say what the code says."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, BaseOperator
from task_runs import Worker

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.errors import Credit, GettyError
from airflow_provider_getty.arguments import OnBlocked
from airflow_provider_getty.hooks.getty import _EXTRAS, GettyHook
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor
from airflow_provider_getty.triggers.generation import GenerationTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_getty.emulator.server import Emulator

ROOT = Path(__file__).resolve().parent.parent
FILES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
CLASSES = (GettyRefineOperator, GenerationSensor, GettyDownloadOperator, GenerationTrigger)
GETTY, EMULATOR = "https://api.gettyimages.com", "http://127.0.0.1:8900"


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    file: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}"


def blocks_of(file: Path) -> Iterator[Block]:
    text = file.read_text()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield Block(file, text.count("\n", 0, found.start()) + 2, found[1], found[2])


BLOCKS = [block for file in FILES for block in blocks_of(file)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
CONNECTIONS = [
    (block, connection)
    for block in BLOCKS
    for connection in re.findall(r"^(?:export )?AIRFLOW_CONN_\w+='([^']*)'$", block.code, re.MULTILINE)
    + ([block.code] if block.language == "json" and "conn_type" in block.code else [])
]


def named(file: str) -> Path:
    return next(each for each in FILES if each.name == file)


def section(file: str, heading: str) -> str:
    """The text below a heading, up to the next one of any level."""
    _, found, rest = named(file).read_text().partition(f"# {heading}\n")
    assert found, f"{file} has no heading {heading!r}"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of all rows of all tables, without the head of each."""
    lines = text.splitlines()
    for line, next_line in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("| ") and not next_line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The arguments of a class that are not Airflow's own."""
    ours = [each for each in cls.__mro__ if each.__module__.startswith("airflow_provider_getty")]
    found = {
        name: each for base in ours for name, each in inspect.signature(base.__init__).parameters.items()
    }
    return {name: each for name, each in found.items() if name not in ("self", "kwargs")}


def anchors(file: Path) -> set[str]:
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_relative_links_lead_to_what_is_there(file: Path) -> None:
    prose = re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = link.partition("#")
        if path.startswith(("https://", "http://")):
            continue
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), f"{file.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{file.name} links to {link}"


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    assert not [picture.name for picture in pictures if picture.stat().st_size > 300_000]


@pytest.mark.parametrize("block", PYTHON, ids=str)
@pytest.mark.usefixtures("impatient")
def test_examples_run(block: Block, getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DAG is run to the end of its last task; files go to a folder of this test instead of /tmp."""
    code = compile(block.code.replace('"/tmp/', f'"{tmp_path}/'), str(block), "exec")
    dags: list[DAG] = []
    enter = DAG.__enter__
    monkeypatch.setattr(DAG, "__enter__", lambda dag: dags.append(dag) or enter(dag))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(code, namespace)
    if block.file.name != "emulator.md":
        for dag in dags:
            run(dag, getty)


def run(dag: DAG, getty: Emulator) -> None:
    """Run the tasks of a DAG one after the other; of mapped ones it is enough that they could be made.

    A generation is finished only when a task has deferred, if there is one that does.
    """
    worker = Worker(conf={"generation_request_id": a_generation()} if dag.params else {})
    if any(getattr(task, "deferrable", False) for task in dag.tasks):
        getty.fault("stay-pending", "get-generation")
        getty.fault("stay-pending", "refine")
    for task in dag.topological_sort():
        if task.is_mapped:
            return
        ended = worker.run(task)
        if ended.state == "deferred":
            getty.fault("finish-at-once", "get-generation")
            ended = worker.resume(ended)
        assert ended.state == "success", ended.message


def a_generation() -> str:
    hook = GettyHook()
    mask_url = hook.upload_mask([(0, 0, 100, 100)], image_size=(1024, 683))
    return hook.refine(image_id="1473240153", mask_url=mask_url, prompt="stars").generation_request_id


def shape_of(dag: DAG) -> dict[str, tuple[str, set[str]]]:
    return {task.task_id: (task.task_type, task.downstream_task_ids) for task in dag.tasks}


def test_the_dag_of_the_readme_is_the_first_example() -> None:
    found = []
    for source in (next(block.code for block in PYTHON if block.file.name == "README.md"), None):
        namespace: dict[str, Any] = {}
        exec(source or (ROOT / "example_dags" / "getty_refine.py").read_text(), namespace)
        [dag] = {task.dag for task in namespace.values() if isinstance(task, BaseOperator)}
        found.append(shape_of(dag))
    assert found[0] == found[1]


@pytest.mark.parametrize(("block", "connection"), CONNECTIONS, ids=str)
def test_connections_describe_an_account(
    block: Block, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OF_THE_DOCS", connection)
    account = GettyHook("of_the_docs").account
    assert (account.api_key, account.api_secret) in {("my-key", "my-secret"), ("demo-key", "demo-secret")}
    assert account.base_url == (GETTY if account.api_key == "my-key" else EMULATOR)
    if "product_id" in connection:
        assert account.product_id == 1234


def test_there_are_connections_as_uri_and_as_json_for_getty_and_for_the_emulator() -> None:
    for file in ("README.md", "connection.md"):
        shown = [connection for block, connection in CONNECTIONS if block.file.name == file]
        assert {(text.lstrip()[0], "8900" in text) for text in shown} == {
            ("g", False),
            ("g", True),
            ("{", False),
            ("{", True),
        }


def test_every_extra_of_the_connection_is_documented_with_its_default() -> None:
    settings = {names(cells[1])[0]: cells[2] for cells in rows(section("connection.md", "Settings"))}
    assert set(settings) == _EXTRAS | {"login", "password", "host"}
    assert settings["timeout"] == f"`{Account.timeout:.0f}`"
    assert settings["host"] == f"`{Account.base_url}`"
    assert settings["dialect"] == f"`{Account.dialect}`"


def test_the_table_of_the_readme_names_all_arguments() -> None:
    described = {names(cells[0])[0]: names(cells[1]) for cells in rows(section("README.md", "Use it"))}
    for cls in (*CLASSES, GettyHook):
        assert sorted(described.pop(cls.__name__)) == sorted(parameters(cls))
    assert not described


@pytest.mark.parametrize("cls", CLASSES)
def test_the_tables_of_arguments_say_what_the_classes_take(cls: type) -> None:
    """Names, defaults, and whether they are templated."""
    actual = parameters(cls)
    table = list(rows(section("operators.md", f"`{cls.__name__}`")))
    assert sorted(names(cells[0])[0] for cells in table) == sorted(actual)
    for argument, default, templated, *_ in table:
        name = names(argument)[0]
        assert (templated == "T") == (name in getattr(cls, "template_fields", ())), name
        if name == "deferrable":
            assert default == "`[operators] default_deferrable`"
        elif default == "required":
            assert actual[name].default is inspect.Parameter.empty, name
        else:
            assert eval(default.strip("`"), {"timedelta": timedelta}) == actual[name].default, name


def test_the_table_of_the_hook_names_its_methods() -> None:
    described = [names(cells[0])[0] for cells in rows(section("operators.md", "`GettyHook`"))]
    public = [
        name
        for name, value in vars(GettyHook).items()
        if not name.startswith("_") and (callable(value) or not isinstance(value, str))
    ]
    assert sorted(described) == sorted(public)


def test_the_result_that_is_shown_has_the_shape_of_a_real_one(getty: Emulator) -> None:
    shown = json.loads(
        next(block.code for block in BLOCKS if block.file.name == "operators.md" and block.language == "json")
    )
    real = GettyHook().get_generation(a_generation()).summary()
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
    assert described == list(OnBlocked.__args__)


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


def test_commands_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for file in FILES:
        in_prose = re.findall(r"`make ([a-z-]+)", file.read_text())
        in_blocks = [
            target
            for block in blocks_of(file)
            for target in re.findall(r"^make ([a-z-]+)", block.code, re.MULTILINE)
        ]
        assert {*in_prose, *in_blocks} <= targets
