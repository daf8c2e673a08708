"""The names of datasets in OpenLineage's convention: a namespace, which is a data source, and a name in it.

Together, they form a URI. No name contains the user, password, query or fragment of a URI.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from airflow_provider_getty.api.account import GETTY_URL
from airflow_provider_getty.inputs.storage import absolute, is_location
from airflow_provider_getty.inputs.storage_errors import without_secrets

_LIBRARY = "https://www.gettyimages.com"
_SAME_STORE = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}
_BUCKETS = ("s3", "gs")
_REMOTE_DISKS = ("sftp", "ssh", "ftp", "smb")


class Name(NamedTuple):
    """A dataset."""

    namespace: str
    name: str


def library_image(image_id: object) -> Name:
    """An image of Getty's library: its page."""
    return Name(_LIBRARY, f"detail/{image_id}")


def generation(generation_request_id: str) -> Name:
    """A generation: its address in Getty's API."""
    return Name(GETTY_URL, f"v3/ai/image-generations/{generation_request_id}")


def stored(where: object) -> Name | None:
    """A file on a disk or in a store; None for other values, such as text with a list of boxes.

    :param where: a path, a URI or an ``ObjectStoragePath``.
    """
    if not is_location(where):
        return None
    text = os.fsdecode(where) if isinstance(where, str | os.PathLike) else str(where)
    if not text.strip() or text.lstrip().startswith(("[", "{")):
        return None
    if "://" not in text:
        return Name("file", str(absolute(text)))
    parts = urlsplit(without_secrets(text))
    scheme = _SAME_STORE.get(parts.scheme.lower(), parts.scheme.lower())
    host = parts.netloc
    if scheme == "file":
        return Name("file", unquote(parts.path))
    if scheme in _REMOTE_DISKS:
        return Name(f"file://{host.partition(':')[0]}", parts.path)
    return Name(f"{scheme}://{host}", parts.path.lstrip("/") if scheme in _BUCKETS else parts.path)


def uri(name: Name) -> str:
    """The URI of a file, for an asset."""
    namespace = "file://" if name.namespace == "file" else name.namespace
    return f"{namespace}/{quote(name.name.lstrip('/'))}"


def inputs(arguments: Mapping[str, Any]) -> Iterator[Name]:
    """The datasets that a request reads: library images, generations, files.

    :param arguments: the arguments of an operator, or of an item of a batch.
    """
    for argument in ("image_id", "background_asset_id"):
        if value := arguments.get(argument):
            yield library_image(value)
    for argument in ("generation_request_id", "reference_generation", "background_reference_generation"):
        if found := generation_id(arguments.get(argument)):
            yield generation(found)
    for argument in ("mask", "mask_url", "file", "requests"):
        if file := stored(arguments.get(argument)):
            yield file


def generation_id(source: object) -> str | None:
    """The id of the generation in an argument, given as an id or a result; None if there is none."""
    if isinstance(source, Mapping):
        source = source.get("generation_request_id")
    return source.strip() or None if isinstance(source, str) else None
