"""Bounds: how long a call may take, and how long an answer may be. No I/O."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import NoAnswerError

ANSWER_BYTES = 8 * 1024 * 1024
"""The longest answer of the API, in bytes; a page of the history has about 1 MB."""
IMAGE_BYTES = 1024 * 1024 * 1024
"""The longest image, in bytes; the largest size has about 50 MB."""
LAST_POLL_WITHIN = 10.0
"""Seconds after its deadline within which the last poll must be answered."""

_FIRST = 16
_LAST = 64 * 1024
_IMAGE_TAKES = 10
_BYTES_PER_SECOND = 50_000
_PIECE = 256 * 1024


def total_seconds(timeout: float, *, sent: int = 0, is_image: bool = False) -> float:
    """Return the seconds after which a call is given up, even if its answer is still arriving.

    :param timeout: seconds for the connection, and again for the answer; ten times as many for an image.
    :param sent: the length of the request's body in bytes, which may be uploaded slowly.
    """
    return timeout * (1 + (_IMAGE_TAKES if is_image else 1)) + sent / _BYTES_PER_SECOND


class Edges:
    """The first bytes, the last bytes and the length of a body that is streamed into a file."""

    def __init__(self) -> None:
        self.first = self.last = b""
        self.length = 0

    def add(self, piece: bytes) -> None:
        """Add the next bytes."""
        self.first += piece[: _FIRST - len(self.first)]
        self.last = piece[-_LAST:] if len(piece) >= _LAST else (self.last + piece)[-_LAST:]
        self.length += len(piece)


class Decoder:
    """Decompresses the body of an answer as it arrives, up to a bound.

    :param headers: of the answer, with names in lower case.
    :param limit: the most bytes, decompressed.
    """

    def __init__(self, headers: Mapping[str, str], limit: int) -> None:
        encoding = headers.get("content-encoding", "").strip().lower()
        is_compressed = encoding in {"gzip", "x-gzip", "deflate"}
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 32) if is_compressed else None
        self._limit = limit
        self._left = limit

    def pieces(self, received: bytes) -> Iterator[bytes]:
        """Yield these bytes of the body, decompressed, in pieces of bounded size.

        :raises NoAnswerError: the body is too long, or cannot be decompressed.
        """
        if self._inflater is None:
            yield self._counted(received)
            return
        while received and not self._inflater.eof:
            try:
                piece = self._inflater.decompress(received, _PIECE)
            except zlib.error:
                raise NoAnswerError("The answer cannot be decompressed.") from None
            received = self._inflater.unconsumed_tail
            if piece:
                yield self._counted(piece)

    def end(self) -> None:
        """Check that the body is complete.

        :raises NoAnswerError: the compressed body is truncated.
        """
        is_empty = self._left == self._limit  # a 202 may announce a compressed body and have none
        if self._inflater and not is_empty and not self._inflater.eof:
            raise NoAnswerError("The compressed answer is truncated.")

    def _counted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise NoAnswerError(
                f"The answer is longer than {self._limit // 1024**2} MB; the rest was not read."
            )
        return piece


def soon_after(deadline: float) -> float:
    """When to give up the last call of a deadline (both Unix time)."""
    return max(deadline, clock.now()) + LAST_POLL_WITHIN
