"""The state that a process keeps between calls: one home for it, and one lifetime.

It is kept for the life of the process, or of the event loop that it is about: the dialects that servers speak, the
budgets and products of accounts, and the clients, schedules and waiting submissions of a triggerer's loop. Nothing of
it is needed for a right result; a process that forgets it only asks again.
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
    """Forget everything, as a new process does. For tests: nothing may be under way."""
    for memory in _memories:
        memory.clear()
