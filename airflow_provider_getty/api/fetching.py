"""Fetching an image from its signed URL, without I/O: redirects are followed, and what arrives is looked at."""

from __future__ import annotations

from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.account import is_loopback
from airflow_provider_getty.api.answers import Answer, quoted
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.protocol import Call, Conversation, exchange

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_FIRST_BYTES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"II*\0", b"MM\0*")


def fetch_image(url: str, into: BinaryIO, *, asked: str) -> Conversation[int]:
    """Stream an image from its signed URL, which gets no credentials, and return its length in bytes.

    :raises DownloadError: it did not arrive whole, or not at all.
    """
    credit = Credit.COMMITTED
    may_be_http = True
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            if problem := _danger(url, may_be_http=may_be_http):
                raise errors.UnsafeUrlError(problem, asked=asked, credit=credit)
            answer = yield from exchange(Call("GET", url, {"Accept-Encoding": "identity"}, into=into))
            if answer.status not in _REDIRECTS:
                break
            may_be_http = url.startswith("http:")
            url = urljoin(url, answer.headers.get("location", ""))
    except errors.GettyError as error:
        if not error.temporary:
            raise error.with_context(asked=asked, credit=credit) from error.__cause__
        raise errors.DownloadError(error.problem, asked=asked, credit=credit) from None
    if problem := _damage(answer):
        raise errors.DownloadError(problem, asked=asked, credit=credit)
    return answer.received


def _danger(url: str, *, may_be_http: bool) -> str | None:
    """Why the URL is not fetched; None: it may be. It is signed, so that only its host is named.

    :param may_be_http: whether plain HTTP will do, on this machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "The image's URL cannot be read."
    if host and (parts.scheme == "https" or (may_be_http and parts.scheme == "http" and is_loopback(host))):
        return None
    return f"The image's URL begins with {quoted(f'{parts.scheme}://{host}')}."


def _damage(answer: Answer) -> str | None:
    """Return what is wrong with an image that arrived; None: nothing."""
    if answer.status in _REDIRECTS:
        return f"The image's server redirected more than {_MOST_REDIRECTS} times."
    if answer.status != 200:  # noqa: PLR2004
        return f"The image's server answered {answer.status}."
    announced = answer.headers.get("content-length", "")
    is_encoded = answer.headers.get("content-encoding", "identity") != "identity"
    expected = int(announced) if announced.isdigit() and not is_encoded else answer.received
    if not 0 < answer.received == expected:
        return f"{answer.received} of {announced or 'some'} bytes arrived."
    # Whatever the server calls it.
    if not answer.body.startswith(_FIRST_BYTES):
        content_type = quoted(answer.headers.get("content-type", "no content type"))
        return f"Something that is not an image arrived ({content_type})."
    return None
