"""The state that a process keeps between calls: one home for it, and one lifetime.

It lives as long as the process, or the event loop to which it belongs: the dialects of servers, the budgets and
products of accounts, and the clients, schedules and waiting submissions of a triggerer's loop. No result depends on
it; a process without it only asks again.
"""

from __future__ import annotations

from typing import Protocol, TypeVar


class _Clearable(Protocol):
    def clear(self) -> None: ...


MemoryT = TypeVar("MemoryT", bound=_Clearable)

_memories: list[_Clearable] = []


def remembered(memory: MemoryT) -> MemoryT:
    """Keep a mapping for the life of the process."""
    _memories.append(memory)
    return memory


def forget() -> None:
    """Forget everything, as a new process does. For tests, while nothing is under way."""
    for memory in _memories:
        memory.clear()
