"""A Redis for a test, which is skipped if none can run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dev.redis_server import NEEDED, RedisServer, temporary_redis


@contextmanager
def running_redis(password: str = "") -> Iterator[RedisServer]:
    """Run an empty Redis."""
    with temporary_redis(password) as server:
        if server is None:
            pytest.skip(NEEDED)
        yield server
