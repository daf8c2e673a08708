"""The rules of the house.

The contracts of import-linter in pyproject.toml: each is kept, and each is seen to fail when it is broken.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
BREAKS = {
    "Arrows point downward only": (
        ("airflow_provider_getty/api/errors.py", "airflow_provider_getty.inputs.masks"),
        ("airflow_provider_getty/inputs/masks.py", "airflow_provider_getty.hooks.getty"),
        ("airflow_provider_getty/hooks/getty.py", "airflow_provider_getty.batch.items"),
        ("airflow_provider_getty/batch/items.py", "airflow_provider_getty.triggers.batch"),
        ("airflow_provider_getty/triggers/batch.py", "airflow_provider_getty.decorators.generation"),
    ),
    "The API core imports nothing of Airflow": (("airflow_provider_getty/api/schedule.py", "airflow.sdk"),),
    "The provider and the emulator import nothing of each other": (
        ("airflow_provider_getty/hooks/getty.py", "getty_emulator.server"),
        ("emulator/getty_emulator/server.py", "airflow_provider_getty.api.errors"),
    ),
    "What DAG files import is light": (
        ("airflow_provider_getty/operators/refine.py", "aiohttp"),
        ("airflow_provider_getty/operators/batch.py", "aiohttp"),
        ("airflow_provider_getty/sensors/generation.py", "PIL"),
        ("airflow_provider_getty/decorators/generation.py", "requests"),
        ("airflow_provider_getty/inputs/arguments.py", "pydantic"),
    ),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the clone's packages."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    shutil.copytree(ROOT / "airflow_provider_getty", copy / "airflow_provider_getty")
    shutil.copytree(ROOT / "emulator" / "getty_emulator", copy / "getty_emulator")
    return copy


def broken_in(house: Path) -> list[str]:
    """The names of the contracts that are broken."""
    # The copy comes before the editable packages of this environment.
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=house, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    names = [contract["name"] for contract in CONTRACTS]
    verdicts = {name: [line for line in lines if line.startswith(name)] for name in names}
    assert all(verdicts.values()), done.stdout + done.stderr
    return [name for name, said in verdicts.items() if any(" BROKEN" in line for line in said)]


def test_every_emulator_of_the_tests_is_strict(getty_emulator_options: dict[str, Any]) -> None:
    assert getty_emulator_options == {"strict": True}
    lenient = [
        f"{file}:{call.lineno}"
        for file in (ROOT / "tests").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Emulator"
        and not any(keyword.arg == "strict" for keyword in call.keywords)
    ]
    assert lenient == []


def test_every_contract_is_kept(house: Path) -> None:
    assert broken_in(house) == []


def test_every_contract_has_something_that_breaks_it() -> None:
    assert {contract["name"] for contract in CONTRACTS} == set(BREAKS)


@pytest.mark.parametrize(
    ("name", "file", "imported"), [(name, *each) for name, breaks in BREAKS.items() for each in breaks]
)
def test_a_broken_contract_is_seen(house: Path, name: str, file: str, imported: str) -> None:
    module = house / file.removeprefix("emulator/")
    before = module.read_text()
    module.write_text(f"{before}\nimport {imported}\n")
    try:
        assert name in broken_in(house)
    finally:
        module.write_text(before)
