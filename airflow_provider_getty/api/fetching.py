"""Fetches an image from its signed URL: follows redirects, and checks that it is complete. No I/O."""

from __future__ import annotations

import logging
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.account import is_loopback
from airflow_provider_getty.api.answers import Answer, quoted
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.protocol import Call, Conversation, exchange

log = logging.getLogger(__name__)

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 5
_FIRST_BYTES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"II*\0", b"MM\0*")


def fetch_image(url: str, into: BinaryIO, *, asked: str) -> Conversation[int]:
    """Stream an image from its signed URL, without credentials, and return its length in bytes.

    A truncated image is fetched a second time, and kept if it has the same length again.

    :param into: a file, open for reading and writing.
    :raises DownloadError: it did not arrive complete, or not at all.
    """
    start = into.tell()
    answer = yield from _fetch(url, into, asked)
    if not _has_end(answer):
        length = answer.received
        into.seek(start)
        into.truncate()
        answer = yield from _fetch(url, into, asked)
        if not _has_end(answer):
            problem = f"The image is truncated after {answer.received} bytes."
            if answer.received != length:
                raise errors.DownloadError(problem, asked=asked, credit=Credit.COMMITTED)
            log.warning("%s: %s Getty sent the same twice, so it is kept.", asked, problem)
    return answer.received


def _fetch(url: str, into: BinaryIO, asked: str) -> Conversation[Answer]:
    credit = Credit.COMMITTED
    may_be_http = True
    try:
        for _ in range(_MAX_REDIRECTS + 1):
            if problem := _danger(url, may_be_http=may_be_http):
                raise errors.UnsafeUrlError(problem, asked=asked, credit=credit)
            answer = yield from exchange(Call("GET", url, {"Accept-Encoding": "identity"}, into=into))
            if answer.status not in _REDIRECTS:
                break
            may_be_http = url.startswith("http:")
            url = _joined(url, answer.headers.get("location", ""))
    except errors.GettyError as error:
        if not error.temporary:
            raise error.with_context(asked=asked, credit=credit) from error.__cause__
        raise errors.DownloadError(error.problem, asked=asked, credit=credit) from None
    if problem := _damage(answer):
        raise errors.DownloadError(problem, asked=asked, credit=credit)
    return answer


def _has_end(answer: Answer) -> bool:
    """Whether the image has the end mark of its format; True for a format without one."""
    if answer.body.startswith(b"\xff\xd8"):
        return not answer.last or b"\xff\xd9" in answer.last
    if answer.body.startswith(b"\x89PNG"):
        return not answer.last or b"IEND" in answer.last
    if answer.body.startswith(b"RIFF"):
        return answer.received >= 8 + int.from_bytes(answer.body[4:8], "little")
    return True


def _joined(url: str, location: str) -> str:
    """The target of a redirect; the location itself if it is not a valid URL."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _danger(url: str, *, may_be_http: bool) -> str | None:
    """The reason not to fetch the URL; None if it is safe. Only its host is named, as it is signed.

    :param may_be_http: whether plain HTTP is allowed, on this machine only.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "The image's URL cannot be read."
    if host and (parts.scheme == "https" or (may_be_http and parts.scheme == "http" and is_loopback(host))):
        return None
    return f"The image's URL begins with {quoted(f'{parts.scheme}://{host}')}."


def _damage(answer: Answer) -> str | None:
    """Return what is wrong with an image that arrived; None if it is complete."""
    if answer.status in _REDIRECTS:
        return f"The image's server redirected more than {_MAX_REDIRECTS} times."
    if answer.status != 200:  # noqa: PLR2004
        return f"The image's server answered {answer.status}."
    announced = answer.headers.get("content-length", "")
    is_encoded = answer.headers.get("content-encoding", "identity") != "identity"
    expected = int(announced) if announced.isdigit() and not is_encoded else answer.received
    if not 0 < answer.received == expected:
        return f"{answer.received} of {announced or 'an unknown number of'} bytes arrived."
    # The content type is not reliable.
    if not answer.body.startswith(_FIRST_BYTES):
        content_type = quoted(answer.headers.get("content-type", "no content type"))
        return f"The answer is not an image ({content_type})."
    return None
