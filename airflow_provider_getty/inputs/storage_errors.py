"""Turns whatever a store raises into an ``OSError`` whose ``strerror`` says what the store said."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_getty.api.errors import GettyError, TransportError

# The user of a URI and what follows its path. A secret key may have a "/", so "user:" reaches to the last "@".
_SECRETS = re.compile(r"(?<=://)(?:[^/?#@]*:[^?#]*@|[^/?#]*@)|[?#].*", re.DOTALL)
_PASSWORDS = re.compile(r"(?<=://)[^/?#@]*:[^?#]*@|[?#].*", re.DOTALL)
_MAX_REASON = 300
_NUMBERS = {
    FileNotFoundError: errno.ENOENT,
    PermissionError: errno.EACCES,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
    FileExistsError: errno.EEXIST,
    ConnectionRefusedError: errno.ECONNREFUSED,
    ConnectionResetError: errno.ECONNRESET,
    BrokenPipeError: errno.EPIPE,
    TimeoutError: errno.ETIMEDOUT,
}


class StorageError(OSError):
    """A store failed. ``strerror`` is what it said, in one line; ``filename`` is the location."""


def without_secrets(text: str) -> str:
    """A path or URI as people may see it: without the user and what follows the path of a URI."""
    return _SECRETS.sub("", text) if "://" in text else text


def without_password(text: str) -> str:
    """A path or URI by which a program can open the file again: with Airflow's connection, or the user's name."""
    return _PASSWORDS.sub("", text) if "://" in text else text


@contextmanager
def explaining(shown: str) -> Iterator[None]:
    """Raise what a store raises as an ``OSError`` that people can read.

    Stores raise errors of their own libraries (botocore, asyncssh), ``ValueError``, and ``OSError`` without a reason.
    A ``FileNotFoundError`` and its like keep their class, as callers act on it; all others become a
    :class:`StorageError`.

    :param shown: the location, for people.
    """
    try:
        yield
    except (GettyError, MemoryError):
        raise
    except OSError as error:
        if type(error) in (*_NUMBERS, OSError) and error.errno and error.strerror:
            error.filename = error.filename or shown
            raise
        raise _explained(error, shown) from error
    except Exception as error:  # each store's library has errors of its own
        raise _explained(error, shown) from error


def reason_of(error: OSError) -> str:
    """The reason that the system or the store gives for an error."""
    return error.strerror or str(error) or type(error).__name__


def unreadable(what: str, error: OSError) -> TransportError:
    """The error for a file of the user that cannot be read now. Nothing was sent."""
    named = what if error.filename is None else f"{what} {error.filename!r}"
    return TransportError(
        f"{named} cannot be read now: {reason_of(error)}.",
        advice="Check that its storage can be reached from here.",
    )


def _explained(error: Exception, shown: str) -> OSError:
    said = _said(error)
    for kind, number in _NUMBERS.items():
        if isinstance(error, kind):
            # What many stores say of a missing file is its path, and nothing else.
            reason = said if " " in said and said not in shown else os.strerror(number)
            return kind(number, reason, shown)
    name = type(error).__name__
    if not said:
        said = f"the store failed with {name}"
    elif " " not in said:
        said = f"{said} ({name})"
    return StorageError(errno.EIO, said, shown)


def _said(error: Exception) -> str:
    """The error's text in one line of bounded length, without the secrets of a URI in it."""
    words = (without_secrets(word) for word in "".join(_printable(str(error))).split())
    said = " ".join(words)
    return said if len(said) <= _MAX_REASON else f"{said[:_MAX_REASON]}..."


def _printable(text: str) -> Iterator[str]:
    return (character if character.isprintable() else " " for character in text[: 10 * _MAX_REASON])
