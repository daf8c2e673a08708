"""Errors are complete when they are made."""

from __future__ import annotations

import ast
from pathlib import Path

import airflow_provider_getty
from airflow_provider_getty.api.errors import Credit, InvalidProductError

_FIELDS = {"problem", "asked", "credit", "advice", "status", "code", "detail", "request_id"}


def test_a_copy_says_more_and_the_original_stays_as_it_is() -> None:
    error = InvalidProductError("Getty answered 400.", status=400, code="InvalidProduct", asked="Refine")
    error.__cause__ = ValueError()
    copy = error.with_context(credit=Credit.COMMITTED)
    assert type(copy) is InvalidProductError
    assert (copy.problem, copy.asked, copy.status, copy.code) == (error.problem, "Refine", 400, error.code)
    assert copy.args == error.args
    assert copy.__cause__ is error.__cause__
    assert (copy.credit, error.credit) == (Credit.COMMITTED, Credit.UNUSED)
    assert copy.with_context(asked="Extend", advice="Wait.").advice == "Wait."


def test_nothing_is_assigned_to_an_error_after_it_was_made() -> None:
    package = Path(airflow_provider_getty.__file__).parent
    assigned = [
        f"{file.name}:{node.lineno}"
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in _FIELDS
        if isinstance(node.value, ast.Name) and node.value.id in {"error", "refusal", "failure", "trouble"}
    ]
    assert assigned == []
