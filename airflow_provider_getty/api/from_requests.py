"""Turns the answers and exceptions of ``requests`` into :class:`.answers.Answer` and :mod:`.errors`."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator
from typing import BinaryIO

import requests
from urllib3.exceptions import (
    ClosedPoolError,
    InvalidHeader,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from airflow_provider_getty.api import clock, errors
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.bodies import ANSWER_BYTES, IMAGE_BYTES, Decoder, Edges
from airflow_provider_getty.api.network import Network, tls_reason

_CHUNK = 256 * 1024


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
    return True


# At DEBUG, urllib3 (2.x) logs whole paths; the query of an image's URL is its signature.
logging.getLogger("urllib3.connectionpool").addFilter(_without_query)


def answer(response: requests.Response, into: BinaryIO | None, ends: float) -> Answer:
    """Read the answer; the body of a 200 into the file, if there is one.

    :param ends: when to give up (``clock.monotonic()``).
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    if into is None or response.status_code != requests.codes.ok:
        body = b"".join(_pieces(response, Decoder(headers, ANSWER_BYTES), ends))
        return Answer(response.status_code, headers, body, len(body))
    seen = Edges()
    for piece in _pieces(response, Decoder(headers, IMAGE_BYTES), ends):
        into.write(piece)
        seen.add(piece)
    return Answer(response.status_code, headers, seen.first, seen.length, seen.last)


def failure(error: Exception, url: str, network: Network, *, is_answered: bool) -> errors.GettyError:
    """The error for an exception of a request.

    :param is_answered: whether its answer had begun.
    """
    reason: object = error.args[0] if error.args else None
    if isinstance(error, ValueError) and not (is_answered or isinstance(reason, InvalidHeader)):
        return errors.unsendable(error)  # InvalidHeader is about a header of the answer
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    if isinstance(reason, ProxyError):
        reason = reason.original_error
    if tunnel := re.match(r"Tunnel connection failed: (\d+) ?(.*)", str(reason)):
        return network.proxy_error(url, int(tunnel[1]), tunnel[2])
    if isinstance(reason, SSLError) and reason.args:
        reason = reason.args[0]
    if isinstance(reason, ssl.SSLCertVerificationError):
        return network.certificate_error(url, reason.verify_message)
    # Any other TLS failure may have come after the request.
    never_reached = isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError) or isinstance(
        reason, NewConnectionError | ClosedPoolError
    )
    kind = errors.ConnectionFailedError if never_reached else errors.NoAnswerError
    named = type(reason if isinstance(reason, Exception) else error).__name__
    return kind(network.no_answer(url, f"{named}{tls_reason(reason)}"))


def _pieces(response: requests.Response, decoder: Decoder, ends: float) -> Iterator[bytes]:
    while received := response.raw.read1(_CHUNK, decode_content=False):
        yield from decoder.pieces(received)
        if clock.monotonic() > ends:
            raise errors.NoAnswerError("The answer took too long to arrive.")
    decoder.end()
