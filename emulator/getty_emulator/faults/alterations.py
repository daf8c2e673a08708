"""Functions that alter an answer, one for each kind of fault."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from getty_emulator.answers import JSON, Answer, json_answer
from getty_emulator.faults.kind import Parameters

Change = Callable[[Any, Any], None]
_OTHER_ID = "00000000-0000-4000-8000-000000000000"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LONG_MESSAGE = ("\x1b[31mThe prompt\x1b[0m cannot be used.\r\n\tIt is refused. " * 100)[:5000]
_MEGABYTE = 1_000_000
NULLABLE = (
    "original_asset.id",
    "seed",
    "results.*.preview_urls",
    "download_sizes",
    "products",
    "generations.*.seed",
    "generations.*.prompt",
    "generations.*.original_asset",
    "generations.*.generation_options",
    "generations.*.results",
)
"""Paths of the fields that Getty's OpenAPI declares nullable and that a client can do without."""
ODD_TYPES = {
    "seed": "12 345",
    "results.*.preview_urls.*.width": 512.5,
    "results.*.preview_urls.*.height": "612px",
    "original_asset": {},
    "download_sizes.*.width": "1024px",
    "products.*.credits_remaining": "1,000",
    "generations.*.seed": "12 345",
    "generations.*.original_asset": [],
    "generations.*.generation_options": "none",
    "expires_in": "1800",
}
ODD_ITEM = {
    "generation_request_id": None,
    "seed": "12 345",
    "generation_date": "yesterday",
    "original_asset": {"id": None},
    "notes": 7,
    "results": None,
}


def _content(answer: Answer) -> Any:
    """Return the JSON of a successful answer, or None."""
    if answer.content_type != JSON or not 200 <= answer.status < 300:  # noqa: PLR2004
        return None
    try:
        return json.loads(answer.body)
    except ValueError:  # another fault has altered it
        return None


def _with_content(answer: Answer, content: Any) -> Answer:
    body = json.dumps(content, separators=(",", ":")).encode()
    return answer if body == answer.body else replace(answer, body=body)


def _at(content: Any, path: str, change: Change) -> None:
    """Call ``change(container, key)`` for every match of the path; ``*`` matches all items of a list."""
    head, _, rest = path.partition(".")
    if head == "*":
        keys: Any = range(len(content)) if isinstance(content, list) else ()
    elif isinstance(content, list) and head.isdigit() and int(head) < len(content):
        keys = (int(head),)
    else:
        keys = (head,) if isinstance(content, dict) else ()
    for key in keys:
        if not rest:
            change(content, key)
        elif isinstance(key, int) or key in content:
            _at(content[key], rest, change)


def set_fields(answer: Answer, fields: dict[str, Any], *, add: bool = True) -> Answer:
    """Set fields by path; unless ``add``, only existing ones."""
    content = _content(answer)
    if content is None:
        return answer

    def setting(value: Any) -> Change:
        def change(container: Any, key: Any) -> None:
            if add or isinstance(key, int) or key in container:
                container[key] = value

        return change

    for path, value in fields.items():
        _at(content, path, setting(value))
    return _with_content(answer, content)


def drop_fields(answer: Answer, parameters: Parameters) -> Answer:
    """Remove fields by path."""
    content = _content(answer)
    if content is None:
        return answer

    def drop(container: Any, key: Any) -> None:
        if isinstance(container, dict):
            container.pop(key, None)

    for path in parameters["fields"]:
        _at(content, path, drop)
    return _with_content(answer, content)


def reorder(answer: Answer, _: Parameters) -> Answer:
    """Reverse the order of the images."""
    content = _content(answer)
    if not (isinstance(content, dict) and isinstance(content.get("results"), list)):
        return answer
    return _with_content(answer, {**content, "results": content["results"][::-1]})


def renumber(answer: Answer, parameters: Parameters) -> Answer:
    """Make the image indexes start at another number."""
    content = _content(answer)
    if not (isinstance(content, dict) and isinstance(content.get("results"), list)):
        return answer
    results = [{**image, "index": image["index"] + parameters["first"]} for image in content["results"]]
    return _with_content(answer, {**content, "results": results})


def odd_item(answer: Answer, parameters: Parameters) -> Answer:
    """Add an item to the history."""
    content = _content(answer)
    if content is None:
        return answer
    items = [*content["generations"]]
    items.insert(parameters["at"], parameters["item"])
    count = content["result_count"]
    return _with_content(
        answer, {**content, "result_count": None if count is None else count + 1, "generations": items}
    )


def capital_ids(answer: Answer, _: Parameters) -> Answer:
    """Write all GUIDs in upper case."""
    if answer.content_type != JSON:
        return answer
    content = json.loads(answer.body)
    if isinstance(content, dict):
        return _with_content(answer, _with_capitals(content))
    return answer


