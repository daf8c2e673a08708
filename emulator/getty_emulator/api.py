"""Getty's API without a transport: turns a request into an answer and instructions for its delivery."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from getty_emulator.answers import Answer, Refused, gateway_error, internal_error
from getty_emulator.authentication import check_token, sign_in
from getty_emulator.clock import http_date
from getty_emulator.faults.kind import Moment
from getty_emulator.journal import Request
from getty_emulator.operations import OPERATIONS
from getty_emulator.operations.call import Access, Call, Operation
from getty_emulator.state_file import StateFileError

if TYPE_CHECKING:
    from getty_emulator.faults.active import Fault
    from getty_emulator.service import Service

log = logging.getLogger("getty_emulator")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, the fault that decides how it is delivered, and its journal entry."""

    answer: Answer
    fault: Fault | None
    record: Request

    def completed(self, *, is_whole: bool) -> None:
        """Record the outcome in the journal and the log."""
        if is_whole:
            self.record.status = self.answer.status
        record = self.record
        log.info("%s %s %s %s", record.method, record.path, record.status or "no answer", record.fault or "")


class Api:
    """The operations, with the checks that they share and the active faults."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._routes = [
            (operation.method, _pattern(path.template), operation)
            for operation in OPERATIONS
            for path in operation.paths
            if service.dialect in path.dialects and not (service.strict and path.is_superseded)
        ]

    async def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], origin: str, body: bytes
    ) -> Reply:
        """Answer one request.

        :param path: as it was sent, percent-encoded.
        :param headers: by lower-case name.
        :param origin: ``http://host:port`` as the client wrote it: links in answers begin with it.
        """
        record = self._record(method, unquote(path), query, headers)
        operation, segments = self._match(method, path)
        call = None
        if operation is not None:
            record.operation = operation.name
            call = Call(
                self._service, operation, path, segments, query.encode("latin-1"), headers, origin, body
            )
        with self._service.answering():
            fault, answer = await self._answer(call, record)
        if call is not None:
            answer, altered = self._service.faults.alter(call, answer)
            record.fault = ", ".join([*([record.fault] if record.fault else []), *altered]) or None
        return Reply(self._with_common_headers(answer), fault, record)

    async def _answer(self, call: Call | None, record: Request) -> tuple[Fault | None, Answer]:
        """Return the answer, and the fault that decides how the call ends."""
        fault = None
        answer = Answer(500)
        try:
            if call is None:
                raise gateway_error(403, "Missing Authentication Token")
            await self._admit(call, record)
            fault = self._service.faults.take_outcome(call)
            if fault is not None:
                record.fault = fault.kind.name
            if fault is None or fault.moment is not Moment.BEFORE:
                call.check_query()
                answer = await call.operation.handle(call)
        except Refused as refused:
            answer = refused.answer
        except StateFileError as error:
            log.error("%s %s was refused: %s", record.method, record.path, error)  # noqa: TRY400 - the message is complete
            answer = internal_error(f"{error} Nothing was changed or charged.").answer
        except Exception:
            log.exception("The emulator failed at %s %s", record.method, record.path)
            answer = internal_error().answer
        if call is not None and call.signed_in is not None:
            record.account = call.signed_in.key
        return fault, _outcome(call, fault, answer)

    async def _admit(self, call: Call, record: Request) -> None:
        """Check the credentials that the operation asks for."""
        if call.operation.access is not Access.OPEN:
            call.signed_in = sign_in(call)
        if slow := call.take("slow"):
            record.fault = slow.kind.name
            await self._service.sleep(slow.parameters["seconds"])
        if call.operation.access is Access.API_KEY_AND_TOKEN:
            check_token(call)

    def _match(self, method: str, path: str) -> tuple[Operation | None, dict[str, str]]:
        for known_method, pattern, operation in self._routes:
            if known_method == method and (found := pattern.fullmatch(path)):
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None, {}

    def _record(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Request:
        record = Request(
            time=self._service.clock.now(),
            method=method,
            path=path,
            query_names=tuple(name for name, _ in parse_qsl(query, keep_blank_values=True)),
            header_names=tuple(headers),
            has_api_key="api-key" in headers,
            has_authorization="authorization" in headers,
        )
        self._service.journal.add(record)
        return record

    def _with_common_headers(self, answer: Answer) -> Answer:
        """Add the headers of the AWS gateway in front of Getty's API."""
        request_id = self._service.new_id()
        headers = [
            ("Date", http_date(self._service.clock.now() + answer.date_offset)),
            ("x-amzn-requestid", request_id),
            ("x-amz-apigw-id", request_id.replace("-", "")[:15] + "="),
            ("x-amz-cf-id", request_id.replace("-", "") + "=="),
            *answer.headers,
        ]
        if answer.content_type:
            headers.append(("Content-Type", answer.content_type))
        return replace(answer, headers=tuple(headers))


def _outcome(call: Call | None, fault: Fault | None, answer: Answer) -> Answer:
    """Apply the fault that decides how the call ends, and return the answer."""
    if call is None or fault is None:
        return answer
    if fault.kind.replace:
        return fault.kind.replace(call, fault.parameters)
    return fault.kind.alter(answer, fault.parameters) if fault.kind.alter else answer


def _pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of a path; ``{name}`` matches one segment or part of one."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", re.escape(template)))
