"""The record of a submission, which connects the tries of a task."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.operations import GeneratingOperation
from airflow_provider_getty.inputs.arguments import OnUnsure

MAX_UNKNOWN = 2
"""The most requests of one round that may end without an answer."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UPLOADS = "/search/by-image/uploads/"


@dataclass(frozen=True, kw_only=True)
class Task:
    """The task instance that submits.

    :param round: changes when a person clears the task, and stays the same in Airflow's own retries: the task
        instance's ``max_tries``, which Airflow sets only when the instance is created and when it is cleared
        (3.1 to 3.3).
    :param try_number: the task instance's.
    :param earlier: without a store, the time (Unix time) since which earlier tries of this round may have submitted.
        None: this is the first try, or a store keeps the record.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    round: int
    try_number: int
    earlier: float | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """The state of a submission, as Airflow's task state store keeps it.

    :param fingerprint: see :func:`fingerprint`.
    :param account: see :func:`account_digest`.
    :param marker: what was sent in the notes.
    :param round: the task's round when the record was last taken over.
    :param try_number: the number of the try that last took it over.
    :param owner: a random name of the process that wrote the record; only that process may submit with it.
    :param intended: when the first request was about to be sent, by the clock of that machine (Unix time).
    :param attempts: how many requests of this round may have created a generation, including one under way.
    :param unknown: the same, of all rounds.
    :param charged: how many generations are known to have been created.
    :param generation_request_id: None until a generation is known.
    :param delivered: whether the task has returned the result.
    :param previous: the task's generation before this one, for other inputs or before a clear.
    """

    fingerprint: str
    marker: str
    round: int
    intended: float
    account: str = ""
    try_number: int = 1
    owner: str = ""
    attempts: int = 0
    unknown: int = 0
    charged: int = 0
    generation_request_id: str | None = None
    delivered: bool = False
    previous: str | None = None

    @property
    def charges(self) -> str:
        """The charges, certain and possible, such as ``1 charged, 1 unknown``."""
        unknown = f", {self.unknown} unknown" if self.unknown else ""
        return f"{self.charged} charged{unknown}"

    @property
    def is_owed(self) -> bool:
        """Whether the task has not returned something that was, or may have been, paid for."""
        return not self.delivered and (self.generation_request_id is not None or self.unknown > 0)

    @property
    def if_not_kept(self) -> str:
        """The log line that names the paid generation if its id could not be stored."""
        return (
            f"is generation {self.generation_request_id} ({self.charges}), but its id could not be stored. "
            "A retry or a clear finds it in Getty's history."
        )

    @property
    def doubted(self) -> Record:
        """The record after Getty did not find its generation: a later try looks the marker up instead."""
        return replace(
            self,
            generation_request_id=None,
            charged=max(0, self.charged - 1),
            unknown=self.unknown + 1,
            attempts=self.attempts + 1,
        )

    def is_before_a_clear(self, task: Task) -> bool:
        """Whether a person has cleared the task since. A smaller try number means another task instance."""
        return self.round != task.round or task.try_number < self.try_number

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Record:
        """Read a record; fields that a later version of the package has added are ignored.

        :raises TypeError: the document lacks a field, or is not a mapping.
        """
        return cls(**{each.name: document[each.name] for each in fields(cls) if each.name in document})

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, for the store."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a user wants a generation submitted.

    :param marker: whether to send the marker in ``notes``. Without it, a retry compares the inputs with the history.
    :param history_lag: seconds after which a generation is certain to be in the history.
    :param on_unsure: what to do if it is unknown whether a generation was created.
    """

    marker: bool = True
    history_lag: float = 60.0
    on_unsure: OnUnsure = "fail"


def fingerprint(operation: GeneratingOperation, inputs: str) -> str:
    """A digest of the user's request, equal for equal requests on any worker and in any version of the package.

    It does not depend on unset fields, on the host of an uploaded mask, or on the letter case of ids.

    :param operation: the operation before the upload of its mask.
    :param inputs: the digest of the mask; see :attr:`.request.Request.inputs`.
    """
    asked = operation.model_dump(mode="json", exclude_defaults=True)
    if inputs:
        asked.pop("mask_url", None)
    name = operation.name.replace("-", "_")
    return digest([name, _normalized(asked), inputs])


def account_digest(account: Account) -> str:
    """A digest of the account that pays, whatever its host."""
    return digest(["getty", account.api_key])[:16]


def digest(document: Any) -> str:
    """SHA-256 of a JSON document, in hexadecimal."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def same_id(one: str | None, other: str | None) -> bool:
    """Whether two ids are the same; Getty writes GUIDs in either letter case."""
    return one is not None and other is not None and one.casefold() == other.casefold()


def _normalized(value: Any) -> Any:
    match value:
        case dict():
            return {name: _normalized(each) for name, each in value.items() if each not in (None, "")}
        case str() if _GUID.fullmatch(value):
            return value.lower()
        case str() if value.startswith(("https://", "http://")) and _UPLOADS in value:
            return urlsplit(value).path
        case _:
            return value
