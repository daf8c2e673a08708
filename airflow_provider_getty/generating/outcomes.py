"""How a generation and its task end. Only this module turns errors into Airflow exceptions."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.errors import (
    AnswerError,
    Credit,
    DeadlineExceededError,
    GenerationBlockedError,
    GettyError,
)
from airflow_provider_getty.api.results import Generation
from airflow_provider_getty.inputs.arguments import OnBlocked

log = logging.getLogger(__name__)


class _ErrorDetails:
    """The attributes that an ``on_failure_callback`` finds in ``context["exception"]``.

    :param error: the error, with ``error.problem``, ``error.asked`` and ``error.advice``; see :mod:`~.api.errors`.
    """

    def __init__(self, error: GettyError) -> None:
        super().__init__(str(error))  # type: ignore[call-arg]  # the exception's
        self.error = error
        self.status = error.status
        """HTTP status of Getty's answer, if there was one."""
        self.code = error.code
        """Getty's ``ErrorCode``, if there was one."""
        self.credit = error.credit
        self.generation_request_id = error.generation_request_id
        """The generation, if it is known."""
        self.may_retry = error.may_retry


class GettyFailException(_ErrorDetails, AirflowFailException):
    """A failure that no retry can fix, or after which a retry could pay twice. The task ends."""


class GettySensorTimeout(_ErrorDetails, AirflowSensorTimeout):
    """A sensor has reached its timeout."""


@dataclass(frozen=True)
class Outcome:
    """The end of a wait, as a trigger reports it: the finished generation, or an error. Both are plain JSON.

    :param generation: see :meth:`~.api.results.Generation.summary`.
    :param error: a :class:`~.api.errors.GettyError`: ``kind`` is the name of its class, the rest are its attributes.
    """

    generation: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @classmethod
    def of(cls, result: Generation | Exception, generation_request_id: str | None = None) -> Self:
        """The outcome of a wait that ended with this result.

        :param generation_request_id: the generation that was waited for.
        """
        if isinstance(result, Generation):
            return cls(generation=result.summary())
        error = result.error if isinstance(result, _ErrorDetails) else result
        if not isinstance(error, GettyError):
            error = GettyError(str(error))
        return cls(error=_described(about(error, generation_request_id) if generation_request_id else error))

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Self:
        """The outcome that a trigger reported."""
        return cls(**event)

    def as_event(self) -> dict[str, Any]:
        """The payload of a trigger's event."""
        return {"generation": self.generation, "error": self.error}

    @property
    def failure(self) -> GettyError | None:
        """The error, rebuilt from the reported event."""
        return _error_of(self.error) if self.error else None

    def finished(self) -> dict[str, Any]:
        """The finished generation.

        :raises GettyError: the wait ended with this error.
        """
        if self.generation is None:
            raise self.failure or GettyError("The trigger reported nothing.")
        return self.generation


def about(error: GettyError, generation_request_id: str) -> GettyError:
    """Return the error as one of the wait for this generation, which is submitted whatever went wrong."""
    credit = Credit.COMMITTED if error.credit is Credit.UNUSED else error.credit
    return error.with_context(credit=credit, generation_request_id=generation_request_id)


def _described(error: GettyError) -> dict[str, Any]:
    names = ["problem", "asked", "advice", "generation_request_id"]
    if isinstance(error, AnswerError):
        names += ["status", "code", "detail", "request_id"]
    fields = {name: getattr(error, name) for name in names}
    return {"kind": type(error).__name__, "credit": error.credit.value, **fields}


def _error_of(described: dict[str, Any]) -> GettyError:
    fields = dict(described)
    kind: type[GettyError] = getattr(errors, fields.pop("kind"), GettyError)
    return kind(**fields | {"credit": Credit(fields.get("credit", Credit.UNUSED.value))})


def accept(generation: dict[str, Any], on_blocked: OnBlocked, *, clear_adopts: bool = True) -> dict[str, Any]:
    """Return the finished generation if the policy on blocked images accepts it.

    :param generation: see :meth:`~.api.results.Generation.summary`.
    :param clear_adopts: whether a cleared task adopts this generation.
    :raises GenerationBlockedError: the policy rejects it.
    :raises AirflowSkipException: the policy skips the task.
    """
    images = generation["results"]
    blocked = [image["index"] for image in images if image["is_blocked"]]
    all_blocked = bool(blocked) and len(blocked) == len(images)
    if on_blocked == "ignore" or not (all_blocked or (blocked and on_blocked == "fail_any")):
        return generation
    generation_request_id = generation["generation_request_id"]
    error = GenerationBlockedError(
        f"Getty's content policy blocked {len(blocked)} of {len(images)} images "
        f"(index {', '.join(map(str, blocked))}).",
        asked=f"Generation {generation_request_id}",
        credit=Credit.COMMITTED,
        advice="To take it as it is, choose another on_blocked and clear the task. Cleared with the same inputs, the "
        "task adopts this generation; change the prompt or the image to have another one made, which costs a credit."
        if clear_adopts
        else "To take it as it is, collect it with a GenerationSensor and another on_blocked. A clear submits again "
        "and costs a credit, as this Airflow keeps no state of a task: change the prompt or the image first.",
        generation_request_id=generation_request_id,
    )
    if on_blocked == "skip":
        raise AirflowSkipException(str(error))
    raise error


def with_sensor_advice(error: GettyError) -> GettyError:
    """Return the error; for a sensor that has reached its timeout, with the advice to clear it."""
    if isinstance(error, DeadlineExceededError):
        return error.with_context(advice="Clear the sensor to keep waiting; that costs nothing.")
    return error


def log_error(error: GettyError) -> None:
    """Log each part of an error in its own line, as the log does not wrap."""
    said = (
        ("Asked", error.asked),
        ("Answered", error.problem),
        ("Credit", error.credit),
        ("To do", error.advice),
    )
    for label, text in said:
        if text:
            log.error("%s: %s", label, text)


def fail(error: GettyError, *, in_sensor: bool = False) -> NoReturn:
    """Fail the task; for good, unless a retry may succeed and cannot pay twice.

    :raises GettyError: the error itself, which Airflow retries, and which a ``retry_policy`` can name.
    :raises GettyFailException: Airflow does not retry.
    :raises GettySensorTimeout: a sensor has reached its timeout; Airflow does not retry.
    """
    if in_sensor:
        error = with_sensor_advice(error)
    log_error(error)
    if in_sensor and isinstance(error, DeadlineExceededError):
        raise GettySensorTimeout(error) from None
    if error.may_retry:
        raise error from None
    raise GettyFailException(error) from None
