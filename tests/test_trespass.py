"""Tests read and write only in the clone, the temporary folder and the caches, also in processes that they start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.watched.sitecustomize import CLONE, REPORT

OUTSIDE = CLONE.parent / "outside-of-the-clone"
beside_the_clone = pytest.mark.skipif(
    CLONE.is_relative_to(tempfile.gettempdir()),
    reason="The clone lies in the temporary folder, where all may be used.",
)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report"


def run(code: str, report: Path, **environment: str) -> str:
    """What is reported of a process that runs some code."""
    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {REPORT: str(report)} | environment,
        check=False,
        capture_output=True,
    )
    return report.read_text() if report.exists() else ""


@pytest.mark.parametrize(
    ("code", "reported"),
    [
        pytest.param(f"open({str(OUTSIDE)!r})", f"read: {OUTSIDE}", marks=beside_the_clone),
        pytest.param(
            f"open({str(OUTSIDE / 'no-folder' / 'file')!r}, 'w')",
            f"written: {OUTSIDE}",
            marks=beside_the_clone,
        ),
        pytest.param(
            f"import os; os.listdir({str(CLONE.parent)!r})", f"read: {CLONE.parent} ", marks=beside_the_clone
        ),
        pytest.param(
            f"import os; os.mkdir({str(OUTSIDE / 'no-folder' / 'x')!r})",
            f"written: {OUTSIDE}",
            marks=beside_the_clone,
        ),
        ("open('/etc/no-such-folder/file', 'w')", "written: /etc/no-such-folder/file"),
    ],
)
def test_what_is_used_outside_is_reported(report: Path, code: str, reported: str) -> None:
    assert run(code, report).startswith(reported)


def test_the_clone_the_temporary_folder_and_what_the_system_reads_are_no_trespass(
    report: Path, tmp_path: Path
) -> None:
    code = f"open({str(CLONE / 'README.md')!r}); open({str(tmp_path / 'x')!r}, 'w'); open('/etc/hosts')"
    code += "; import os; os.makedirs('/', exist_ok=True)"
    assert run(code, report) == ""


def test_a_process_of_a_test_is_watched() -> None:
    """Also one that a process of a test starts."""
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import sys; print(*sys.modules)'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sitecustomize" in done.stdout.split()
    assert REPORT in os.environ