def _with_capitals(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_capitals(item) for name, item in value.items()}
        case list():
            return [_with_capitals(item) for item in value]
        case str() if _GUID.fullmatch(value):
            return value.upper()
        case _:
            return value


def error_form(answer: Answer, parameters: Parameters) -> Answer:
    """Write an error in another format."""
    if answer.status < HTTPStatus.BAD_REQUEST or not answer.body:
        return answer
    try:
        content = json.loads(answer.body)
    except ValueError:
        return answer
    code = content.get("ErrorCode")
    message = parameters["message"] or content.get("ErrorMessage", content.get("message"))
    if message == "long":
        message = _LONG_MESSAGE
    body: dict[str, Any]
    kind = answer.content_type
    match parameters["form"]:
        case "problem":
            kind = "application/problem+json"
            body = {
                "type": code or "about:blank",
                "title": HTTPStatus(answer.status).phrase,
                "detail": message,
            }
            body |= {"status": answer.status, "errors": {"prompt": [message]}}
        case "camel-case":
            body = {"errorCode": code, "errorMessage": message}
        case "snake-case":
            body = {"error_code": code, "error_message": message}
        case "lower-case":
            body = {"errorcode": code, "errormessage": message}
        case "text":
            return replace(answer, body=str(message).encode(), content_type="text/plain")
        case _:
            body = {**content, "ErrorMessage" if code else "message": message}
    return replace(answer, body=json.dumps(body).encode(), content_type=kind)


def other_status(answer: Answer, parameters: Parameters) -> Answer:
    """Give a successful answer another status; 204 has no body."""
    status = parameters["status"]
    if not 200 <= answer.status < 300 or answer.status == status:  # noqa: PLR2004
        return answer
    return replace(answer, status=status, body=b"" if status == HTTPStatus.NO_CONTENT else answer.body)


def content_type(answer: Answer, parameters: Parameters) -> Answer:
    """Give the answer another Content-Type."""
    return replace(answer, content_type=parameters["value"])


def set_headers(answer: Answer, parameters: Parameters) -> Answer:
    """Add headers."""
    return replace(answer, headers=(*answer.headers, *parameters["headers"].items()))


def wrong_date(answer: Answer, parameters: Parameters) -> Answer:
    """Move the Date header ahead."""
    return replace(answer, date_offset=answer.date_offset + parameters["seconds"])


def compress(answer: Answer, _: Parameters) -> Answer:
    """Compress the body."""
    if not answer.body:
        return answer
    headers = (*answer.headers, ("Content-Encoding", "gzip"))
    return replace(answer, body=gzip.compress(answer.body, mtime=0), headers=headers)


def padded(answer: Answer, parameters: Parameters) -> Answer:
    """Append spaces to the body, which JSON allows."""
    size = parameters["megabytes"] * _MEGABYTE
    if not parameters["gzip"]:
        return replace(answer, body=answer.body + b" " * size)
    headers = (*answer.headers, ("Content-Encoding", "gzip"))
    return replace(answer, body=_with_blanks(answer.body, parameters["megabytes"]), headers=headers)


@lru_cache(maxsize=2)
def _with_blanks(body: bytes, megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    blanks = b" " * _MEGABYTE
    return b"".join(
        (packer.compress(body), *(packer.compress(blanks) for _ in range(megabytes)), packer.flush())
    )


def odd_json(answer: Answer, parameters: Parameters) -> Answer:
    """Write the JSON of a successful answer in a form that some parsers reject."""
    content = _content(answer)
    if not isinstance(content, dict):
        return answer
    body = answer.body
    match parameters["form"]:
        case "bom":
            body = b"\xef\xbb\xbf" + body
        case "latin-1":
            body = body[:-1] + ',"remark":"K\xe4se"}'.encode("latin-1")
        case "large-number":
            body = body[:-1] + b',"remark":' + b"9" * 5000 + b"}"
        case "nan":
            body = body[:-1] + b',"remark":NaN}'
        case "trailing":
            body += b"\n<!-- served by a proxy -->\n"
        case _:
            return _with_content(answer, _with_numbered_lists(content))
    return replace(answer, body=body)


def _with_numbered_lists(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_numbered_lists(item) for name, item in value.items()}
        case list():
            return {str(number): _with_numbered_lists(item) for number, item in enumerate(value)}
        case _:
            return value


def other_id(answer: Answer, _: Parameters) -> Answer:
    """Return the id of another generation."""
    return set_fields(answer, {"generation_request_id": _OTHER_ID})


def missing_id(answer: Answer, _: Parameters) -> Answer:
    """Accept the call without naming the generation."""
    return json_answer(202, {}) if _content(answer) is not None else answer
