"""Type checkers report each wrong use in ``uses.py``, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import ROOT
from tests.support.type_checkers import CHECKS_TYPES, MYPY

pytestmark = CHECKS_TYPES

USES = Path(__file__).with_name("uses.py")
WRONG = [number for number, line in enumerate(USES.read_text().splitlines(), 1) if line.endswith("  # error")]


def output(*command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", *command, str(USES)], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout


def test_mypy_reports_each_wrong_use_and_no_other() -> None:
    pytest.importorskip("mypy")
    said = output(*MYPY)
    assert sorted({int(line) for line in re.findall(r"uses\.py:(\d+): error", said)}) == WRONG, said


def test_pyright_reports_each_wrong_use_and_no_other() -> None:
    """The file itself asks for pyright's strict mode."""
    pytest.importorskip("pyright")
    said = json.loads(output("pyright", "--pythonpath", sys.executable, "--outputjson"))
    errors = [each for each in said["generalDiagnostics"] if each["severity"] == "error"]
    assert sorted({each["range"]["start"]["line"] + 1 for each in errors}) == WRONG, errors
