"""The steps of a submission: :mod:`.submission` decides on them, its drivers perform them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.operations import GeneratingOperation
from airflow_provider_getty.generating.record import Record

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Save:
    """Store the record durably before continuing; None deletes it.

    :param is_needed: False if the stored record is safe as well: it only makes the next try look things up.
    """

    record: Record | None
    is_needed: bool = True


@dataclass(frozen=True)
class Upload:
    """Upload what the operation needs, and send back the fields that refer to it, such as ``mask_url``."""


@dataclass(frozen=True)
class Post:
    """Send the operation if the last saved record is still stored; send back the answer, or throw in its error."""

    operation: GeneratingOperation


@dataclass(frozen=True)
class LookUp:
    """Send back the items of the generation history since a time (Unix, by Getty's clock), or throw in the error."""

    since: float


@dataclass(frozen=True)
class Wait:
    """Let some seconds pass.

    :param refusal: why Getty refused the operation, if it is posted again afterwards.
    """

    seconds: float
    refusal: GettyError | None = None


@dataclass(frozen=True)
class Say:
    """Log a line."""

    message: str
    is_warning: bool = False


Step: TypeAlias = Save | Upload | Post | LookUp | Wait | Say
Steps: TypeAlias = Generator[Step, Any, ResultT]
