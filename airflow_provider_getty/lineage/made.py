"""Made: a generation that a task has made or waited for, or a file of it that the task has stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_getty.inputs.storage_errors import without_secrets


@dataclass(frozen=True, kw_only=True)
class Made:
    """A generation, or one image of it in a file.

    :param index: which image is in the file.
    :param file: where it is: a path, a URI or an ``ObjectStoragePath``.
    :param name: what the user calls it.
    :param arguments: what this task asked for it; empty if another task did.
    :param prompt: the prompt of another task, where that is known.
    """

    generation_request_id: str | None = None
    index: int | None = None
    file: Any = None
    name: str | None = None
    seed: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    prompt: str | None = None

    def as_extra(self) -> dict[str, Any]:
        """Plain JSON for the event of an asset; only what is known."""
        document = {
            "generation_request_id": self.generation_request_id,
            "index": self.index,
            "file": None if self.file is None else without_secrets(str(self.file)),
            "name": self.name,
            "seed": self.seed,
            "prompt": self.prompt or self.arguments.get("prompt"),
        }
        return {name: value for name, value in document.items() if value not in (None, "")}


def generated(generation: Mapping[str, Any], arguments: Mapping[str, Any]) -> Made:
    """A generation, of a task's result.

    :param generation: as :meth:`~.api.results.Generation.summary`; the same of one that is pending.
    """
    return Made(
        generation_request_id=generation["generation_request_id"],
        seed=generation.get("seed"),
        arguments=arguments,
    )
