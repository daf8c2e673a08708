"""``airflow getty …``: generations by day and task, credits left, and what was not collected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.cli import commands
from airflow_provider_getty.cli.__main__ import main
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.refine_tasks import refine
from tests.support.task_runs import DAG_ID, Worker


def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    """What a command prints as JSON."""
    monkeypatch.setattr(sys, "argv", ["getty", *arguments, "--output", "json"])
    capsys.readouterr()
    main()
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("getty")
def test_generations_are_counted_by_day_and_task(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Worker().run(refine())
    GettyHook().generate(prompt="a lake")
    rows = say(capsys, monkeypatch, "generations")
    assert [(row["made_by"], row["generations"], row["images"]) for row in rows] == [
        (f"{DAG_ID}.refine", "1", "4"),
        ("not by Airflow", "1", "4"),
        ("", "2", "8"),
    ]
    [own, total] = say(capsys, monkeypatch, "generations", "--dag-id", DAG_ID)
    assert (own["made_by"], total["generations"]) == (f"{DAG_ID}.refine", "1")


def test_credits_are_those_that_getty_tells(
    getty: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {str(each.id): each.credits_remaining for each in GettyHook().products() if each.type == "aigen"}
    rows = say(capsys, monkeypatch, "credits")
    assert {row["product_id"] for row in rows} == set(told)
    assert all(
        row["credits_left"]
        == ("not told" if told[row["product_id"]] is None else str(told[row["product_id"]]))
        for row in rows
    )


def test_what_no_result_has_was_not_collected(
    getty: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    collected = Worker().run(refine()).result
    Worker().run(refine(prompt="lost"))
    monkeypatch.setattr(commands, "_collected", lambda since: iter([json.dumps(collected)]))
    [row] = say(capsys, monkeypatch, "generations", "--uncollected")
    assert row["prompt"] == "lost"


def test_an_account_that_cannot_be_asked_ends_it_with_the_reason(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = json.dumps(getty.connection | {"password": "a-wrong-secret"})
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", wrong)
    monkeypatch.setattr(sys, "argv", ["getty", "credits"])
    with pytest.raises(SystemExit, match="Getty answered 401"):
        main()


@pytest.mark.skipif(version("apache-airflow").startswith("3.1."), reason="providers add no commands to it")
def test_airflow_has_the_commands(getty: Emulator, tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "getty", "credits", "--output", "plain"],
        env=os.environ
        | {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW_CONN_GETTY_DEFAULT": json.dumps(getty.connection)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "product_id" in done.stdout
