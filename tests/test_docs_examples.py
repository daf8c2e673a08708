"""README.md and docs/: links lead somewhere; examples, connections and commands work."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, BaseOperator
from PIL import Image

from airflow_provider_getty.api.errors import Credit, QuotaExceededError
from airflow_provider_getty.generating.outcomes import GettyFailException
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from tests.support.documents import BLOCKS, FILES, ROOT, Block, anchor, blocks_of, headings, prose
from tests.support.getty_journal import emulated
from tests.support.task_runs import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from getty_emulator.server import Emulator

GETTY, EMULATOR = "https://api.gettyimages.com", "http://127.0.0.1:8900"
PYTHON = [block for block in BLOCKS if block.language == "python"]
[SHEET] = [block.code for block in BLOCKS if block.file.name == "spreadsheet.md" and block.language == "text"]
CONNECTIONS = [
    (block, connection)
    for block in BLOCKS
    for connection in re.findall(r"^(?:export )?AIRFLOW_CONN_GETTY\w*='([^']*)'$", block.code, re.MULTILINE)
    + ([block.code] if block.language == "json" and "conn_type" in block.code else [])
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_relative_links_lead_to_what_is_there(file: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(file)):
        path, _, place = link.partition("#")
        if path.startswith(("https://", "http://")):
            continue
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), f"{file.name} links to {link}"
        assert not place or place in map(anchor, headings(target)), f"{file.name} links to {link}"


def test_the_readme_leads_to_the_documentation() -> None:
    assert "](docs/index.md)" in prose(ROOT / "README.md")


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    assert not [picture.name for picture in pictures if picture.stat().st_size > 300_000]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_examples_run(block: Block, getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DAG is run to the end of its last task; a folder of this test stands for /tmp and for object stores."""
    if "in Airflow 3.1" in block.code and version("apache-airflow").startswith("3.1."):
        pytest.skip("It says what differs in Airflow 3.1.")
    Image.new("RGB", (64, 64), "olive").save(tmp_path / "product.jpg")
    (tmp_path / "lake.png").write_bytes(make_mask([(0, 0, 1024, 262)], image_size=(1024, 683)).jpeg)
    (tmp_path / "sheet.csv").write_text(SHEET)
    local = re.sub(
        r'"((file://)?/tmp/|s3://(?:\w+@)?[\w-]+/)', lambda found: f'"{found[2] or ""}{tmp_path}/', block.code
    )
    code = compile(local, str(block), "exec")
    dags: list[DAG] = []
    enter = DAG.__enter__

    def remember(dag: DAG) -> DAG:
        dags.append(dag)
        return enter(dag)

    monkeypatch.setattr(DAG, "__enter__", remember)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(code, namespace)
    if block.file.name != "emulator.md":
        for dag in dags:
            run(dag, getty)


@pytest.mark.parametrize("name", ["tell", "tell_slack"])
def test_a_callback_tells_what_became_of_the_credit(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    [block] = [each for each in BLOCKS if f"def {name}(context" in each.code]
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(block.code, namespace)
    error = QuotaExceededError("No credits.", status=403, code="Quota", generation_request_id="1a2b")
    namespace[name]({"exception": GettyFailException(error)})
    namespace[name]({"exception": None})
    said = capsys.readouterr().out.splitlines()[0]
    assert Credit.UNUSED in said
    assert "1a2b" in said


OF_OTHERS = {
    "ApprovalOperator": {"chosen_options": ["Approve"], "params_input": {}},
    "HITLEntryOperator": {"chosen_options": ["OK"], "params_input": {"index": 2}},
    "TriggerDagRunOperator": None,
}
"""Operators that need people or a scheduler, and what they return."""


def run(dag: DAG, getty: Emulator) -> None:
    """Run the tasks of a DAG one after the other; of mapped ones it is enough that they could be made.

    A generation for which a task can defer is finished only when it has.
    """
    worker = Worker(conf={"generation_request_id": a_generation()} if dag.dag_id == "collect" else {})
    for task in dag.topological_sort():  # type: ignore[no-untyped-call]
        if task.get_needs_expansion():
            return
        if task.task_type in OF_OTHERS:
            worker.xcoms[task.task_id] = OF_OTHERS[task.task_type]
            continue
        defers = getattr(task, "deferrable", False)
        if hasattr(task, "operation") and (defers or not getattr(task, "wait_for_completion", True)):
            getty.fault("stay-pending", emulated(task.operation))
        if defers:
            getty.fault("stay-pending", "get-generation")
        ended = worker.run(task)
        assert (ended.state == "deferred") is defers, ended.message
        if defers:
            getty.fault("finish-at-once", "get-generation")
            ended = worker.resume(ended)
        assert ended.state == "success", ended.message


def a_generation() -> str:
    return GettyHook().generate(prompt="stars").generation_request_id


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
    shown = [connection for block, connection in CONNECTIONS if block.file.name == "connection.md"]
    kinds = {(text.lstrip()[0], "8900" in text) for text in shown}
    assert kinds == {("g", False), ("g", True), ("{", False), ("{", True)}


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


@pytest.mark.usefixtures("getty")
def test_what_tasks_have_spent_is_counted_by_task(capsys: pytest.CaptureFixture[str]) -> None:
    Worker().run(GettyGenerateOperator(task_id="lake", prompt="a lake", notes="a note of mine"))
    GettyHook().generate("a lake", notes="by hand")
    [block] = [block for block in PYTHON if "spent" in block.code]
    capsys.readouterr()  # Airflow prints as well
    exec(compile(block.code, str(block), "exec"), {})
    counted = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert counted == ["a_dag.lake 1", "not by Airflow 1"]
