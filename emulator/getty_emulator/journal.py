"""The latest requests, so that a test can check what was sent where. Holds names only, no secrets."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

REMEMBERED = 20_000


@dataclass(slots=True)
class Request:
    """One request to the Getty API (not to the control API)."""

    time: float
    method: str
    path: str
    query_names: tuple[str, ...]
    header_names: tuple[str, ...]
    has_api_key: bool
    has_authorization: bool
    operation: str | None = None
    account: str | None = None
    fault: str | None = None
    status: int | None = None
    """None until an answer is sent."""


class Journal:
    """A bounded list of requests."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque(maxlen=REMEMBERED)

    def add(self, request: Request) -> None:
        """Add a request. Its status may be filled in later."""
        self._requests.append(request)

    def clear(self) -> None:
        """Remove all requests."""
        self._requests.clear()

    def list(self) -> list[Request]:
        """Return the requests, oldest first."""
        return list(self._requests)
