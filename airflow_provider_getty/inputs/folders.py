"""Folders for published files: checks file names, and probes a folder before anything is paid for."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, cast
from uuid import uuid4

from airflow_provider_getty.inputs.storage import LocationError, LocationLike, in_store, locate
from airflow_provider_getty.inputs.storage_errors import without_secrets

log = logging.getLogger(__name__)

_MAX_NAME_BYTES = 255
_MAX_KEY_BYTES = 1024  # of S3 and Google Cloud Storage, for the whole path of an object


def join(folder: LocationLike, name: str) -> LocationLike:
    """The location of a file in a folder.

    :param name: the name of the file; see :func:`check_name`.
    :raises LocationError: the folder is empty text, or the name cannot be used.
    """
    check_name(name)
    if isinstance(folder, str):
        if not folder.strip():
            raise LocationError("The folder is empty: name one.")
        location: LocationLike = f"{folder.rstrip('/')}/{name}"
    else:
        # With universal-pathlib 0.2 (Airflow 3.1), paths in stores may be os.PathLike, too.
        parent: Any = folder if in_store(folder) else Path(cast("os.PathLike[str]", folder))
        location = cast("LocationLike", parent / name)
    if "://" in str(location) and len(str(location).encode(errors="surrogatepass")) > _MAX_KEY_BYTES:
        raise LocationError(
            f"{shortened(without_secrets(str(location)))} is longer than the {_MAX_KEY_BYTES} bytes that "
            "object stores take: shorten it."
        )
    return location


def check_name(name: str) -> None:
    """Refuse a name that not every disk and store accepts.

    :raises LocationError: it is empty, has a slash, a control character or half of a surrogate pair, or is longer
        than 255 bytes.
    """
    if name in ("", ".", "..") or re.search(r"[/\\\x00-\x1f\x7f\ud800-\udfff]", name):
        raise LocationError(
            f"{shortened(name)} cannot name a file: use no slashes, control characters or halves of surrogate pairs."
        )
    if (length := len(os.fsencode(name))) > _MAX_NAME_BYTES:
        raise LocationError(
            f"{shortened(name)} has {length} bytes; the name of a file has at most {_MAX_NAME_BYTES}: shorten it."
        )


def safe_name(text: str) -> str:
    """Make a server's text safe as part of a file name: characters that could leave the folder become ``-``."""
    return re.sub(r"[^\w.@+=-]", "-", text)


def probe(folder: LocationLike) -> None:
    """Write a small file into a folder and remove it, so that nothing is paid for that cannot be stored.

    :raises LocationError: the folder cannot exist.
    :raises OSError: it is not writable.
    """
    location = locate(join(folder, f"write-test-{uuid4().hex}"))
    with location.publishing() as file:
        file.write(b"The Getty provider checks that it can write here.")
    try:
        location.remove()
    except PermissionError:  # only writing is needed later
        log.warning(
            "%s cannot be removed; it was written to check that the folder is writable.", location.shown
        )
