"""Which trouble, in which phase of real task runs, is waited out, retried by Airflow, or final; and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.memory import forget
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.download_tasks import download, draw_nothing, generate
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import TaskRun, Worker

# The phases are calls: of a token, of the mask's upload, of the submission, of polls in the worker and in the
# triggerer; the PUT that starts a download, the GETs until it is ready, and the GET of the image itself.
#
# waited   It is asked again within the same try, until the timeout.
# retried  The try fails at once, and Airflow may retry it.
# final    The task fails at once, whatever its retries.
# doubted  It is asked again for half a minute; then it is final.
# once     It is asked once more, with a new token or in the other dialect; then it is final.
# anew     It is looked for, and asked again, because it is not there.
# adopted  It is looked for, and taken over, because it is there.
# ignored  The status is all that counts, or there is no body that could be cut, or the image is there anyway.
TABLE = """
                                  token    upload   submit   poll     trigger  start    ready    image
400                               final    final    once     final    final    final    final    waited
400 InvalidProduct                final    final    once     final    final    final    final    waited
401                               final    once     once     doubted  doubted  once     once     waited
403                               final    final    final    doubted  doubted  final    ignored  waited
403 ProductQuotaExceeded          final    final    final    doubted  doubted  final    ignored  waited
403 NotAuthorized                 final    final    final    doubted  doubted  final    ignored  waited
403 NoProducts                    final    final    final    doubted  doubted  final    ignored  waited
404                               final    final    final    doubted  doubted  final    ignored  waited
404 ImageNotFound                 final    final    once     doubted  doubted  final    ignored  waited
404 GenerationRequestIdNotFound   final    final    once     doubted  doubted  final    ignored  waited
408                               waited   waited   anew     waited   waited   anew     waited   waited
409                               waited   waited   waited   waited   waited   adopted  waited   waited
410                               final    final    final    final    final    final    final    waited
410 GenerationRequestGone         final    final    final    final    final    final    final    waited
429                               waited   waited   waited   waited   waited   waited   waited   waited
queries-per-second                waited   waited   waited   waited   waited   waited   waited   waited
429 TooManyConcurrentGenerations  waited   waited   waited   waited   waited   waited   waited   waited
429 DailyRequestLimitExceeded     waited   waited   waited   waited   waited   waited   waited   waited
500 before                        waited   waited   anew     waited   waited   anew     waited   waited
502 before                        waited   waited   anew     waited   waited   anew     waited   waited
503 before                        waited   waited   anew     waited   waited   anew     waited   waited
504 before                        waited   waited   anew     waited   waited   anew     waited   waited
500 after                         waited   waited   adopted  waited   waited   adopted  waited   waited
504 after                         waited   waited   adopted  waited   waited   adopted  waited   waited
no-reply                          waited   waited   adopted  waited   waited   adopted  waited   waited
cut-before                        waited   waited   anew     waited   waited   anew     waited   waited
cut-after                         waited   waited   adopted  waited   waited   adopted  waited   waited
cut-body                          waited   ignored  adopted  waited   waited   adopted  waited   waited
html 502                          waited   waited   adopted  waited   waited   adopted  waited   waited
html 200                          retried  ignored  adopted  waited   waited   ignored  waited   waited
empty-body                        retried  ignored  adopted  waited   waited   ignored  waited   waited
truncated-json                    retried  ignored  adopted  waited   waited   ignored  waited   -
"""
_, HEADER, *ROWS = TABLE.splitlines()
PHASES = HEADER.split()
CELLS = [
    pytest.param(phase, trouble.strip(), becomes, id=f"{phase}-{trouble.strip()}")
    for row in ROWS
    for trouble, cells in [(row[:34], row[34:].split())]
    for phase, becomes in zip(PHASES, cells, strict=True)
    if becomes != "-"
]

CALLS = {
    "token": "token",
    "upload": "upload",
    "poll": "get-generation",
    "trigger": "get-generation",
    "submit": "refine",
    "start": "start-download",
    "ready": "get-download",
    "image": "media",
}
CREDIT = {
    "token": Credit.UNUSED,
    "upload": Credit.UNUSED,
    "submit": Credit.UNUSED,
    **dict.fromkeys(("poll", "trigger", "start", "ready", "image"), Credit.COMMITTED),
}
UNKNOWN = {"submit": Credit.UNKNOWN, "start": Credit.DOWNLOAD_UNKNOWN}


def fault_of(trouble: str) -> tuple[str, dict[str, Any]]:
    """The switch of the emulator that brings the trouble about."""
    match trouble.split():
        case [status, work] if work in {"before", "after"}:
            return "server-error", {"status": int(status), "work": work}
        case ["html", status]:
            return "html", {"status": int(status)}
        case [status, *code] if status.isdigit():
            return "refuse", {"status": int(status), "code": code[0] if code else None}
        case _:
            return trouble, {}


@dataclass(frozen=True)
class Scene:
    """A task that has retries left, on its way to the phase in which trouble comes."""

    getty: Emulator
    phase: str
    trouble: str
    folder: Path

    def play(self, *, times: int | None, timeout: float = 60) -> TaskRun:
        """Let the trouble come so many times (None: always), and run the task."""
        match self.phase:
            case "start" | "ready" | "image":
                play = self._download(timeout)
            case _:
                play = self._refine(timeout)
        fault, parameters = fault_of(self.trouble)
        self.getty.fault(fault, CALLS[self.phase], times, **parameters)
        return play()

    def _refine(self, timeout: float) -> Callable[[], TaskRun]:
        task = refine(deferrable=self.phase == "trigger", timeout=timeout, history_lag=0.01)
        play = partial(Worker().run, task, retries_left=True)
        if self.phase in {"poll", "trigger"}:
            self.getty.fault("stay-pending", "refine")
        if self.phase == "trigger":
            play = partial(Worker().resume, play(), retries_left=True)
            forget()  # the triggerer is another process
            self.getty._service.journal.clear()
        if self.phase in {"poll", "trigger"}:
            self.getty.fault("finish-at-once", "get-generation", times=None)
        return play

    def _download(self, timeout: float) -> Callable[[], TaskRun]:
        generation = generate(self.getty)
        if (self.phase, self.trouble) == ("start", "409"):  # it says that one is under way
            GettyHook().download(generation["generation_request_id"], self.folder / "first.jpg")
            self.getty._service.journal.clear()
        return partial(download, generation, str(self.folder / "image.jpg"), timeout=timeout)


@pytest.fixture
def scene(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str, trouble: str
) -> Scene:
    draw_nothing(monkeypatch)
    if trouble == "no-reply":
        connection = getty.connection
        extra = {**connection["extra"], "timeout": 0.3}
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps({**connection, "extra": extra}))
    return Scene(getty, phase, trouble, tmp_path)


@pytest.mark.parametrize(("phase", "trouble", "becomes"), CELLS)
def test_trouble_becomes_what_the_table_says(
    scene: Scene, caplog: pytest.LogCaptureFixture, phase: str, trouble: str, becomes: str
) -> None:
    caplog.set_level("WARNING", "airflow_provider_getty")

    run = scene.play(times=2 if becomes in {"waited", "doubted"} else 1)

    assert run.state == {"retried": "up_for_retry", "final": "failed"}.get(becomes, "success"), run.message
    assert isinstance(run.error, AirflowFailException) == (becomes == "final")
    calls = {"waited": 3, "doubted": 3, "once": 2, "anew": 2}.get(becomes, 1)
    assert sent(scene.getty).count(CALLS[phase]) == calls
    assert scene.getty.ledger()["total"] == (0 if run.error and CREDIT[phase] is Credit.UNUSED else 1)
    said = run.message + caplog.text
    match becomes:
        case "waited" | "doubted" | "retried" | "final":
            is_gone = trouble.startswith("410") and phase != "image" and CREDIT[phase] is Credit.COMMITTED
            assert (Credit.GONE if is_gone else CREDIT[phase]) in said
        case "anew" | "adopted" if trouble != "409":
            assert UNKNOWN[phase] in said
    if becomes == "final":
        assert trouble in run.message


def cells(*which: str) -> list[Any]:
    return [pytest.param(*cell.values[:2], id=cell.id) for cell in CELLS if cell.values[2] in which]


@pytest.mark.parametrize(
    ("phase", "trouble"), [cell for cell in cells("once", "doubted") if cell.values[0] != "ready"]
)
def test_what_is_asked_again_in_vain_is_final(scene: Scene, phase: str, trouble: str) -> None:
    run = scene.play(times=None)
    assert run.state == "failed"
    assert isinstance(run.error, AirflowFailException)
    assert trouble in run.message
    assert CREDIT[phase] in run.message


LASTING = ("503 before", "429 DailyRequestLimitExceeded", "cut-before")


@pytest.mark.parametrize(
    ("phase", "trouble"), [cell for cell in cells("waited") if cell.values[1] in LASTING]
)
def test_trouble_that_lasts_until_the_timeout_is_left_to_the_retries(
    scene: Scene, phase: str, trouble: str
) -> None:
    run = scene.play(times=None, timeout=0.5)
    assert run.state == "up_for_retry", run.message
    assert CREDIT[phase] in run.message
    assert scene.getty.ledger()["total"] == (0 if CREDIT[phase] is Credit.UNUSED else 1)
