"""The ``[getty]`` section: tasks take from it what they do not say themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import ConfigurationError
from airflow_provider_getty.inputs import config
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.sensors.generation import GenerationSensor
from airflow_provider_getty.triggers import TRIGGER_GRACE
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import Worker


def configure(monkeypatch: pytest.MonkeyPatch, **options: str) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"AIRFLOW__GETTY__{name.upper()}", value)


def test_without_it_the_defaults_are_those_of_the_providers_info() -> None:
    assert config.timeout(None) == 3600
    assert config.poll_interval(None) is None
    assert config.history_lag(None) == 60
    assert config.marker(None) == "notes"
    assert config.gallery_folders() == ()


def test_folders_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, gallery_folders=" s3://aws_default@a-bucket/getty , /data/getty,")
    assert config.gallery_folders() == ("s3://aws_default@a-bucket/getty", "/data/getty")


def deferred(getty: Emulator, **arguments: Any) -> dict[str, Any]:
    """What a task that waits in the triggerer gives to its trigger, and how long Airflow leaves it there."""
    getty.fault("stay-pending", "refine")
    run = Worker().run(refine(deferrable=True, **arguments))
    _, given = run.trigger.serialize()
    left = given["deadline"] - clock.now()
    assert run.timeout == pytest.approx(left + TRIGGER_GRACE, abs=10)
    return {"left": left, "poll_interval": given["poll_interval"]}


def test_a_task_takes_what_it_does_not_say(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, timeout="600", poll_interval="7", marker="none")
    assert deferred(getty) == {"left": pytest.approx(600, abs=10), "poll_interval": 7}
    [generation] = getty.generations()
    assert not generation["notes"]


def test_an_argument_wins(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, timeout="600", poll_interval="7", marker="none")
    given = deferred(getty, timeout=timedelta(minutes=5), poll_interval=3, marker="notes")
    assert given == {"left": pytest.approx(300, abs=10), "poll_interval": 3}
    [generation] = getty.generations()
    assert generation["notes"].startswith("airflow:")


def test_a_sensor_takes_them_when_its_dag_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, timeout="600", poll_interval="7")
    sensor = GenerationSensor(task_id="wait", generation_request_id="an-id")
    assert (sensor.timeout, sensor.poke_interval, sensor.fixed_interval) == (600, 7, 7)
    sensor = GenerationSensor(task_id="wait", generation_request_id="an-id", timeout=60, poke_interval=3)
    assert (sensor.timeout, sensor.poke_interval, sensor.fixed_interval) == (60, 3, 3)


BAD = [
    ("timeout", "soon"),
    ("timeout", "0"),
    ("timeout", "inf"),
    ("timeout", "nan"),
    ("timeout", ""),
    ("poll_interval", "-1"),
    ("history_lag", "1 minute"),
    ("marker", "note"),
]


@pytest.mark.parametrize(("option", "value"), BAD)
def test_a_value_that_cannot_be_used_ends_the_task_and_nothing_is_sent(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    configure(monkeypatch, **{option: value})
    getty.fault("stay-pending", "refine")
    run = Worker().run(refine(deferrable=True), retries_left=True)
    assert run.state == "failed"
    assert f"[getty] {option} in Airflow's configuration: {option} is {value!r}; it must be" in run.message
    assert f"AIRFLOW__GETTY__{option.upper()}" in run.message
    assert sent(getty) == []


def test_a_download_is_refused_likewise(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, timeout="soon")
    task = GettyDownloadOperator(task_id="download", generation_request_id="an-id", destination="/tmp/x.jpg")
    run = Worker().run(task, retries_left=True)
    assert run.state == "failed"
    assert "[getty] timeout in Airflow's configuration" in run.message
    assert sent(getty) == []


def test_a_dag_file_with_a_sensor_says_so_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, timeout="soon")
    with pytest.raises(ConfigurationError, match=r"\[getty\] timeout in Airflow's configuration"):
        GenerationSensor(task_id="wait", generation_request_id="an-id")
