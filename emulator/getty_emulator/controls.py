"""The methods with which tests control an emulator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from getty_emulator.control import AccountRequest, Control

Result = TypeVar("Result")


class Controls(ABC):
    """Controls an emulator (faults, clock, accounts) and shows what it did (ledger, requests, generations)."""

    api_key: str
    url: str

    @abstractmethod
    def _do(self, action: Callable[[Control], Result]) -> Result:
        """Run a function where the state is owned."""

    def fault(
        self,
        name: str,
        operation: str | None = None,
        times: int | None = 1,
        *,
        skip: int = 0,
        path: str | None = None,
        body: str | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Switch a fault on. Raises ValueError for an invalid name, aim or parameter.

        :param operation: only calls of this operation.
        :param times: how many calls it hits; None for all.
        :param skip: how many matching calls pass first.
        :param path: only calls whose path contains this text.
        :param body: only calls whose body contains this text.
        :param parameters: the fault's own parameters.
        """
        aim = {"operation": operation, "times": times, "skip": skip, "path": path, "body": body}
        return self._do(lambda control: control.add_fault({"fault": name, **aim, **parameters}))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._do(lambda control: control.clear_faults())

    def advance(self, seconds: float) -> None:
        """Move the clock forward. Raises ValueError beyond ten years in total."""
        self._do(lambda control: control.advance(seconds))

    def ledger(self) -> dict[str, Any]:
        """Return ``entries`` (one per charge), ``total`` and ``totals`` by account."""
        return self._do(lambda control: control.ledger())

    def requests(self) -> list[dict[str, Any]]:
        """Return the latest requests, oldest first."""
        return self._do(lambda control: control.requests())

    def generations(self) -> list[dict[str, Any]]:
        """Return all generations, oldest first."""
        return self._do(lambda control: control.generations(self.url))

    def images(self) -> list[dict[str, Any]]:
        """Return the library images."""
        return self._do(lambda control: control.images(self.url))

    def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts."""
        return self._do(lambda control: control.accounts())

    def configure_account(self, key: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change the products or limits of an account, by default the first one; see AccountRequest."""
        request = AccountRequest(**changes)
        return self._do(lambda control: control.configure_account(key or self.api_key, request))

    def reset(self) -> None:
        """Return to the initial state."""
        self._do(lambda control: control.reset())
