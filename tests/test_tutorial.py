"""docs/get-started/tutorial.md: its commands do what it says.

``make tutorial`` runs them in the order of the page; with ``INSTALL=1``, the installation of Airflow as well.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev.processes import free_ports
from tests.support.documents import ROOT, blocks_of, named

TUTORIAL = named("tutorial.md")
COMMANDS = [block.code for block in blocks_of(TUTORIAL) if block.language == "sh"]
[DAG] = [block.code for block in blocks_of(TUTORIAL) if block.language == "python"]
[DAG_FILE] = re.findall(r"Save this as `(build/tutorial/[\w/]+\.py)`", TUTORIAL.read_text())
UNTIL_READY = 600.0
"""Seconds that ``airflow standalone`` may take to start."""


def test_the_commands_are_those_of_a_shell() -> None:
    subprocess.run(["bash", "-n"], input="\n".join(COMMANDS), check=True, text=True)
    lines = "\n".join(COMMANDS).replace("\\\n", "").splitlines()
    named = {shlex.split(line)[0] for line in lines if line}
    assert named == {"make", "python3", ".", "pip", "airflow", "getty-emulator", "export", "ls", "curl"}


def test_the_dag_is_saved_where_airflow_looks_for_it() -> None:
    [home] = re.findall(r'AIRFLOW_HOME="\$PWD/(.*)"', "\n".join(COMMANDS))
    assert Path(DAG_FILE).parent == Path(home) / "dags"


@pytest.mark.real_time
@pytest.mark.skipif("TUTORIAL" not in os.environ, reason="takes a minute: run it with `make tutorial`")
def test_the_tutorial_ends_with_a_refined_picture(tmp_path: Path) -> None:
    emulator_port, airflow_port, *log_ports = map(str, free_ports(4))
    install, *commands, standalone = COMMANDS
    assert "pip install" in install
    if os.environ["TUTORIAL"] == "install":
        commands.insert(0, install)
    assert standalone == "airflow standalone\n"
    script = "\n".join([f"cd {ROOT}", "set -e", *commands, "env -0 > $TUTORIAL_ENV"])
    script = script.replace("getty-emulator &", f"getty-emulator --port {emulator_port} --quiet &")
    script = script.replace("8900", emulator_port).replace("/tmp/getty/", f"{tmp_path}/getty/")
    shutil.rmtree(ROOT / "build" / "tutorial", ignore_errors=True)
    dag = tmp_path / "dag.py"
    dag.write_text(DAG.replace("/tmp/getty/", f"{tmp_path}/getty/"))
    save = f"mkdir -p {Path(DAG_FILE).parent}\ncp {dag} {DAG_FILE}\nairflow db migrate"
    script = script.replace("airflow db migrate", save)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TUTORIAL_ENV": str(tmp_path / "environment"),
        "AIRFLOW__API__PORT": airflow_port,
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": log_ports[0],
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": log_ports[1],
    }
    log = tmp_path / "log"
    with log.open("w") as output:
        shell = subprocess.Popen(
            ["bash", "-c", script], env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            assert shell.wait(900) == 0, log.read_text()[-5000:]
            assert len(list((tmp_path / "getty").glob("*-0-1k.jpg"))) == 2
            assert json.loads(log.read_text().splitlines()[-1])["total"] == 2
            stop_when_ready(standalone, tmp_path / "environment")
        finally:
            os.killpg(shell.pid, signal.SIGTERM)


def stop_when_ready(command: str, environment: Path) -> None:
    """Start ``airflow standalone`` in the environment that the commands left, and stop it when it is ready."""
    variables = dict(item.split("=", 1) for item in environment.read_text().split("\0") if item)
    log = environment.with_name("standalone.log")
    with log.open("w") as output:
        airflow = subprocess.Popen(
            command, shell=True, env=variables, stdout=output, stderr=output, start_new_session=True
        )
        try:
            deadline = time.monotonic() + UNTIL_READY
            while "Airflow is ready" not in log.read_text():
                assert airflow.poll() is None, log.read_text()[-5000:]
                assert time.monotonic() < deadline, log.read_text()[-5000:]
                time.sleep(0.5)
        finally:
            os.killpg(airflow.pid, signal.SIGTERM)
            airflow.wait(60)
