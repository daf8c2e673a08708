"""The switches that are on: which calls they hit, and how often still."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from getty_emulator.fault_kinds import KINDS, Kind, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(slots=True)
class Fault:
    """A switch that is on."""

    id: int
    kind: Kind
    operation: str | None
    times: int | None
    """How many calls it still hits. None: all of them."""
    parameters: dict[str, Any]

    @property
    def moment(self) -> Moment:
        """Return when it takes hold; ``work`` chooses where a kind leaves it open."""
        match self.parameters.get("work"):
            case "before":
                return Moment.BEFORE
            case "after":
                return Moment.AFTER
            case _:
                return self.kind.moment

    def hits(self, operation: str) -> bool:
        """Tell whether it is meant for calls of this operation."""
        if self.operation is not None:
            return self.operation == operation
        return not self.kind.operations or operation in self.kind.operations


class Faults:
    """The switches that are on, oldest first."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._ids = itertools.count(1)

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._active))

    def add(self, name: str, operation: str | None, times: int | None, parameters: dict[str, Any]) -> Fault:
        """Switch one on. Raises ValueError for what makes no sense."""
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"There is no fault {name!r}. There are: {', '.join(KINDS)}.")
        if operation is not None and kind.operations and operation not in kind.operations:
            raise ValueError(
                f"{name} makes sense for {', '.join(kind.operations)} only, not for {operation!r}."
            )
        if times is not None and times < 1:
            raise ValueError("times is 1 or more, or null for always.")
        for parameter, value in parameters.items():
            known = kind.parameters.get(parameter)
            if known is None:
                raise ValueError(
                    f"{name} takes {', '.join(kind.parameters) or 'no parameters'}, not {parameter!r}."
                )
            if not known.accepts(value):
                raise ValueError(f"{parameter} is {known.description}, not {value!r}.")
        values = {key: parameter.default for key, parameter in kind.parameters.items()} | parameters
        fault = Fault(next(self._ids), kind, operation, times, values)
        self._active.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all off."""
        self._active.clear()

    def take(self, operation: str, name: str) -> Fault | None:
        """Return the oldest fault of this name that hits the operation, and count the hit."""
        return self._take(
            fault for fault in self._active if fault.kind.name == name and fault.hits(operation)
        )

    def take_outcome(self, operation: str) -> Fault | None:
        """Return the oldest fault that decides how a call of the operation ends, and count the hit."""
        outcomes = (Moment.BEFORE, Moment.AFTER)
        return self._take(
            fault for fault in self._active if fault.moment in outcomes and fault.hits(operation)
        )

    def _take(self, candidates: Iterable[Fault]) -> Fault | None:
        fault = next(iter(candidates), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._active.remove(fault)
        return fault
