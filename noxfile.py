"""`make matrix`: unit and task tests on each supported Airflow, on each supported Python that is found.

`ARGS="-s lowest prerelease"` runs the edges instead: the lowest versions that are allowed, and the next Airflow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

# Newest patches at the time of writing, newer ones are taken. Given less, uv goes back to an old patch, the bounds
# of which on its dependencies are looser, rather than to an old dependency.
AIRFLOWS: dict[str, tuple[str, ...]] = {
    "3.1.8": (),
    # With newer ones, its execution API does not start.
    "3.2.2": ("fastapi<0.137", "cadwyn==7.0.0", "svcs<26"),
    "3.3.2": (),
}
PYTHONS = ("3.11", "3.12", "3.13")

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False


def _interpreter(version: str) -> Path | None:
    """Return the first interpreter that really runs: a shim of pyenv on PATH may stand for nothing."""
    on_path = shutil.which(f"python{version}")
    of_pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"), reverse=True)
    for candidate in [*([Path(on_path)] if on_path else []), *of_pyenv]:
        if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


os.environ["UV_PYTHON_DOWNLOADS"] = "never"
for _found in filter(None, map(_interpreter, PYTHONS)):
    os.environ["PATH"] = f"{_found.parent}{os.pathsep}{os.environ['PATH']}"


@nox.session(python=PYTHONS)
@nox.parametrize("airflow", list(AIRFLOWS))
def matrix(session: nox.Session, airflow: str) -> None:
    """Run the tests on the newest patch of one Airflow, with the newest dependencies that it allows."""
    _test(session, "--upgrade", f"apache-airflow~={airflow}", *AIRFLOWS[airflow])


@nox.session(python=PYTHONS[0], default=False)
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions that pyproject.toml allows of what it names, but for Airflow's patch.

    Airflow 3.1.0 itself does not start with the newest versions of its own dependencies.
    """
    _test(session, "--resolution", "lowest-direct", f"apache-airflow~={next(iter(AIRFLOWS))}")


@nox.session(python=PYTHONS[-1], default=False)
def prerelease(session: nox.Session) -> None:
    """Run the tests on the newest Airflow, pre-releases included."""
    _test(session, "--upgrade", "--prerelease", "allow")


def _test(session: nox.Session, *install: str) -> None:
    ours = ("-e", "emulator", "-e", ".", "--requirements", "pyproject.toml", "--all-extras", "--group", "dev")
    session.install(*install, *ours)
    # Each version writes a configuration and a database of its own.
    home = str(Path(session.create_tmp()).resolve())
    tests = ("tests", "--ignore", "tests/system", "--numprocesses", "logical", "--dist", "loadgroup")
    session.run("pytest", *tests, *session.posargs, env={"AIRFLOW_HOME": home})
