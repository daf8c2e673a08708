"""docs/how-to/testing.md: the tests on that page pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import blocks_of, named


@pytest.mark.real_time
def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    conftest, dag, *tests = [
        block.code.replace("/tmp/getty/", f"{tmp_path}/getty/")
        for block in blocks_of(named("testing.md"))
        if block.language == "python"
    ]
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "boats.py").write_text(dag)
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # or this project's own would apply below its folder
    for number, test in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(test)
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
    }
    environment.pop("PYTEST_ADDOPTS", None)
    for command in (
        ("airflow", "db", "migrate"),
        ("pytest", "-q", "--rootdir", str(tmp_path), str(tmp_path)),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(tests)} passed" in done.stdout
