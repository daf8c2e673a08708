"""The conversation of a download: have it prepared, wait for it, stream it; in trouble, ask again."""

from __future__ import annotations

import logging
import random
import time
from typing import BinaryIO

from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.errors import Credit, DownloadError, GettyError, NotFoundError
from airflow_provider_getty.api.operations import GetDownload, StartDownload
from airflow_provider_getty.api.pacing import backoff

log = logging.getLogger(__name__)


def download(client: GettyClient, start: StartDownload, into: BinaryIO, *, deadline: float) -> int:
    """Download a generated image.

    :param into: an empty file, open for reading and writing.
    :param deadline: when to give up (``time.time()``).
    :return: the length in bytes.
    :raises GettyError: it failed for good, or the time is over.
    """
    poll = GetDownload(generation_request_id=start.generation_request_id, index=start.index)
    _start(client, start, poll, deadline)
    failures = 0
    while True:
        ready = client.wait_for(poll, deadline=deadline)
        try:
            return client.fetch_image(ready.url, into, asked=start.asked)
        except DownloadError as error:
            failures += 1
            delay = backoff(error, failures, jitter=random.random())  # noqa: S311
            if time.time() + delay > deadline:
                raise
            # The next poll brings a fresh URL, for the case that this one has expired.
            log.warning("%s Tried again in %.0f s.", error, delay)
            into.seek(0)
            into.truncate()
            time.sleep(delay)


def _start(client: GettyClient, start: StartDownload, poll: GetDownload, deadline: float) -> None:
    """Start the download; if it is unknown whether it was started, and charged, look before asking again."""
    failures = 0
    while True:
        try:
            client.ask(start, deadline=deadline)
        except GettyError as error:
            if error.credit is not Credit.DOWNLOAD_UNKNOWN or not error.temporary:
                raise
            failures += 1
            delay = backoff(error, failures, jitter=random.random())  # noqa: S311
            if time.time() + delay > deadline:
                raise
            log.warning("%s In %.0f s it is looked up whether it was started.", error, delay)
            time.sleep(delay)
            try:
                client.ask(poll, deadline=deadline)
            except NotFoundError:
                continue
        return
