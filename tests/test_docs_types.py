"""The Python in README.md and docs/ has types: mypy and pyright find nothing in strict mode."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import BLOCKS, ROOT
from tests.support.task_runs import HAS_STORE
from tests.support.type_checkers import CHECKS_TYPES, MYPY

pytestmark = CHECKS_TYPES

PYRIGHT = {
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
    # Airflow's own: `one >> two` is an expression, and `expand` takes a bare `Sequence`.
    "reportUnusedExpression": False,
    "reportUnknownMemberType": False,
    "reportMissingTypeStubs": False,
}


@pytest.fixture
def snippets(tmp_path: Path) -> Path:
    """A folder with all snippets, each a file that is named after where it stands."""
    for block in BLOCKS:
        if block.language == "python":
            (tmp_path / f"{block.file.stem.lower()}_{block.line}.py").write_text(block.code)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(PYRIGHT))
    return tmp_path


def checked_by(*command: str) -> str:
    """What a type checker says that is not content."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.skipif(
    not HAS_STORE, reason="universal_pathlib below 0.3 has no types; Airflow 3.3 brings a newer one"
)
def test_mypy_finds_nothing_in_the_snippets(snippets: Path) -> None:
    assert not checked_by(*MYPY, str(snippets))


def test_pyright_finds_nothing_in_the_snippets(snippets: Path) -> None:
    assert not checked_by("pyright", "--pythonpath", sys.executable, "--project", str(snippets))
