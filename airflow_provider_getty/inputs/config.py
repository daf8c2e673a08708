"""The ``[getty]`` section of Airflow's configuration: defaults for arguments that a task does not have."""

from __future__ import annotations

from typing import Any, cast, get_args

from airflow_provider_getty.api.errors import ConfigurationError
from airflow_provider_getty.inputs.arguments import Marker

NAME = "getty"


def _option(description: str, kind: str, default: str, example: str | None = None) -> dict[str, Any]:
    return {
        "description": description,
        "type": kind,
        "version_added": "0.1.0",
        "default": default,
        "example": example,
    }


SECTION: dict[str, Any] = {
    "description": (
        "The Getty Images provider. An argument of a task wins over its option here. Tasks and DAG files "
        "read these options where they run: set them alike on workers, triggerers and DAG processors, and "
        "gallery_folders on API servers."
    ),
    "options": {
        "gallery_folders": _option(
            "Folders, as absolute paths or URIs, separated by commas. The gallery shows the files below them "
            "and previews of generations, to people who may see the DAG. Empty: it shows no image.",
            "string",
            "",
            "s3://aws_default@my-bucket/getty,/data/getty",
        ),
        "timeout": _option(
            "Seconds of wall-clock time that a generation, a download or a sensor may take; of a batch, each "
            "of its generations.",
            "float",
            "3600",
        ),
        "poll_interval": _option(
            "A fixed number of seconds between polls of a generation. Empty: by the age of the generation.",
            "string",
            "",
            "30",
        ),
        "marker": _option(
            "notes: submissions carry a marker in their notes, by which a retry finds what an earlier try "
            "submitted. none: for accounts that may not send notes.",
            "string",
            "notes",
        ),
        "history_lag": _option(
            "Seconds after which a generation is certain to be in Getty's history.", "float", "60"
        ),
    },
}
"""The ``config`` of the provider's info, in the shape of Airflow's ``provider_info.schema.json``."""


def gallery_folders() -> tuple[str, ...]:
    """The folders below which the gallery may show files."""
    folders = (folder.strip() for folder in _read("gallery_folders").split(","))
    return tuple(folder for folder in folders if folder)


def timeout(given: float | None) -> float:
    """How long a task may take, in seconds: its argument, or ``[getty] timeout``.

    :raises ConfigurationError: the option cannot be used.
    """
    return _seconds("timeout") if given is None else given


def poll_interval(given: float | None) -> float | None:
    """The seconds between polls: the task's argument, or ``[getty] poll_interval``. None: by the generation's age.

    :raises ConfigurationError: the option cannot be used.
    """
    if given is not None or not _read("poll_interval"):
        return given
    return _seconds("poll_interval")


def history_lag(given: float | None) -> float:
    """The seconds after which the history has a generation: the task's argument, or ``[getty] history_lag``.

    :raises ConfigurationError: the option cannot be used.
    """
    return _seconds("history_lag") if given is None else given


def marker(given: Marker | None) -> Marker:
    """Where submissions carry their marker: the task's argument, or ``[getty] marker``.

    :raises ConfigurationError: the option cannot be used.
    """
    if given is not None:
        return given
    if (value := _read("marker")) not in get_args(Marker):
        raise _refusal("marker", value, f"one of {', '.join(get_args(Marker))}")
    return cast("Marker", value)


def _seconds(name: str) -> float:
    value = _read(name)
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise _refusal(name, value, "a number of seconds, more than 0")
    return seconds


def _read(name: str) -> str:
    from airflow.providers.common.compat.sdk import conf  # noqa: PLC0415 - reads what is above while it loads

    return str(conf.get(NAME, name, fallback=SECTION["options"][name]["default"])).strip()


def _refusal(name: str, value: str, must_be: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is {value!r}; it must be {must_be}.",
        asked=f"[{NAME}] {name} in Airflow's configuration",
        advice=f"Correct it in airflow.cfg, or AIRFLOW__{NAME.upper()}__{name.upper()} in the environment.",
    )
