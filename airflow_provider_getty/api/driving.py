"""The two drivers of every sans-I/O conversation in the package.

A conversation is a generator. It yields steps, is sent the outcome of each or has its :class:`.errors.GettyError`
thrown in, and returns the result. It makes all decisions; drivers only act.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from airflow_provider_getty.api.errors import GettyError

StepT = TypeVar("StepT")
ResultT = TypeVar("ResultT")


def drive(conversation: Generator[StepT, Any, ResultT], do: Callable[[StepT], Any]) -> ResultT:
    """Run a conversation to its end and return its result.

    :param do: performs a step and returns its outcome.
    :raises GettyError: a step failed and the conversation did not handle it, or the conversation itself failed.
    """
    reply: Any = None
    try:
        while True:
            step = _advance(conversation, reply)
            try:
                reply = do(step)
            except GettyError as error:
                reply = error
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def drive_async(
    conversation: Generator[StepT, Any, ResultT], do: Callable[[StepT], Awaitable[Any]]
) -> ResultT:
    """Run a conversation without blocking the event loop; see :func:`drive`."""
    reply: Any = None
    try:
        while True:
            step = _advance(conversation, reply)
            try:
                reply = await do(step)
            except GettyError as error:
                reply = error
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


def _advance(conversation: Generator[StepT, Any, Any], reply: object) -> StepT:
    return conversation.throw(reply) if isinstance(reply, GettyError) else conversation.send(reply)
