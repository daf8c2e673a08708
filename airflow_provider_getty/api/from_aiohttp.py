"""Turns the answers and exceptions of ``aiohttp`` into :class:`.answers.Answer` and :mod:`.errors`."""

from __future__ import annotations

from http import HTTPStatus
from typing import BinaryIO

import aiohttp

from airflow_provider_getty.api import clock, errors
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.bodies import ANSWER_BYTES, IMAGE_BYTES, Decoder, Edges
from airflow_provider_getty.api.network import Network, tls_reason

_CHUNK = 256 * 1024


async def answer(response: aiohttp.ClientResponse, into: BinaryIO | None) -> Answer:
    """Read the answer; the body of a 200 into the file, if there is one."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if into is None or response.status != HTTPStatus.OK:
        body = bytearray()
        decoder = Decoder(headers, ANSWER_BYTES)
        async for chunk in response.content.iter_any():
            for piece in decoder.pieces(chunk):
                body += piece
        decoder.end()
        return Answer(response.status, headers, bytes(body), len(body))
    seen = Edges()
    decoder = Decoder(headers, IMAGE_BYTES)
    async for chunk in response.content.iter_chunked(_CHUNK):
        for piece in decoder.pieces(chunk):
            await clock.in_thread(into.write, piece)
            seen.add(piece)
    decoder.end()
    return Answer(response.status, headers, seen.first, seen.length, seen.last)


def is_short(response: aiohttp.ClientResponse) -> bool:
    """Whether the announced length allows reading the whole body at once."""
    return response.content_length is not None and response.content_length <= ANSWER_BYTES


def failure(error: Exception, url: str, network: Network, *, is_answered: bool) -> errors.GettyError:
    """The error for an exception of a request.

    :param is_answered: whether its answer had begun.
    """
    match error:
        case aiohttp.ClientConnectorCertificateError():
            refusal = error.certificate_error
            return network.certificate_error(url, getattr(refusal, "verify_message", str(refusal)))
        case aiohttp.ClientHttpProxyError():
            return network.proxy_error(url, error.status, error.message)
        case ValueError() if not is_answered:  # an invalid URL, a header that cannot be encoded
            return errors.unsendable(error)
    never_reached = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    kind = errors.ConnectionFailedError if never_reached else errors.NoAnswerError
    reason = tls_reason(getattr(error, "os_error", error))
    return kind(network.no_answer(url, f"{type(error).__name__}{reason}"))
