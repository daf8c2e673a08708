"""Replaces Airflow's ``TriggererJobRunner``: hands triggers to a ``TriggerRunner`` over its socket.

The messages and their frames are Airflow's own; there is no database. It runs outside the measured process.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from typing import Any
from uuid import uuid4

import msgspec
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.executors.workloads.trigger import RunTrigger
from airflow.jobs.triggerer_job_runner import messages
from airflow.sdk.execution_time.comms import _ResponseFrame
from airflow.sdk.serde import serialize
from cryptography.fernet import Fernet

from benchmarks.contenders import Contender, Wait
from benchmarks.runner import TRIALS

_LENGTH = struct.Struct(">I")


class Supervisor(threading.Thread):
    """Serves one runner until the runner closes its socket.

    It hands over a trigger when the runner first asks after the submission of the generation. The runner asks about
    once per second, as with a real supervisor.

    :param contender: the contender whose triggers it hands over.
    :param channel: our end of the runner's socket.
    :param fernet_key: the key with which the runner decrypts the arguments of triggers.
    """

    def __init__(self, contender: Contender, channel: socket.socket, fernet_key: str) -> None:
        super().__init__(daemon=True)
        self.warm = threading.Event()
        self._contender = contender
        self._channel = channel
        self._fernet = Fernet(fernet_key)
        self._trials = TRIALS
        self._waits: deque[Wait] = deque()
        self._next_id = 1
        self._finished = 0

    def give(self, waits: list[Wait]) -> None:
        """Set the generations to wait for, in the order of submission."""
        self._waits = deque(waits)

    def run(self) -> None:
        """Answer the runner's messages."""
        self._send(0, messages.StartTriggerer().model_dump())
        try:
            while True:
                id_, body, *_ = msgspec.msgpack.decode(self._receive())
                self._send(id_, self._answer(body))
        except (EOFError, ConnectionError):
            self.warm.set()

    def _answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] != "TriggerStateChanges":
            return None
        self._finished += len(message["finished"] or ())
        if self._finished >= TRIALS:
            self.warm.set()
        due = self._due()
        return messages.TriggerStateSync(to_create=due, to_cancel=set()).model_dump()

    def _due(self) -> list[RunTrigger]:
        now = time.time()
        due = [
            Wait(number=10**9 + n, submitted=now, finished=now, interval=0.1, is_trial=True)
            for n in range(self._trials)
        ]
        self._trials = 0
        while self._waits and self._waits[0].submitted <= now:
            due.append(self._waits.popleft())
        return [self._workload(wait) for wait in due]

    def _workload(self, wait: Wait) -> RunTrigger:
        arguments = serialize(self._contender.arguments(wait))
        id_ = self._next_id
        self._next_id += 1
        task = TaskInstanceDTO(
            id=uuid4(),
            task_id="wait",
            dag_id="benchmark",
            run_id="manual__2026-11-22T12:00:00+00:00",
            try_number=1,
            map_index=id_,
            dag_version_id=uuid4(),
            pool_slots=1,
            priority_weight=1,
            queue="default",
        )
        return RunTrigger(
            id=id_,
            classpath=self._contender.classpath,
            encrypted_kwargs=self._fernet.encrypt(json.dumps(arguments).encode()).decode(),
            ti=task,
        )

    def _receive(self) -> bytes:
        length = _LENGTH.unpack(self._read(_LENGTH.size))[0]
        return self._read(length)

    def _read(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = self._channel.recv(length - len(parts))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def _send(self, id_: int, body: dict[str, Any] | None) -> None:
        self._channel.sendall(_ResponseFrame(id=id_, body=body).as_bytes())
