"""The conversation of a download: have it prepared, wait for it, stream it; in trouble, ask again.

Having a large size prepared may cost each time. So what may have been started already is looked for first.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from typing import BinaryIO

from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.errors import Credit, DownloadError, GettyError, NotFoundError
from airflow_provider_getty.api.operations import GetDownload, GetDownloadSizes, StartDownload
from airflow_provider_getty.api.pacing import backoff

log = logging.getLogger(__name__)


def download(
    client: GettyClient,
    start: StartDownload,
    into: BinaryIO,
    *,
    deadline: float,
    may_be_started: bool = False,
) -> int:
    """Download a generated image.

    :param into: an empty file, open for reading and writing.
    :param deadline: when to give up (``time.time()``).
    :param may_be_started: whether an earlier try may have had it prepared, and charged.
    :return: the length in bytes.
    :raises GettyError: it failed for good, or the time is over.
    """
    return _Downloading(client, start, into, deadline).run(may_be_started=may_be_started)


@dataclass(frozen=True)
class _Downloading:
    client: GettyClient
    start: StartDownload
    into: BinaryIO
    deadline: float

    @property
    def poll(self) -> GetDownload:
        return GetDownload(generation_request_id=self.start.generation_request_id, index=self.start.index)

    def run(self, *, may_be_started: bool) -> int:
        is_ours = not (may_be_started and self._is_started()) and self._start()
        failures = 0
        while True:
            length = self._fetch()
            # What is ready does not say in which size; another task may have asked for another one.
            if is_ours or self._has_wanted_size():
                return length
            failures += 1
            other = DownloadError(
                "What was prepared already is of another size.",
                asked=self.start.asked,
                credit=Credit.COMMITTED,
            )
            self._pause(other, failures, "Started")
            self._rewind()
            is_ours = self._start()

    def _start(self) -> bool:
        """Have it prepared; whether what is prepared is certain to be of the wanted size."""
        failures = 0
        while True:
            try:
                return self.client.ask(self.start, deadline=self.deadline)
            except GettyError as error:
                if error.credit is not Credit.DOWNLOAD_UNKNOWN or not error.temporary:
                    raise
                failures += 1
                self._pause(error, failures, "It is looked up whether it was started")
                if self._is_started():
                    return False

    def _is_started(self) -> bool:
        try:
            self.client.ask(self.poll, deadline=self.deadline)
        except NotFoundError:
            return False
        return True

    def _fetch(self) -> int:
        failures = 0
        while True:
            ready = self.client.wait_for(self.poll, deadline=self.deadline)
            try:
                return self.client.fetch_image(ready.url, self.into, asked=self.start.asked)
            except DownloadError as error:
                failures += 1
                # The next poll brings a fresh URL, for the case that this one has expired.
                self._pause(error, failures, "Tried again")
                self._rewind()

    def _pause(self, error: GettyError, failures: int, then: str) -> None:
        """Wait before another attempt; if there is no time for it, give up.

        :raises GettyError: the error, at the deadline.
        """
        delay = backoff(error, failures, jitter=random.random())  # noqa: S311
        if time.time() + delay > self.deadline:
            raise error
        log.warning("%s %s in %.1f s.", error, then, delay)
        time.sleep(delay)

    def _rewind(self) -> None:
        self.into.seek(0)
        self.into.truncate()

    def _has_wanted_size(self) -> bool:
        from PIL import Image  # noqa: PLC0415 - only a retry needs it

        sizes = self.client.ask(
            GetDownloadSizes(generation_request_id=self.start.generation_request_id, index=self.start.index),
            deadline=self.deadline,
        ).download_sizes
        self.into.flush()
        self.into.seek(0)
        with Image.open(self.into) as image:
            found = image.size
        self.into.seek(0, 2)
        return any(
            size.size_name == self.start.size_name and (size.width, size.height) == found for size in sizes
        )
