"""A refine is killed at each of its steps: it is paid once, and its picture arrives.

A sample: `make crash-matrix` runs every step in every form.
"""

from __future__ import annotations

import pytest

from dev.crash_matrix import Matrix, crash_matrix
from dev.crashes import SAMPLE, Form
from tests.support.whole_airflow import ONE_AT_A_TIME

pytestmark = ONE_AT_A_TIME


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return crash_matrix(tmp_path_factory.mktemp("crash-matrix"), SAMPLE)


@pytest.mark.parametrize(("step", "form"), SAMPLE, ids=lambda each: getattr(each, "name", each))
def test_what_is_killed_is_paid_once_and_delivered(matrix: Matrix, form: Form, step: str) -> None:
    outcome = matrix.outcomes[step, form]
    assert outcome.killed, "nothing was killed: this proves nothing"
    assert outcome.state == "success", outcome.trouble
    assert outcome.charges == (outcome.rounds,) * form.instances
    assert outcome.pictures


def test_it_runs_on_postgresql(matrix: Matrix) -> None:
    if matrix.database == "SQLite":
        pytest.skip("There is no PostgreSQL here: the matrix ran on SQLite.")
