"""The active faults: which calls they hit, and how many more times."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from getty_emulator.answers import Answer
from getty_emulator.faults.kind import Kind, Moment
from getty_emulator.faults.kinds import KINDS
from getty_emulator.faults.refusals import was_redirected
from getty_emulator.operations import OPERATIONS

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call

OPERATION_NAMES = tuple(operation.name for operation in OPERATIONS)


@dataclass(frozen=True, slots=True)
class Aim:
    """The calls that a fault targets. A field that is None matches every call."""

    operation: str | None = None
    times: int | None = None
    """How many calls it hits. None: all."""
    skip: int = 0
    """How many matching calls pass first."""
    path: str | None = None
    """Text that the path contains."""
    body: str | None = None
    """Text that the body contains."""

    def __post_init__(self) -> None:
        """Validate the aim. Raises ValueError."""
        if self.operation is not None and self.operation not in OPERATION_NAMES:
            known = ", ".join(sorted(OPERATION_NAMES))
            raise ValueError(f"There is no operation {self.operation!r}. The operations are: {known}.")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be 1 or more, or null for always.")
        if self.skip < 0:
            raise ValueError("skip must be 0 or more.")

    def matches(self, call: Call) -> bool:
        """Return True if the call is a target."""
        return (
            self.operation in {None, call.operation.name}
            and (self.path is None or self.path in call.path)
            and (self.body is None or self.body.encode() in call.body)
        )


@dataclass(slots=True)
class Fault:
    """An active fault."""

    id: int
    kind: Kind
    aim: Aim
    times: int | None
    """How many more calls it hits. None: all."""
    skip: int
    """How many more calls pass first."""
    parameters: dict[str, Any]

    @property
    def moment(self) -> Moment:
        """Return when it takes effect; the parameter ``work``, if there is one, decides."""
        match self.parameters.get("work"):
            case "before":
                return Moment.BEFORE
            case "after":
                return Moment.AFTER
            case _:
                return self.kind.moment

    def matches(self, call: Call) -> bool:
        """Return True if it targets the call."""
        if self.kind.name == "redirect" and was_redirected(call) and not self.parameters["loop"]:
            return False
        if self.aim.operation is None and self.kind.operations:
            return call.operation.name in self.kind.operations and self.aim.matches(call)
        return self.aim.matches(call)


class Faults:
    """The active faults, oldest first."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._ids = itertools.count(1)

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._active))

    def add(self, name: str, aim: Aim, parameters: dict[str, Any]) -> Fault:
        """Switch a fault on. Raises ValueError for an invalid name, aim or parameter."""
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"There is no fault {name!r}. The faults are: {', '.join(KINDS)}.")
        if aim.operation is not None and kind.operations and aim.operation not in kind.operations:
            raise ValueError(
                f"{name} applies only to {', '.join(kind.operations)}, not to {aim.operation!r}."
            )
        for parameter, value in parameters.items():
            known = kind.parameters.get(parameter)
            if known is None:
                raise ValueError(
                    f"{name} takes {', '.join(kind.parameters) or 'no parameters'}, not {parameter!r}."
                )
            if not known.accepts(value):
                raise ValueError(f"{parameter} cannot be {value!r}. Expected: {known.description}.")
        values = {key: parameter.default for key, parameter in kind.parameters.items()} | parameters
        fault = Fault(next(self._ids), kind, aim, aim.times, aim.skip, values)
        self._active.append(fault)
        return fault

    def remove(self, number: int) -> None:
        """Switch a fault off. Raises KeyError if it is not on."""
        fault = next((fault for fault in self._active if fault.id == number), None)
        if fault is None:
            raise KeyError(number)
        self._active.remove(fault)

    def clear(self) -> None:
        """Switch all faults off."""
        self._active.clear()

    def take(self, call: Call, name: str) -> Fault | None:
        """Return the oldest fault of this name that hits the call, and count the hit."""
        return self._take(call, (fault for fault in self._active if fault.kind.name == name))

    def take_outcome(self, call: Call) -> Fault | None:
        """Return the oldest fault that decides how the call ends, and count the hit."""
        outcomes = (Moment.BEFORE, Moment.AFTER)
        return self._take(call, (fault for fault in self._active if fault.moment in outcomes))

    def alter(self, call: Call, answer: Answer) -> tuple[Answer, list[str]]:
        """Apply all faults that alter answers; return the answer and the names of those that changed it."""
        hits = []
        for fault in tuple(self._active):
            if fault.moment is not Moment.ANSWER or fault.kind.alter is None or not fault.matches(call):
                continue
            altered = fault.kind.alter(answer, fault.parameters)
            if altered is not answer and self._count(fault):
                answer = altered
                hits.append(fault.kind.name)
        return answer, hits

    def _take(self, call: Call, candidates: Iterable[Fault]) -> Fault | None:
        for fault in tuple(candidates):
            if fault.matches(call) and self._count(fault):
                return fault
        return None

    def _count(self, fault: Fault) -> bool:
        """Count a matching call; return True if the fault hits it, False if the call passes."""
        if fault.skip:
            fault.skip -= 1
            return False
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._active.remove(fault)
        return True


def parse_fault(text: str) -> dict[str, Any]:
    """Parse ``NAME PARAMETER=VALUE …``; a value is JSON or, failing that, plain text. Raises ValueError."""
    name, *settings = shlex.split(text) or [""]
    wanted: dict[str, Any] = {"fault": name}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals) or key == "fault":
            raise ValueError(f"Not a parameter of a fault: {setting!r}. Write name=value.")
        try:
            wanted[key] = json.loads(value)
        except ValueError:
            wanted[key] = value
    return wanted
