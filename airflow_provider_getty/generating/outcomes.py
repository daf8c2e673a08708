"""What became of a task's generation, and what that means for the task."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NoReturn, Self

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from airflow_provider_getty.api.errors import (
    Credit,
    DeadlineExceededError,
    GenerationBlockedError,
    GettyError,
)
from airflow_provider_getty.api.results import Generation
from airflow_provider_getty.inputs.arguments import OnBlocked


@dataclass(frozen=True)
class Outcome:
    """What a trigger found out: the finished generation, or why there is none. Plain JSON as an event.

    :param generation: as :meth:`~.api.results.Generation.summary`.
    :param error: the message of the error.
    :param timed_out: whether the deadline was reached.
    """

    generation: dict[str, Any] | None = None
    error: str | None = None
    timed_out: bool = False

    @classmethod
    def of(cls, result: Generation | Exception) -> Self:
        """The outcome of a wait."""
        if isinstance(result, Generation):
            return cls(generation=result.summary())
        return cls(error=str(result), timed_out=isinstance(result, DeadlineExceededError))

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Self:
        """The outcome that a trigger reported."""
        return cls(**event)

    def as_event(self) -> dict[str, Any]:
        """The payload of a trigger's event."""
        return asdict(self)


def accept(generation: dict[str, Any], on_blocked: OnBlocked) -> dict[str, Any]:
    """The finished generation, unless the policy on blocked images objects.

    :param generation: as :meth:`~.api.results.Generation.summary`.
    :raises AirflowFailException: or ``AirflowSkipException``: the policy objects.
    """
    images = generation["results"]
    blocked = [image["index"] for image in images if image["is_blocked"]]
    all_blocked = bool(blocked) and len(blocked) == len(images)
    if on_blocked == "ignore" or not (all_blocked or (blocked and on_blocked == "fail_any")):
        return generation
    error = GenerationBlockedError(
        f"Getty's content policy withheld {len(blocked)} of {len(images)} images "
        f"(index {', '.join(map(str, blocked))}).",
        asked=f"Generation {generation['generation_request_id']}",
        credit=Credit.COMMITTED,
    )
    if on_blocked == "skip":
        raise AirflowSkipException(str(error))
    raise AirflowFailException(str(error))


def fail(error: GettyError) -> NoReturn:
    """End the task: for good, unless a new try may succeed and cannot pay twice.

    :raises AirflowFailException: or ``AirflowException``, which Airflow retries.
    """
    raise (AirflowException if error.may_retry else AirflowFailException)(str(error)) from error
