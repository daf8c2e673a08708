"""The fingerprint of what a user asks, and what a record knows of rounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.operations import (
    GENERATING,
    Generate,
    GeneratingOperation,
    ReferenceGeneration,
    Refine,
    Variations,
)
from airflow_provider_getty.generating.record import Record, Task, account_digest, fingerprint

ID = "d54a102f-c32b-4453-8b72-2a774a0bc282"
BOAT: dict[str, Any] = {"image_id": "1", "mask_url": "-", "prompt": "a boat"}
UPLOADS = "/v3/search/by-image/uploads"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Refine(**BOAT), Refine(**BOAT, negative_prompt=None, product_id=None)),
        (Refine(**BOAT), Refine(**BOAT, negative_prompt="", notes="")),
        (
            Refine(**BOAT | {"mask_url": f"http://127.0.0.1:8080{UPLOADS}/m.jpg"}),
            Refine(**BOAT | {"mask_url": f"http://localhost{UPLOADS}/m.jpg"}),
        ),
        (Variations(generation_request_id=ID), Variations(generation_request_id=ID.upper(), index=0)),
        (
            Refine(
                **BOAT | {"image_id": None},
                reference_generation=ReferenceGeneration(generation_request_id=ID),
            ),
            Refine(
                **BOAT | {"image_id": None},
                reference_generation=ReferenceGeneration(generation_request_id=ID.upper(), index=0),
            ),
        ),
    ],
)
def test_equal_requests_have_one_fingerprint(one: GeneratingOperation, other: GeneratingOperation) -> None:
    assert fingerprint(one, "") == fingerprint(other, "")


def test_of_a_mask_that_is_uploaded_only_its_digest_counts() -> None:
    elsewhere = Refine(**BOAT | {"mask_url": "https://proxy.example/placeholder"})

    assert fingerprint(Refine(**BOAT), "digest") == fingerprint(elsewhere, "digest")
    assert fingerprint(Refine(**BOAT), "digest") != fingerprint(Refine(**BOAT), "another digest")


@pytest.mark.parametrize(
    "other",
    [
        Refine(**BOAT | {"prompt": "A boat"}),
        Refine(**BOAT | {"image_id": "2"}),
        Refine(**BOAT | {"mask_url": "https://elsewhere/-"}),
        Refine(**BOAT, notes="x"),
        Refine(**BOAT, product_id=1),
        Generate(prompt="a boat"),
    ],
)
def test_other_requests_have_other_fingerprints(other: GeneratingOperation) -> None:
    assert fingerprint(Refine(**BOAT), "") != fingerprint(other, "")


def test_operations_with_equal_fields_differ_by_their_name() -> None:
    image = {"image_id": "1", "mask_url": "-"}
    both = (GENERATING["refine"](**image), GENERATING["object_removal"](**image))

    assert fingerprint(both[0], "") != fingerprint(both[1], "")


def test_an_account_is_its_key_whatever_its_host_is_called() -> None:
    one = Account(api_key="key", api_secret="secret", base_url="http://127.0.0.1:1")
    moved = replace(one, base_url="http://localhost:1", api_secret="rotated", product_id=3)

    assert account_digest(one) == account_digest(moved)
    assert account_digest(one) != account_digest(replace(one, api_key="another"))
    assert "key" not in account_digest(one)


TASK = Task(dag_id="d", run_id="r", task_id="t", map_index=-1, round=3, try_number=2)
RECORD = Record(fingerprint="f", marker="m", round=3, try_number=1, intended=0.0)


@pytest.mark.parametrize(
    ("round_", "try_number", "is_cleared"),
    [(3, 2, False), (3, 1, False), (3, 9, False), (4, 2, True), (2, 2, True), (3, 0, True)],
)
def test_a_clear_is_another_round_or_a_task_instance_that_starts_over(
    round_: int, try_number: int, *, is_cleared: bool
) -> None:
    assert RECORD.is_before_a_clear(replace(TASK, round=round_, try_number=try_number)) == is_cleared


@pytest.mark.parametrize(
    ("charged", "unknown", "said"),
    [(0, 1, "0 charged, 1 unknown"), (1, 0, "1 charged"), (2, 1, "2 charged, 1 unknown")],
)
def test_charges_are_said_with_what_is_unknown(charged: int, unknown: int, said: str) -> None:
    assert replace(RECORD, charged=charged, unknown=unknown).charges == said
