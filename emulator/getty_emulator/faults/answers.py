"""Faults in the answer: fields that are null, odd or missing, other headers, other forms of errors, nonsense."""

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
from getty_emulator.faults.kind import (
    GENERATING,
    HISTORY,
    POLLS,
    Kind,
    Moment,
    Parameter,
    Parameters,
    is_count,
    is_flag,
    is_json,
    is_object,
    is_seconds,
    is_status,
    is_text,
    is_text_or_null,
    is_texts,
    one_of,
)

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
"""The fields that Getty's OpenAPI declares nullable and that a client can do without, by path."""
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
    """Return the JSON of a successful answer, else None."""
    if answer.content_type != JSON or not 200 <= answer.status < 300:  # noqa: PLR2004
        return None
    return json.loads(answer.body)


def _with_content(answer: Answer, content: Any) -> Answer:
    body = json.dumps(content, separators=(",", ":")).encode()
    return answer if body == answer.body else replace(answer, body=body)


def _at(content: Any, path: str, change: Change) -> None:
    """Call ``change(container, key)`` wherever the path leads; ``*`` stands for all items of a list."""
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
    """Set fields by path; unless ``add``, only those that are there."""
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


def _drop_fields(answer: Answer, parameters: Parameters) -> Answer:
    content = _content(answer)
    if content is None:
        return answer

    def drop(container: Any, key: Any) -> None:
        if isinstance(container, dict):
            container.pop(key, None)

    for path in parameters["fields"]:
        _at(content, path, drop)
    return _with_content(answer, content)


def _reorder(answer: Answer, _: Parameters) -> Answer:
    content = _content(answer)
    if not (isinstance(content, dict) and isinstance(content.get("results"), list)):
        return answer
    return _with_content(answer, {**content, "results": content["results"][::-1]})


def _renumber(answer: Answer, parameters: Parameters) -> Answer:
    content = _content(answer)
    if not (isinstance(content, dict) and isinstance(content.get("results"), list)):
        return answer
    results = [{**image, "index": image["index"] + parameters["first"]} for image in content["results"]]
    return _with_content(answer, {**content, "results": results})


def _odd_item(answer: Answer, parameters: Parameters) -> Answer:
    content = _content(answer)
    if content is None:
        return answer
    items = [*content["generations"]]
    items.insert(parameters["at"], parameters["item"])
    return _with_content(
        answer, {**content, "result_count": content["result_count"] + 1, "generations": items}
    )


def _capital_ids(answer: Answer, _: Parameters) -> Answer:
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


def _error_form(answer: Answer, parameters: Parameters) -> Answer:
    """Write a refusal in another form."""
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


def _other_status(answer: Answer, parameters: Parameters) -> Answer:
    status = parameters["status"]
    if not 200 <= answer.status < 300 or answer.status == status:  # noqa: PLR2004
        return answer
    return replace(answer, status=status, body=b"" if status == HTTPStatus.NO_CONTENT else answer.body)


def _content_type(answer: Answer, parameters: Parameters) -> Answer:
    return replace(answer, content_type=parameters["value"])


def _set_headers(answer: Answer, parameters: Parameters) -> Answer:
    return replace(answer, headers=(*answer.headers, *parameters["headers"].items()))


def _wrong_date(answer: Answer, parameters: Parameters) -> Answer:
    return replace(answer, date_offset=answer.date_offset + parameters["seconds"])


def _gzip(answer: Answer, _: Parameters) -> Answer:
    if not answer.body:
        return answer
    headers = (*answer.headers, ("Content-Encoding", "gzip"))
    return replace(answer, body=gzip.compress(answer.body, mtime=0), headers=headers)


def _padded(answer: Answer, parameters: Parameters) -> Answer:
    """Let blanks follow the answer; they make JSON no less JSON."""
    size = parameters["megabytes"] * _MEGABYTE
    if not parameters["gzip"]:
        return replace(answer, body=answer.body + b" " * size)
    headers = (*answer.headers, ("Content-Encoding", "gzip"))
    return replace(answer, body=_compressed(answer.body, parameters["megabytes"]), headers=headers)


