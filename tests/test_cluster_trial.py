"""The report of `make cluster-test` on failed tries. The trial itself needs a cluster, and minutes."""

from __future__ import annotations

import runpy
from importlib.metadata import version
from typing import Any, cast

import pytest
from airflow.sdk import DAG

from dev.cluster.trial import DAGS, FULL, Trial
from dev.cluster.work import cause

LOG = """2026-11-26T23:26:42 info    The batch begins: total 300.
2026-11-26T23:26:42 error   Failure caused by generation {id}
    /usr/lib/airflow/task_runner.py:1410 run
    ValueError: generation {id} after {seconds} s
2026-11-26T23:26:47 info    Task ended.
"""


def test_the_cause_is_the_last_error_of_the_log() -> None:
    log = LOG.format(id="3b2f0c62-6f0c-4f7e-8f10-111111111111", seconds=17)
    assert cause(log) == "ValueError: generation … after … s"


def test_the_same_cause_has_the_same_words() -> None:
    one = LOG.format(id="3b2f0c62-6f0c-4f7e-8f10-111111111111", seconds=17)
    other = LOG.format(id="9c1d7a20-0d4a-4c9b-9a7e-222222222222", seconds=3600)
    assert cause(one) == cause(other)


@pytest.mark.parametrize("log", ["", "2026-11-26T23:26:42 info    The batch begins: total 300."])
def test_a_log_without_an_error_says_nothing(log: str) -> None:
    assert cause(log) == "nothing in its log: it was killed, or never started"


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        ("2026-11-26T23:00:05Z", "-"),
        ("2026-11-26T23:00:15Z", "Redis away"),
        ("2026-11-26T23:00:25Z", "Redis away"),
        ("2026-11-26T23:00:45Z", "PostgreSQL restarted"),
        ("", "-"),
    ],
)
def test_a_try_is_put_down_to_the_latest_fault_before_its_end(ended: str, fault: str) -> None:
    at = 1_795_734_000.0  # 2026-11-26T23:00:00Z
    trial = Trial(cast("Any", None), cast("Any", None), ())
    trial.happened = [(at + 10, at + 20, "Redis away"), (at + 40, at + 41, "PostgreSQL restarted")]
    assert trial.during(ended) == fault


@pytest.mark.skipif(
    version("apache-airflow").startswith("3.1."), reason="its retries are those of later ones"
)
def test_its_dags_can_be_imported_and_are_those_that_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    enter = DAG.__enter__

    def remember(dag: DAG) -> DAG:
        found.append(dag.dag_id)
        return enter(dag)

    monkeypatch.setattr(DAG, "__enter__", remember)
    [file] = DAGS["cluster"].glob("*.py")
    runpy.run_path(str(file))
    assert sorted(found) == sorted(FULL.amount.counts())
