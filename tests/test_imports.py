"""Importing the operators and the sensor stays cheap: what is heavy loads where it is used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_provider_getty import get_provider_info

HEAVY = {
    "aiohttp",
    "requests",
    "PIL",
    "fastapi",
    "uvicorn",
    "airflow.triggers",
    "airflow_provider_getty.api.operations.operation",
    "airflow_provider_getty.inputs.task_arguments",
    "airflow_provider_getty.api.client",
    "airflow_provider_getty.api.aio",
    "getty_emulator",
}
PROGRAM = """
import json, sys
from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator
before = set(sys.modules)
{code}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
MODULES = [
    name
    for kind in ("operators", "sensors")
    for each in get_provider_info()[kind]
    for name in each["python-modules"]
]
MODULES.append("airflow_provider_getty.decorators.generation")
A_DAG = """
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor

with DAG("a_dag"):
    refine = GettyRefineOperator(task_id="refine", image_id="1", mask=[(0, 0, 9, 9)], image_size=(99, 99))
    GenerationSensor(task_id="wait", generation_request_id=refine.output, deferrable=True)
"""


def loaded_by(code: str) -> set[str]:
    """The modules that some code loads in a process of its own, beyond what any DAG file loads."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(code=code)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code", ["\n".join(f"import {module}" for module in MODULES), A_DAG], ids=["imports", "a DAG file"]
)
def test_a_dag_file_loads_nothing_heavy(code: str) -> None:
    loaded = loaded_by(code)
    assert "airflow_provider_getty.sensors.generation" in loaded
    assert not loaded & HEAVY


def test_what_is_heavy_would_be_seen() -> None:
    assert loaded_by("import airflow_provider_getty.api.aio") >= {"aiohttp", "airflow_provider_getty.api.aio"}
