"""Made: a generation that a task has made or waited for, or an image of it that the task has stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_getty.inputs.storage_errors import without_secrets


@dataclass(frozen=True, kw_only=True)
class Made:
    """A generation, or one image of it in a file.

    :param index: the index of the image in the file.
    :param file: the location of the file: a path, a URI or an ``ObjectStoragePath``.
    :param name: the user's name for it.
    :param arguments: this task's arguments for it; empty if another task made it.
    :param prompt: the prompt of the other task, if it is known.
    """

    generation_request_id: str | None = None
    index: int | None = None
    file: Any = None
    name: str | None = None
    seed: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    prompt: str | None = None

    def as_extra(self) -> dict[str, Any]:
        """Plain JSON for the event of an asset, without unknown values."""
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
    """The generation in a task's result.

    :param generation: see :meth:`~.api.results.Generation.summary`; also of a pending generation.
    """
    return Made(
        generation_request_id=generation["generation_request_id"],
        seed=generation.get("seed"),
        arguments=arguments,
    )
