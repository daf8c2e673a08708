"""Runs the commands of :mod:`.coordinator` in Redis, within a bounded time. Imported only with a coordinator."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.coordinator import Command, CoordinatorError
from airflow_provider_getty.api.errors import ConfigurationError

try:
    import redis
    import redis.asyncio
    from redis.asyncio.retry import Retry as AsyncRetry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry
except ImportError:
    raise ConfigurationError(
        "The connection names a coordinator, but the package redis is not installed.",
        advice="Install airflow-provider-getty[redis] where tasks and triggers run, or remove coordinator from the "
        "connection's extra.",
    ) from None

_SECONDS = 1.0
"""The timeout of a connection, and of an answer. Redis normally answers within a millisecond."""


class Link:
    """A connection to Redis for threads.

    :param url: the ``coordinator`` of an :class:`.account.Account`.
    :raises ConfigurationError: Redis does not know its options.
    """

    def __init__(self, url: str) -> None:
        self._redis = _client(redis.Redis, url, Retry(NoBackoff(), 0))

    def run(self, command: Command) -> Any:
        """Run a command and return the reply.

        :raises CoordinatorError: Redis did not run it.
        """
        try:
            with clock.at_work():
                return self._redis.register_script(command.script)(command.keys, command.arguments)
        except (RedisError, OSError, TypeError, ValueError) as error:
            raise _described(error) from None

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


class AsyncLink:
    """A connection to Redis for one event loop; see :class:`Link`."""

    def __init__(self, url: str) -> None:
        self._redis = _client(redis.asyncio.Redis, url, AsyncRetry(NoBackoff(), 0))

    async def run(self, command: Command) -> Any:
        """Run a command and return the reply; see :meth:`Link.run`."""
        try:
            with clock.at_work():
                async with asyncio.timeout(2 * _SECONDS):  # the lookup of a name has no timeout of its own
                    return await self._redis.register_script(command.script)(command.keys, command.arguments)
        except (RedisError, OSError, TypeError, ValueError) as error:
            raise _described(error) from None

    async def close(self) -> None:
        """Close the connections."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()


def _client(kind: Any, url: str, retry: Any) -> Any:
    try:
        client = kind.from_url(
            url,
            socket_connect_timeout=_SECONDS,
            socket_timeout=_SECONDS,
            retry=retry,
            health_check_interval=30,
        )
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # otherwise it refuses options only when it connects
    except (TypeError, ValueError):
        raise ConfigurationError("The URL of the coordinator has unknown options.") from None
    return client


def _described(error: Exception) -> CoordinatorError:
    """The error in one line. The texts of redis-py (5 to 8) hold hosts, but no passwords."""
    said = str(error).split("\n", 1)[0].rstrip(".")
    return CoordinatorError(f"{type(error).__name__}{f': {said}' if said else ''}.")
