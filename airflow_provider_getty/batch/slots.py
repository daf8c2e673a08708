"""Limits how many generations are pending at Getty. The account's limit is not published; refusals reveal it."""

from __future__ import annotations

import asyncio
from collections import deque


class PendingSlots:
    """The account's slots for pending generations, as far as this batch knows.

    A refusal shows that there are no more slots than are taken now. Each generation accepted afterwards raises the
    limit a little, so that one more is tried about once per round of slots.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.limit = float("inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Take a slot as soon as one is free."""
        while self.taken >= int(min(self.limit, 1e9)):
            free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(free)
            try:
                await free
            except asyncio.CancelledError:
                if not free.cancelled():
                    self._wake()  # pass the slot on
                raise
        self.taken += 1

    def occupy(self) -> None:
        """Count a generation that is already pending."""
        self.taken += 1

    def release(self) -> None:
        """Give a slot back."""
        self.taken -= 1
        self._wake()

    def accepted(self) -> None:
        """Raise the limit: Getty took a generation."""
        self.limit += 1 / self.limit
        self._wake()

    def refused(self) -> None:
        """Lower the limit: Getty refused the generation for which a slot was just taken."""
        self.limit = max(1.0, self.taken - 1.0)

    def _wake(self) -> None:
        free = int(min(self.limit, 1e9)) - self.taken
        while free > 0 and self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                free -= 1
