"""The marker, and how a task's generation is found in the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_getty.api.operations import (
    BackgroundRemoval,
    BackgroundReplacement,
    Extend,
    Generate,
    GeneratingOperation,
    Refine,
    Variations,
)
from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating.history import (
    Found,
    Likeness,
    compare,
    has_marker,
    is_marked,
    marker_of,
    search,
    with_marker,
)
from airflow_provider_getty.generating.record import Record, Task

TASK = Task(dag_id="my_dag", run_id="r", task_id="refine", map_index=-1, round=0, try_number=1)
MARKER = marker_of(TASK, "f", "salt")
OTHER = marker_of(TASK, "f", "another salt")
RECORD = Record(fingerprint="f", marker=MARKER, round=0, intended=1_000_000.0)
BOAT = Generate(prompt="a boat", notes="for the campaign")


def test_the_marker_stands_first_and_names_the_task() -> None:
    assert MARKER.startswith("airflow:")
    assert MARKER.endswith(" my_dag.refine")
    assert with_marker("for the campaign", MARKER) == f"{MARKER} | for the campaign"
    assert with_marker(None, MARKER) == MARKER
    assert marker_of(replace(TASK, map_index=0), "f", "").endswith(" my_dag.refine[0]")


def test_markers_differ_by_run_map_index_round_inputs_and_salt() -> None:
    others = [replace(TASK, run_id="s"), replace(TASK, map_index=1), replace(TASK, round=1)]
    markers = {
        MARKER,
        OTHER,
        marker_of(TASK, "g", "salt"),
        *(marker_of(task, "f", "salt") for task in others),
    }

    assert len(markers) == 6


def test_a_marker_without_salt_can_be_computed_again_by_every_version_of_the_package() -> None:
    for try_number in (1, 2):
        marker = marker_of(replace(TASK, try_number=try_number), "inputs", "")
        assert marker == "airflow:281fa71b62169022 my_dag.refine"


def test_a_marker_is_ascii_and_short() -> None:
    marker = marker_of(replace(TASK, dag_id="Müller" * 40, task_id="größe"), "f", "salt")

    assert marker.isascii()
    assert len(marker) == len("airflow:") + 16 + 1 + 60


ALTERED: dict[str, Callable[[str], str]] = {
    "unchanged": str,
    "cut at 100 characters": lambda notes: notes[:100],
    "cut at 255 characters": lambda notes: notes[:255],
    "cut at 40 characters": lambda notes: notes[:40],
    "lower-cased": str.lower,
    "in capitals": str.upper,
    "without punctuation": lambda notes: "".join(c for c in notes if c.isalnum() or c == " "),
    "without #": lambda notes: notes.replace("#", ""),
    "without spaces": lambda notes: notes.replace(" ", ""),
    "without what is not ASCII": lambda notes: notes.encode("ascii", "ignore").decode(),
    "quoted": lambda notes: f'"{notes}"',
}


@pytest.mark.parametrize("alter", [pytest.param(alter, id=name) for name, alter in ALTERED.items()])
@pytest.mark.parametrize("own", [None, "x" * 90, "ü" * 250, "#1 [for] Spring"])
def test_the_marker_survives_what_servers_do_to_notes(alter: Callable[[str], str], own: str | None) -> None:
    notes = alter(with_marker(own, marker_of(replace(TASK, task_id="größe"), "f", "salt")))

    assert has_marker(notes, marker_of(replace(TASK, task_id="größe"), "f", "salt"))
    assert is_marked(notes)
    assert not has_marker(notes, OTHER)


@pytest.mark.parametrize("notes", [None, "", "for the campaign", "airflow:", "airflow: 2026-11-26"])
def test_other_notes_are_not_marked(notes: str | None) -> None:
    assert not is_marked(notes)
    assert not has_marker(notes, MARKER)


def item(number: int, **shown: Any) -> HistoryItem:
    return HistoryItem(generation_request_id=f"generation-{number}", **shown)


TEXT = {"generation_type": "text_to_image"}


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([item(1, notes=MARKER)], Found(ours=("generation-1",))),
        ([item(2, notes=MARKER), item(1, notes=MARKER)], Found(ours=("generation-1", "generation-2"))),
        ([item(1, notes=OTHER, prompt="a boat", **TEXT)], Found()),
        ([item(1, prompt="a boat", **TEXT)], Found(alike=("generation-1",))),
        ([item(1, prompt="a boat", notes="cut", **TEXT)], Found(alike=("generation-1",))),
        ([item(1, prompt="a cat", **TEXT)], Found()),
        ([item(2, notes=OTHER), item(1, notes=MARKER)], Found(ours=("generation-1",))),
        ([HistoryItem(notes=MARKER)], Found(is_nameless=True)),
        ([HistoryItem(notes=OTHER)], Found()),
        ([HistoryItem(prompt="a boat", **TEXT)], Found(alike=("one without an id",))),
        ([item(1)], Found()),
    ],
)
def test_with_a_marker_only_the_marker_proves_a_generation(items: list[HistoryItem], found: Found) -> None:
    assert search(items, RECORD, BOAT, by_marker=True) == found


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([item(1, prompt="a boat", **TEXT)], Found(ours=("generation-1",))),
        ([item(1, prompt="a boat")], Found(alike=("generation-1",))),
        ([item(1, prompt="a boat", notes=OTHER, **TEXT)], Found()),
        ([item(1, prompt="a cat", **TEXT)], Found()),
    ],
)
def test_without_a_marker_all_that_was_asked_has_to_be_shown(items: list[HistoryItem], found: Found) -> None:
    assert search(items, RECORD, BOAT, by_marker=False) == found


def test_the_generation_that_the_task_made_before_is_not_found_again() -> None:
    record = replace(RECORD, previous="GENERATION-1")

    both = [item(number, prompt="a boat", **TEXT) for number in (1, 2)]
    assert search(both, record, BOAT, by_marker=False) == Found(ours=("generation-2",))


@pytest.mark.parametrize(("seconds_before", "is_found"), [(0, True), (900, True), (900.5, False)])
def test_an_unmarked_generation_of_long_before_is_not_the_tasks(
    seconds_before: float, *, is_found: bool
) -> None:
    made = datetime.fromtimestamp(RECORD.intended - seconds_before, UTC)

    assert (
        bool(search([item(1, prompt="a boat", generation_date=made)], RECORD, BOAT, by_marker=True).alike)
        == is_found
    )


IMAGE_OF_A_GENERATION = {"generation_request_id": "d54a102f", "index": 2}
FROM_IT = {"source_generation_request_id": "D54A102F", "source_generation_result_index": 2}
SAME, UNCERTAIN, DIFFERENT = Likeness.SAME, Likeness.UNCERTAIN, Likeness.DIFFERENT


@pytest.mark.parametrize(
    ("operation", "shown", "likeness"),
    [
        (BOAT, TEXT | {"prompt": "a boat", "seed": 7}, SAME),
        (BOAT, {"generation_type": "of tomorrow", "prompt": "a boat"}, UNCERTAIN),
        (BOAT, {"prompt": "a boat"}, UNCERTAIN),
        (BOAT, {"generation_type": "refine", "prompt": "a boat"}, DIFFERENT),
        (BOAT, TEXT | {"prompt": "a boat", "negative_prompt": "people"}, DIFFERENT),
        (BOAT, TEXT | {"prompt": "a boat", "generation_options": {"aspect_ratio": "1:1"}}, SAME),
        (
            Generate(prompt="a boat", aspect_ratio="16:9"),
            TEXT | {"prompt": "a boat", "generation_options": {"aspect_ratio": "1:1"}},
            DIFFERENT,
        ),
        (Generate(prompt="a boat", lens_type="telephoto"), TEXT | {"prompt": "a boat"}, UNCERTAIN),
        (BOAT, TEXT | {"prompt": "a boat", "product_id": 7, "project_code": "spring"}, SAME),
        (Generate(prompt="a boat", product_id=8), TEXT | {"prompt": "a boat", "product_id": 7}, DIFFERENT),
        (
            BackgroundRemoval(image_id="1"),
            {"generation_type": "background_removal", "original_asset": {"id": "1"}, "prompt": ""},
            SAME,
        ),
        (BackgroundRemoval(image_id="1"), {"original_asset": {"id": "2"}}, DIFFERENT),
        (
            BackgroundRemoval(image_id="1"),
            {"original_asset": {"id": "1"}, "source_generation_request": FROM_IT},
            DIFFERENT,
        ),
        (
            BackgroundRemoval(reference_generation=IMAGE_OF_A_GENERATION),
            {
                "generation_type": "background_removal",
                "original_asset": {"id": "1"},
                "source_generation_request": FROM_IT,
            },
            SAME,
        ),
        (
            BackgroundRemoval(reference_generation=IMAGE_OF_A_GENERATION | {"index": 3}),
            {"source_generation_request": FROM_IT},
            DIFFERENT,
        ),
        (
            Variations(**IMAGE_OF_A_GENERATION),
            {"generation_type": "variation", "prompt": "a boat", "source_generation_request": FROM_IT},
            SAME,
        ),
        (Variations(generation_request_id="second"), {"source_generation_request": FROM_IT}, DIFFERENT),
        (BackgroundReplacement(image_id="1", prompt="a beach"), {"prompt": "a beach"}, UNCERTAIN),
        (
            Refine(image_id="1", prompt="a boat", mask_url="-"),
            {"generation_type": "refine", "original_asset": {"id": "1"}, "prompt": "a boat"},
            UNCERTAIN,
        ),
        (
            Extend(image_id="1", left_percentage=20),
            {"generation_type": "extend", "original_asset": {"id": "1"}},
            UNCERTAIN,
        ),
    ],
)
def test_what_the_history_shows_is_compared_with_what_was_asked(
    operation: GeneratingOperation, shown: dict[str, Any], likeness: Likeness
) -> None:
    assert compare(item(1, **shown), operation) is likeness


def test_a_text_with_bytes_that_are_none_neither_is_what_was_asked_nor_is_not() -> None:
    shown = {"generation_request_id": "g", "prompt": "a b\ufffdat", "generation_type": "text_to_image"}
    item = HistoryItem.model_validate(shown | {"product_id": 7})
    assert compare(item, Generate(prompt="a böat", product_id=7)) is Likeness.UNCERTAIN
    assert compare(item, Generate(prompt="a böat", product_id=8)) is Likeness.DIFFERENT
