"""A new generation of the account starts a run, once, though the triggerer is restarted meanwhile."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version

import pytest
from getty_emulator.server import Emulator
from requests import HTTPError

from airflow_provider_getty.hooks.getty import GettyHook
from dev.local_airflow import LocalAirflow
from tests.support.getty_journal import sent
from tests.support.whole_airflow import ONE_AT_A_TIME, RUN_SECONDS

pytestmark = [
    ONE_AT_A_TIME,
    pytest.mark.skipif(
        version("apache-airflow").startswith(("3.1.", "3.2.")), reason="a trigger remembers nothing there"
    ),
]

DAG_ID = "getty_watched"


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.25)


def prompts(airflow: LocalAirflow) -> Counter[str]:
    """The prompts that the events of the asset tell, with how often each was told.

    Airflow 3.3.2 answers 500 while a run that an event has made is not started yet.
    """
    try:
        found = airflow.api._get("assets/events", limit=100)["asset_events"]
    except HTTPError:
        return Counter()
    events = (each["extra"].get("payload") for each in found if each["name"] == "watched generations")
    return Counter(event["prompt"] for event in events)


def test_each_new_generation_starts_a_run_once(
    airflow: LocalAirflow, watched: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_WATCHED", json.dumps(watched.connection))
    hook = GettyHook("getty_watched")

    def looks() -> int:
        return sent(watched).count("generation-history")

    def look_again(times: int = 2) -> None:
        """Wait until a look that began after this has ended."""
        before = looks()
        until(lambda: looks() >= before + times)

    airflow.wait_for_dags([DAG_ID])
    look_again()
    hook.generate(prompt="one")
    until(lambda: prompts(airflow)["one"])

    look_again(1)
    airflow.end("triggerer", timeout=60)
    hook.generate(prompt="two")
    airflow.start("triggerer")
    until(lambda: prompts(airflow)["two"])

    look_again(1)
    airflow.kill("triggerer")
    hook.generate(prompt="three")
    airflow.start("triggerer")
    until(lambda: prompts(airflow)["three"])

    hook.generate(prompt="four")
    look_again(1)
    airflow.kill("triggerer")  # which has fired for four, and has not handed the event over
    airflow.start("triggerer")
    until(lambda: prompts(airflow)["four"])

    look_again(3)
    until(lambda: set(airflow.api.run_states(DAG_ID).values()) == {"success"})
    told = prompts(airflow)
    assert told.pop("four") in {1, 2}
    assert told == {"one": 1, "two": 1, "three": 1}
    assert sent(watched).count("token") <= 5, "one of each hook and triggerer"
