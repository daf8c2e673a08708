"""Runs blocking functions in a few threads of the gallery, for a bounded time.

Airflow's API server has one event loop, and forty threads for blocking functions. A disk or a store that does not
answer must not occupy them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from airflow_provider_getty.api import clock

ResultT = TypeVar("ResultT")

SECONDS = 20.0
"""Seconds for which a browser waits for a page or a file."""


async def in_pool(pool: Executor, function: Callable[[], ResultT]) -> ResultT:
    """Call a function in a thread of the pool.

    :raises TimeoutError: it takes too long; its thread is free again when it returns.
    """
    async with clock.timeout(SECONDS):
        with clock.at_work():
            return await asyncio.get_running_loop().run_in_executor(pool, function)
