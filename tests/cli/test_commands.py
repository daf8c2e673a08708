"""``airflow getty …``: generations by day and task, credits left, and what was not collected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.io import attach
from airflow.utils.db import initdb
from getty_emulator.server import Emulator

from airflow_provider_getty.cli import commands
from airflow_provider_getty.cli.__main__ import main
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.airflow_database import AirflowDatabase, clear
from tests.support.batch_runs import generates
from tests.support.batch_tasks import a_batch
from tests.support.real_stores import s3_server
from tests.support.refine_tasks import refine
from tests.support.task_runs import DAG_ID, RUN_ID, Worker


def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    """What a command prints as JSON."""
    monkeypatch.setattr(sys, "argv", ["getty", *arguments, "--output", "json"])
    capsys.readouterr()
    main()
    return json.loads(capsys.readouterr().out)


@pytest.fixture(autouse=True)
def _is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command tells Airflow what kind of process it is; this one is of another."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")


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
        == ("unknown" if told[row["product_id"]] is None else str(told[row["product_id"]]))
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


@pytest.fixture
def bucket() -> Iterator[str]:
    """The URI of a bucket that only its Airflow connection opens."""
    with s3_server() as server:
        conn_id = f"s3_{server.endpoint.rpartition(':')[2]}"  # Airflow keeps what is attached for the process
        attach("s3", conn_id, fs=server.at("").fs)
        yield f"s3://{conn_id}@{server.name}"


@pytest.fixture
def database() -> AirflowDatabase:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        initdb()
    clear()
    return AirflowDatabase()


@pytest.mark.parametrize("ends", ["success", "failed"])
def test_what_the_journal_of_a_batch_in_a_store_has_was_collected(
    database: AirflowDatabase,
    getty: Emulator,
    bucket: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ends: str,
) -> None:
    if ends == "failed":
        getty.fault("block-images", "generate")
    journal = f"{bucket}/{ends}.jsonl"
    with DAG(DAG_ID, schedule=None) as dag:
        task = a_batch(generates(2), tmp_path, journal=journal)
    database.store(dag, RUN_ID)
    run = Worker().run(task)
    assert (run.state, getty.ledger()["total"]) == (ends, 2), run.message
    assert ends == "failed" or run.result["journal"] == journal, "what opens it again"
    database.ran(task, run, run_id=RUN_ID)
    Worker().run(refine(prompt="lost"))
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


def test_a_connection_in_airflows_database_is_found(getty: Emulator, database: AirflowDatabase) -> None:
    from airflow.models.connection import Connection  # noqa: PLC0415 - in a database that is there by now
    from airflow.utils.session import create_session  # noqa: PLC0415

    conn_id = "getty_of_the_database"
    fields = getty.connection | {"extra": json.dumps(getty.connection["extra"])}
    with create_session() as session:
        session.merge(Connection(conn_id=conn_id, **fields))
    command = [sys.executable, "-m", "airflow_provider_getty.cli", "generations", "--conn-id", conn_id]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_connection_that_is_nowhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["getty", "credits", "--conn-id", "no_such_connection"])
    with pytest.raises(SystemExit, match="no_such_connection"):
        main()


@pytest.mark.parametrize("days", ["0", "-1", "x", "3651", "9" * 50])
def test_days_are_a_whole_number(
    days: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["getty", "generations", "--days", days])
    with pytest.raises(SystemExit):
        main()
    assert "from 1 to 3650" in capsys.readouterr().err or days == "-1"


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
