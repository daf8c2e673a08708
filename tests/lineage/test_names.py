"""The names of datasets: OpenLineage's naming, and no credential in any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_getty.lineage.names import Name, generation, inputs, library_image, stored, uri

PLACES = [
    ("/data/getty/lake.jpg", ("file", "/data/getty/lake.jpg")),
    (Path("/data/lake.jpg"), ("file", "/data/lake.jpg")),
    ("~/lake.jpg", ("file", str(Path.home() / "lake.jpg"))),
    ("file:///data/two%20lakes.jpg", ("file", "/data/two lakes.jpg")),
    ("s3://aws_default@a-bucket/getty/lake.jpg", ("s3://a-bucket", "getty/lake.jpg")),
    ("s3a://a-bucket/lake.jpg", ("s3://a-bucket", "lake.jpg")),
    ("gcs://a-bucket/lake.jpg", ("gs://a-bucket", "lake.jpg")),
    ("sftp://user:secret@a-host:22/lake.jpg", ("file://a-host", "/lake.jpg")),
    (
        "abfs://conn@container/lake.jpg",
        ("abfs://container", "/lake.jpg"),
    ),
    ("https://user:secret@a-host:8900/m.jpg?signature=secret#secret", ("https://a-host:8900", "/m.jpg")),
    ("s3://key:se/cr@et@a-bucket/lake.jpg", ("s3://a-bucket", "lake.jpg")),
]


@pytest.mark.parametrize(("where", "name"), PLACES)
def test_a_file_is_named_by_its_store_and_its_path(where: Any, name: tuple[str, str]) -> None:
    assert stored(where) == name
    assert "se" + "cret" not in "".join(name)


@pytest.mark.parametrize(
    "where", [None, "", " ", b"bytes", [(0, 0, 9, 9)], "[[0, 0, 9, 9]]", '{"counts": 1}', 7]
)
def test_what_is_no_location_has_no_name(where: Any) -> None:
    assert stored(where) is None


def test_what_getty_has_is_named_by_its_address() -> None:
    assert "/".join(library_image("123")) == "https://www.gettyimages.com/detail/123"
    assert "/".join(generation("an-id")) == "https://api.gettyimages.com/v3/ai/image-generations/an-id"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (Name("file", "/data/two lakes.jpg"), "file:///data/two%20lakes.jpg"),
        (Name("s3://a-bucket", "getty/lake.jpg"), "s3://a-bucket/getty/lake.jpg"),
    ],
)
def test_a_name_is_a_uri_for_an_asset(name: Name, expected: str) -> None:
    assert uri(name) == expected


def test_a_request_reads_images_generations_and_files() -> None:
    arguments = {
        "image_id": "123",
        "reference_generation": {"generation_request_id": "an-id", "index": 1},
        "mask": "/data/mask.png",
        "background_asset_id": "456",
        "prompt": "a lake",
    }
    assert list(inputs(arguments)) == [
        library_image("123"),
        library_image("456"),
        generation("an-id"),
        Name("file", "/data/mask.png"),
    ]
