"""All traces of a run in an Airflow, to be searched for secrets."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from getty_emulator.operations.media import signed
from getty_emulator.server import Emulator
from getty_emulator.state import IMAGES_PER_GENERATION

from dev.airflow_api import AirflowApi

_SQLITE = b"SQLite format 3\0"
_HOUR = 3600
_SIDES = (320, 612, 1024, 4096)


def files(home: Path) -> Iterator[tuple[str, bytes]]:
    """Each file by name; a database also row by row, because its pages may split a text."""
    for path in sorted(home.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path), content
            if content.startswith(_SQLITE):
                yield f"{path}, row by row", _rows(path).encode()


def answers(api: AirflowApi, dag_id: str, run_id: str) -> Iterator[tuple[str, bytes]]:
    """A run in the REST API: its tasks with their rendered fields, XComs and logs; the audit log; the DAG."""
    run = f"dags/{dag_id}/dagRuns/{run_id}"
    paths = [run, f"{run}/taskInstances", "eventLogs", f"dags/{dag_id}/details", "connections", "variables"]
    for task in api.task_instances(dag_id, run_id):
        here = f"{run}/taskInstances/{task.task_id}"
        entries = api._get(f"{here}/xcomEntries")["xcom_entries"]
        paths += [here, f"{here}/tries", *(f"{here}/xcomEntries/{entry['key']}" for entry in entries)]
        paths += [f"{here}/logs/{number + 1}?full_content=true" for number in range(task.try_number)]
    for path in paths:
        yield path, as_bytes(api._get(path))


def triggers(home: Path) -> Iterator[tuple[str, bytes]]:
    """The arguments of waiting triggers, which are in the database but not in the REST API (Airflow 3.3.2)."""
    with closing(sqlite3.connect(f"{(home / 'airflow.db').as_uri()}?mode=ro", uri=True)) as connection:
        for classpath, arguments in connection.execute("SELECT classpath, kwargs FROM trigger"):
            yield f"trigger {classpath}", arguments.encode()


def as_bytes(answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


def found(sought: Iterable[str], traces: Iterable[tuple[str, bytes]]) -> dict[str, list[str]]:
    """The traces that contain each text, without texts that no trace contains."""
    wanted = list(sought)
    places: dict[str, list[str]] = {}
    for name, content in traces:
        for text in wanted:
            if text.encode() in content:
                places.setdefault(text, []).append(name)
    return places


def tokens(getty: Emulator) -> list[str]:
    """All access tokens that the emulator has issued."""
    known = list(getty._service.state.tokens)
    issued = [each for each in getty.requests() if (each["operation"], each["status"]) == ("token", 200)]
    assert len(known) == len(issued), "it has forgotten some that have expired"
    return known


def signatures(getty: Emulator) -> list[str]:
    """The signatures of all image links that the emulator can have issued."""
    first = int(getty.requests()[0]["time"]) // _HOUR
    last = int(getty._service.clock.now()) // _HOUR
    links = [
        signed(
            getty._service.state,
            f"/media/generations/{generation['generation_request_id']}/{index}/{side}.jpg",
            hour * _HOUR,
        )
        for generation in getty.generations()
        for index in range(IMAGES_PER_GENERATION)
        for side in _SIDES
        for hour in range(first, last + 1)
    ]
    return [link.rpartition("signature=")[2] for link in links]


def _rows(database: Path) -> str:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return "\n".join(connection.iterdump())
