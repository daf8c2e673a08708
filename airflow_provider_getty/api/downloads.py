"""The conversation of a download: have Getty prepare it, wait for it, stream it, and try again after a failure.

Each preparation of a large size may cost. So a download that may have been started already is looked up first.

The rules are generators that yield steps and are sent the outcomes; one driver performs the steps with the sync client,
one with the async client.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.answers import quoted
from airflow_provider_getty.api.driving import drive, drive_async
from airflow_provider_getty.api.errors import Credit, DownloadError, GettyError, NotFoundError
from airflow_provider_getty.api.operations import (
    GetDownload,
    GetDownloadSizes,
    Operation,
    Redownload,
    StartDownload,
)
from airflow_provider_getty.api.patience import Patience, Pause
from airflow_provider_getty.api.results import Download

if TYPE_CHECKING:
    from airflow_provider_getty.api.aio import AsyncGettyClient
    from airflow_provider_getty.api.client import GettyClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ask:
    """Perform the operation; send back its result, or throw in its error."""

    operation: Operation[Any]


@dataclass(frozen=True)
class WaitFor:
    """Poll until it is finished; send back the result, or throw in the error."""

    operation: Operation[Any]


@dataclass(frozen=True)
class Fetch:
    """Stream the image into the file; send back its length in bytes, or throw in the error."""

    url: str


_Step: TypeAlias = Ask | WaitFor | Fetch | Pause
_Steps: TypeAlias = Generator[_Step, Any, int]


@dataclass(frozen=True)
class Downloading:
    """A download.

    :param start: the operation that has it prepared; or a redownload, which needs no preparation.
    :param into: an empty file, open for reading and writing.
    :param deadline: when to give up (``time.time()``).
    :param may_be_started: whether an earlier try may have had it prepared, and charged.
    :param log_level: the level of the line that names the asset.
    """

    start: StartDownload | Redownload
    into: BinaryIO
    deadline: float
    may_be_started: bool = False
    log_level: int = logging.INFO

    def steps(self) -> _Steps:
        """Download, and return the length in bytes.

        :raises GettyError: it failed for good, or the deadline has passed.
        """
        if isinstance(self.start, Redownload):
            return self._fetch(Ask(self.start), asks_again=False)
        return self._prepare_and_fetch(self.start)

    def _prepare_and_fetch(self, start: StartDownload) -> _Steps:
        poll = GetDownload(generation_request_id=start.generation_request_id, index=start.index)
        is_started = self.may_be_started and (yield from self._is_started(poll))
        is_ours = not is_started and (yield from self._start(start, poll))
        failures = 0
        is_missed = False
        while True:
            if isinstance(is_ours, Download):
                return (yield from self._fetch_at_once(is_ours, poll))
            try:
                length = yield from self._fetch(WaitFor(poll), asks_again=True)
            except NotFoundError as error:
                if is_ours or is_missed:
                    raise
                is_missed = True
                log.warning("%s The download was not started; starting it now.", error)
                is_ours = yield from self._start(start, poll)
                continue
            # A ready download does not show its size; another task may have started it in another one.
            if is_ours or (yield from self._has_wanted_size(start)):
                return length
            failures += 1
            other = DownloadError(
                "The prepared download has another size.", asked=start.asked, credit=Credit.COMMITTED
            )
            yield self._pause(other, failures, "Starting it")
            self._rewind()
            is_ours = yield from self._start(start, poll)

    def _start(self, start: StartDownload, poll: GetDownload) -> Generator[_Step, Any, bool | Download]:
        """Have it prepared. True if it is certain to have the wanted size; a ``Download`` if it is ready at once."""
        failures = 0
        while True:
            try:
                started: bool | Download = yield Ask(start)
            except GettyError as error:
                if error.credit is not Credit.DOWNLOAD_UNKNOWN or not error.temporary:
                    raise
                failures += 1
                yield self._pause(error, failures, "Checking whether it was started")
                if (yield from self._is_started(poll)):
                    return False
            else:
                return started

    @staticmethod
    def _is_started(poll: GetDownload) -> Generator[_Step, Any, bool]:
        try:
            yield Ask(poll)
        except NotFoundError:
            return False
        return True

    def _fetch(self, ready: Ask | WaitFor, found: Download | None = None, *, asks_again: bool) -> _Steps:
        """Get the URL and stream the image.

        :param found: the ready download, if it is known.
        :param asks_again: whether to get a fresh URL if the image does not arrive, as the first may have expired.
        """
        download: Download = found or (yield ready)
        if download.generated_asset_id:
            asset = quoted(download.generated_asset_id)
            log.log(self.log_level, "Its asset id is %s; a redownload needs it.", asset)
        failures = 0
        while True:
            try:
                return int((yield Fetch(download.url)))
            except DownloadError as error:
                if not error.temporary:
                    raise
                failures += 1
                yield self._pause(error, failures, "Trying again")
                self._rewind()
            if asks_again:
                download = yield ready

    def _fetch_at_once(self, prepared: Download, poll: GetDownload) -> _Steps:
        """Stream the image of a download that was ready at once; some servers do not list such a download."""
        try:
            found = yield Ask(poll)
        except GettyError as error:
            if not error.doubtful:
                raise
            return (yield from self._fetch(Ask(poll), prepared, asks_again=False))
        found = found if isinstance(found, Download) else None
        return (yield from self._fetch(WaitFor(poll), found, asks_again=True))

    def _pause(self, error: GettyError, failures: int, then: str) -> Pause:
        """The wait before another attempt.

        :raises GettyError: the error, if there is no time for another before the deadline.
        """
        patience = Patience(self.deadline)
        delay = patience.until_next(error, failures, now=clock.now(), jitter=random.random())  # noqa: S311
        if delay is None:
            raise error
        log.warning("%s %s in %.1f s.", error, then, delay)
        return Pause(delay)

    def _rewind(self) -> None:
        self.into.seek(0)
        self.into.truncate()

    def _has_wanted_size(self, start: StartDownload) -> Generator[_Step, Any, bool]:
        from PIL import Image  # noqa: PLC0415 - only a retry needs it

        sizes = (
            yield Ask(GetDownloadSizes(generation_request_id=start.generation_request_id, index=start.index))
        ).download_sizes
        self.into.flush()
        self.into.seek(0)
        with Image.open(self.into) as image:
            found = image.size
        self.into.seek(0, 2)
        return any(size.size_name == start.size_name and (size.width, size.height) == found for size in sizes)


def download(
    client: GettyClient,
    start: StartDownload | Redownload,
    into: BinaryIO,
    *,
    deadline: float,
    may_be_started: bool = False,
) -> int:
    """Download a generated image; for the arguments see :class:`Downloading`.

    :return: the length in bytes.
    :raises GettyError: it failed for good, or the deadline has passed.
    """

    def do(step: _Step) -> Any:
        match step:
            case Ask(operation):
                return client.ask(operation, deadline=deadline)
            case WaitFor(operation):
                return client.wait_for(operation, deadline=deadline)
            case Fetch(url):
                return client.fetch_image(url, into, asked=start.asked, deadline=deadline)
            case Pause(seconds):
                return clock.sleep(seconds)

    return drive(Downloading(start, into, deadline, may_be_started).steps(), do)


async def download_async(
    client: AsyncGettyClient,
    start: StartDownload | Redownload,
    into: BinaryIO,
    *,
    deadline: float,
    may_be_started: bool = False,
) -> int:
    """The same as :func:`download`, without blocking the event loop."""

    async def do(step: _Step) -> Any:
        match step:
            case Ask(operation):
                return await client.ask(operation, deadline=deadline)
            case WaitFor(operation):
                return await client.wait_for(operation, deadline=deadline)
            case Fetch(url):
                return await client.fetch_image(url, into, asked=start.asked, deadline=deadline)
            case Pause(seconds):
                return await clock.pause(seconds)

    downloading = Downloading(start, into, deadline, may_be_started, client.log_level)
    return await drive_async(downloading.steps(), do)
