"""RecreatedTrigger: the base of the triggers, which Airflow recreates in another process."""

from __future__ import annotations

from inspect import signature
from typing import Any

from airflow.triggers.base import BaseTrigger


class RecreatedTrigger(BaseTrigger):
    """Keeps the arguments of its constructor as attributes of the same names."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments from which Airflow recreates this trigger in another process."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {name: getattr(self, name) for name in signature(type(self)).parameters},
        )
