"""GenerationOperator: with which product it pays, and what is said if none can be chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import InvalidProductError
from airflow_provider_getty.generating.outcomes import GettyFailException
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import Worker

TWO = [{"id": 7, "name": "AI Generator"}, {"id": 8, "name": "AI for brands", "project_code": "required"}]


@pytest.mark.parametrize(
    ("products", "arguments", "said"),
    [
        (TWO, {}, "no product_id is given: 7 (AI Generator), 8 (AI for brands)."),
        (TWO, {"product_id": 9}, "not one of the account's AI Generator products: 7 (AI Generator), 8"),
        (TWO, {"product_id": 8}, "set project_code in the task or in the connection's extra"),
        (TWO[:1], {"project_code": "spring"}, "remove project_code from the task"),
        ([{"id": 7, "notes": "required"}], {"marker": "none"}, "set notes in the task"),
    ],
)
def test_what_a_product_does_not_allow_getty_refuses_for_free_and_the_error_explains_it(
    getty: Emulator, products: list[Any], arguments: dict[str, Any], said: str
) -> None:
    getty.configure_account(products=products)
    run = Worker().run(refine(**arguments), retries_left=True)
    assert isinstance(run.error, AirflowFailException)
    assert said in run.message
    assert sent(getty)[-1] == "products"
    assert getty.ledger()["total"] == 0


def test_product_and_project_code_of_the_connection_count(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    getty.configure_account(products=TWO)
    connection = getty.connection | {"extra": {"product_id": 8, "project_code": "spring"}}
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(connection))
    assert Worker().run(refine()).state == "success"
    assert "products" not in sent(getty)


def test_the_marker_counts_as_notes(getty: Emulator) -> None:
    getty.configure_account(products=[{"id": 7, "notes": "required"}])
    assert Worker().run(refine()).state == "success"


def test_without_a_list_of_products_the_refusal_stands_for_itself(getty: Emulator) -> None:
    getty.configure_account(products=TWO)
    getty.fault("server-error", "products", times=None)
    run = Worker().run(refine())
    assert isinstance(run.error, GettyFailException)
    assert isinstance(run.error.error, InvalidProductError)
    assert "GET /v3/products lists them" in run.message


def test_what_is_accepted_needs_no_list_of_products(getty: Emulator) -> None:
    Worker().run(refine())
    assert "products" not in sent(getty)
