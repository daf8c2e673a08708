"""Type checkers as a user's project runs them."""

from __future__ import annotations

import pytest

from tests.support.documents import ROOT

MYPY = ("mypy", "--config-file=", "--strict", "--no-pretty", f"--cache-dir={ROOT / '.mypy_cache' / 'uses'}")
CHECKS_TYPES = pytest.mark.xdist_group("type checkers")
"""Runs these tests in one process, so that mypy's cache of Airflow, the slowest part, is reused."""
