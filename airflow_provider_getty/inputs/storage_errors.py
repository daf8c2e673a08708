"""Turns the errors of a store into an ``OSError`` whose ``strerror`` holds the store's own words."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_getty.api.errors import GettyError, TransportError

# The user of a URI, and everything after its path. A secret key may contain "/", so "user:" extends to the last "@".
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
    """A store failed. ``strerror`` holds its own words, in one line; ``filename`` is the location."""


def without_secrets(text: str) -> str:
    """A path or URI for people: without the user of a URI, and without everything after its path."""
    return _SECRETS.sub("", text) if "://" in text else text


def without_password(text: str) -> str:
    """A path or URI with which a program can open the file again: it keeps Airflow's connection or the user's name."""
    return _PASSWORDS.sub("", text) if "://" in text else text


@contextmanager
def explaining(shown: str) -> Iterator[None]:
    """Turn the errors of a store into readable ``OSError``s.

    Stores raise the errors of their libraries (botocore, asyncssh), ``ValueError``, and ``OSError`` without a reason.
    ``FileNotFoundError`` and the like keep their class, as callers depend on it; all others become a
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
    except Exception as error:  # each store's library raises its own errors
        raise _explained(error, shown) from error


def reason_of(error: OSError) -> str:
    """The reason that the system or the store gives for an error."""
    return error.strerror or str(error) or type(error).__name__


def unreadable(what: str, error: OSError) -> TransportError:
    """The error for a user's file that cannot be read now. Nothing was sent."""
    named = what if error.filename is None else f"{what} {error.filename!r}"
    return TransportError(
        f"{named} cannot be read now: {reason_of(error)}.",
        advice="Check that its storage can be reached from here.",
    )


def _explained(error: Exception, shown: str) -> OSError:
    said = _said(error)
    for kind, number in _NUMBERS.items():
        if isinstance(error, kind):
            # For a missing file, many stores name only its path.
            reason = said if " " in said and said not in shown else os.strerror(number)
            return kind(number, reason, shown)
    name = type(error).__name__
    if not said:
        said = f"the store failed with {name}"
    elif " " not in said:
        said = f"{said} ({name})"
    return StorageError(errno.EIO, said, shown)


def _said(error: Exception) -> str:
    """The error's text in one line of bounded length, without the secrets of URIs in it."""
    words = (without_secrets(word) for word in "".join(_printable(str(error))).split())
    said = " ".join(words)
    return said if len(said) <= _MAX_REASON else f"{said[:_MAX_REASON]}..."


def _printable(text: str) -> Iterator[str]:
    return (character if character.isprintable() else " " for character in text[: 10 * _MAX_REASON])
