"""The fingerprint of what a user asks, and what a record knows of charges and rounds."""

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
from airflow_provider_getty.generating.record import (
    Policy,
    Record,
    Task,
    account_digest,
    fingerprint,
    same_id,
)

ID = "d54a102f-c32b-4453-8b72-2a774a0bc282"
BOAT: dict[str, Any] = {"image_id": "1", "mask_url": "-", "prompt": "a boat"}
UPLOADS = "/v3/search/by-image/uploads"


def boat(mask_url: str) -> Refine:
    return Refine(**BOAT | {"mask_url": mask_url})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Refine(**BOAT), Refine(**BOAT, negative_prompt=None, product_id=None)),
        (Refine(**BOAT), Refine(**BOAT, negative_prompt="", notes="")),
        (boat(f"http://127.0.0.1:8080{UPLOADS}/m.jpg"), boat(f"http://localhost{UPLOADS}/m.jpg")),
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


def test_a_fingerprint_is_the_same_in_every_version_of_the_package() -> None:
    """A deploy between two tries must not buy a second generation."""
    refine = fingerprint(Refine(**BOAT, product_id=7, notes="x"), "")
    variations = fingerprint(Variations(generation_request_id=ID), "")

    assert refine == "285536aad4d92dd81ba16155d0266b96d6fb6cfdc8de2d87889995b4b7bb5520"
    assert variations == "97e3ecd294dfda8479fc3bcfa0b79abf49424976a664de8999238f5db1124f7d"


def test_of_a_mask_that_is_uploaded_only_its_digest_counts() -> None:
    elsewhere = boat("https://proxy.example/placeholder")

    assert fingerprint(Refine(**BOAT), "digest") == fingerprint(elsewhere, "digest")
    assert fingerprint(Refine(**BOAT), "digest") != fingerprint(Refine(**BOAT), "another digest")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Refine(**BOAT), Refine(**BOAT | {"prompt": "A boat"})),
        (Refine(**BOAT), Refine(**BOAT | {"image_id": "2"})),
        (Refine(**BOAT), Refine(**BOAT, notes="x")),
        (Refine(**BOAT), Refine(**BOAT, product_id=1)),
        (Refine(**BOAT), Generate(prompt="a boat")),
        (boat("https://one.example/m.jpg"), boat("https://other.example/m.jpg")),
        (boat(f"https://getty{UPLOADS}/m.jpg"), boat(f"https://getty{UPLOADS}/other.jpg")),
        (Variations(generation_request_id=ID), Variations(generation_request_id=ID.replace("d", "e"))),
    ],
)
def test_other_requests_have_other_fingerprints(one: GeneratingOperation, other: GeneratingOperation) -> None:
    assert fingerprint(one, "") != fingerprint(other, "")


def test_operations_with_equal_fields_differ_by_their_name() -> None:
    image = {"image_id": "1", "mask_url": "-"}
    both = (GENERATING["refine"](**image), GENERATING["object_removal"](**image))

    assert fingerprint(both[0], "") != fingerprint(both[1], "")


def test_an_account_is_its_key_whatever_its_host_is_called() -> None:
    one = Account(api_key="key", api_secret="secret", base_url="http://127.0.0.1:1")
    moved = replace(one, base_url="http://localhost:1", api_secret="rotated", product_id=3)

    assert account_digest(one) == account_digest(moved)
    assert account_digest(one) != account_digest(replace(one, api_key="another"))
    assert account_digest(one) == "b46659a1e781e7f1", "in every version of the package"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [(ID, ID, True), (ID, ID.upper(), True), (ID, "another", False), (None, ID, False), (None, None, False)],
)
def test_an_id_is_the_same_in_either_case(one: str | None, other: str | None, *, is_same: bool) -> None:
    assert same_id(one, other) is same_id(other, one) is is_same


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


@pytest.mark.parametrize(
    ("record", "is_owed"),
    [
        (RECORD, False),
        (replace(RECORD, unknown=1), True),
        (replace(RECORD, charged=1, generation_request_id=ID), True),
        (replace(RECORD, charged=1, generation_request_id=ID, delivered=True), False),
        (replace(RECORD, unknown=1, delivered=True), False),
    ],
)
def test_what_was_paid_for_is_owed_until_it_is_returned(record: Record, *, is_owed: bool) -> None:
    assert record.is_owed is is_owed


@pytest.mark.parametrize(("charged", "left"), [(0, 0), (1, 0), (3, 2)])
def test_a_generation_that_getty_does_not_know_may_have_been_charged_or_not(charged: int, left: int) -> None:
    doubted = replace(RECORD, charged=charged, unknown=3, attempts=5, generation_request_id=ID).doubted

    assert doubted == replace(RECORD, charged=left, unknown=4, attempts=6)


def test_a_record_is_read_back_whatever_a_later_version_keeps_in_addition() -> None:
    record = replace(RECORD, charged=1, generation_request_id=ID, previous="another")

    assert Record.of(record.as_json() | {"mood": "new in a later version"}) == record


def test_a_record_of_an_earlier_version_is_that_of_a_first_try() -> None:
    assert Record.of({"fingerprint": "f", "marker": "m", "round": 3, "intended": 0.0}) == RECORD
    with pytest.raises(TypeError):
        Record.of({"fingerprint": "f"})


def test_a_generation_is_certain_to_be_in_the_history_after_a_minute_unless_the_user_says_otherwise() -> None:
    assert Policy() == Policy(marker=True, history_lag=60.0, on_unsure="fail")


def test_a_generation_whose_id_could_not_be_stored_is_named_with_its_charges() -> None:
    named = replace(RECORD, charged=1, generation_request_id=ID).if_not_kept

    assert named.startswith(f"is generation {ID} (1 charged), but its id could not be stored.")