@lru_cache(maxsize=2)
def _compressed(body: bytes, megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    blanks = b" " * _MEGABYTE
    return b"".join(
        (packer.compress(body), *(packer.compress(blanks) for _ in range(megabytes)), packer.flush())
    )


def _other_id(answer: Answer, _: Parameters) -> Answer:
    return set_fields(answer, {"generation_request_id": _OTHER_ID})


def _missing_id(answer: Answer, _: Parameters) -> Answer:
    return json_answer(202, {}) if _content(answer) is not None else answer


def _is_size(value: Any) -> bool:
    return is_count(value) and value <= 4000  # noqa: PLR2004


KINDS = (
    Kind(
        "set-fields",
        Moment.ANSWER,
        "Fields of a successful answer have other values.",
        parameters={
            "fields": Parameter(
                {}, 'values by path, as {"results.*.index": null, "results.0.url": 7}', is_object
            )
        },
        alter=lambda answer, parameters: set_fields(answer, parameters["fields"]),
    ),
    Kind(
        "drop-fields",
        Moment.ANSWER,
        "Fields are missing in a successful answer.",
        parameters={"fields": Parameter([], 'paths, as ["results.*.index"]', is_texts)},
        alter=_drop_fields,
    ),
    Kind(
        "nulls",
        Moment.ANSWER,
        "Null stands wherever Getty's OpenAPI allows it and the answer can still be used.",
        alter=lambda answer, _: set_fields(answer, dict.fromkeys(NULLABLE), add=False),
    ),
    Kind(
        "odd-types",
        Moment.ANSWER,
        'Fields have odd types: a seed of "12 345", a width of 512.5, a height of "612px", an original_asset of {}.',
        alter=lambda answer, _: set_fields(answer, ODD_TYPES, add=False),
    ),
    Kind(
        "reorder-results",
        Moment.ANSWER,
        "The images come in reverse order.",
        (*GENERATING, *POLLS),
        alter=_reorder,
    ),
    Kind(
        "renumber-results",
        Moment.ANSWER,
        "The indexes of the images do not begin at 0. Calls still name images from 0 on.",
        (*GENERATING, *POLLS),
        {"first": Parameter(1, "the first index", is_count)},
        alter=_renumber,
    ),
    Kind(
        "odd-history-item",
        Moment.ANSWER,
        "The history lists one item more, which is odd.",
        HISTORY[:1],
        {
            "item": Parameter(ODD_ITEM, "the item, any JSON", is_json),
            "at": Parameter(0, "its place in the list", is_count),
        },
        alter=_odd_item,
    ),
    Kind("capital-ids", Moment.ANSWER, "All GUIDs are written in capitals.", alter=_capital_ids),
    Kind(
        "error-form",
        Moment.ANSWER,
        "Refusals are written in another form.",
        parameters={
            "form": Parameter(
                "problem",
                "problem (problem+json), camel-case (errorCode), snake-case (error_code), lower-case, text or same",
                one_of("problem", "camel-case", "snake-case", "lower-case", "text", "same"),
            ),
            "message": Parameter(
                None, 'another text; "long": 5,000 characters with line ends and ANSI codes', is_text_or_null
            ),
        },
        alter=_error_form,
    ),
    Kind(
        "other-status",
        Moment.ANSWER,
        "A successful answer has another status.",
        parameters={"status": Parameter(201, "the status; 204 takes the body away", is_status)},
        alter=_other_status,
    ),
    Kind(
        "content-type",
        Moment.ANSWER,
        "The answer has another Content-Type.",
        parameters={"value": Parameter("text/plain", "the type", is_text)},
        alter=_content_type,
    ),
    Kind(
        "set-headers",
        Moment.ANSWER,
        "The answer has further headers.",
        parameters={
            "headers": Parameter(
                {}, "texts by name", lambda value: is_object(value) and all(map(is_text, value.values()))
            )
        },
        alter=_set_headers,
    ),
    Kind(
        "wrong-date",
        Moment.ANSWER,
        "The header Date is not the emulator's time.",
        parameters={"seconds": Parameter(360.0, "how far it is ahead; negative: behind", is_seconds)},
        alter=_wrong_date,
    ),
    Kind("gzip", Moment.ANSWER, "The body is compressed, asked for or not.", alter=_gzip),
    Kind(
        "huge",
        Moment.ANSWER,
        "Blanks follow the body.",
        parameters={
            "megabytes": Parameter(100, "how many, up to 4000", _is_size),
            "gzip": Parameter(True, "true compresses them to a thousandth", is_flag),  # noqa: FBT003
        },
        alter=_padded,
    ),
    Kind(
        "empty-body",
        Moment.AFTER,
        "The answer comes without its body.",
        alter=lambda answer, _: replace(answer, body=b""),
    ),
    Kind(
        "truncated-json",
        Moment.AFTER,
        "The first half of the body comes, in well-formed HTTP.",
        alter=lambda answer, _: replace(answer, body=answer.body[: len(answer.body) // 2]),
    ),
    Kind(
        "missing-id",
        Moment.AFTER,
        "202 without a generation_request_id.",
        (*GENERATING, *POLLS),
        alter=_missing_id,
    ),
    Kind(
        "other-id",
        Moment.AFTER,
        "The answer names another generation.",
        (*GENERATING, *POLLS),
        alter=_other_id,
    ),
)
