"""Faults in the answer: null, odd or missing fields, other headers, other error formats, malformed JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from getty_emulator.faults import alterations
from getty_emulator.faults.kind import (
    GENERATING,
    HISTORY,
    POLLS,
    Kind,
    Moment,
    Parameter,
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


def _is_size(value: Any) -> bool:
    return is_count(value) and value <= 4000  # noqa: PLR2004


KINDS = (
    Kind(
        "set-fields",
        Moment.ANSWER,
        "Fields of a successful answer have other values.",
        parameters={
            "fields": Parameter(
                {}, 'values by path, such as {"results.*.index": null, "results.0.url": 7}', is_object
            )
        },
        alter=lambda answer, parameters: alterations.set_fields(answer, parameters["fields"]),
    ),
    Kind(
        "drop-fields",
        Moment.ANSWER,
        "Fields are missing from a successful answer.",
        parameters={"fields": Parameter([], 'paths, such as ["results.*.index"]', is_texts)},
        alter=alterations.drop_fields,
    ),
    Kind(
        "nulls",
        Moment.ANSWER,
        "Fields are null wherever Getty's OpenAPI allows it and the answer is still usable.",
        alter=lambda answer, _: alterations.set_fields(
            answer, dict.fromkeys(alterations.NULLABLE), add=False
        ),
    ),
    Kind(
        "odd-types",
        Moment.ANSWER,
        'Fields have odd types: a seed of "12 345", a width of 512.5, a height of "612px", an original_asset of {}.',
        alter=lambda answer, _: alterations.set_fields(answer, alterations.ODD_TYPES, add=False),
    ),
    Kind(
        "odd-json",
        Moment.ANSWER,
        "A successful answer contains unusual JSON.",
        parameters={
            "form": Parameter(
                "trailing",
                "bom (a byte order mark before it), latin-1 (a text that is not UTF-8), large-number (of 5,000 "
                "digits), nan, trailing (something after it), or numbered-lists (lists as objects)",
                one_of("bom", "latin-1", "large-number", "nan", "trailing", "numbered-lists"),
            )
        },
        alter=alterations.odd_json,
    ),
    Kind(
        "reorder-results",
        Moment.ANSWER,
        "The images are in reverse order.",
        (*GENERATING, *POLLS),
        alter=alterations.reorder,
    ),
    Kind(
        "renumber-results",
        Moment.ANSWER,
        "Image indexes do not start at 0. Calls still count images from 0.",
        (*GENERATING, *POLLS),
        {"first": Parameter(1, "the first index", is_count)},
        alter=alterations.renumber,
    ),
    Kind(
        "odd-history-item",
        Moment.ANSWER,
        "The history contains one additional, malformed item.",
        HISTORY[:1],
        {
            "item": Parameter(alterations.ODD_ITEM, "the item, any JSON", is_json),
            "at": Parameter(0, "its position in the list", is_count),
        },
        alter=alterations.odd_item,
    ),
    Kind("capital-ids", Moment.ANSWER, "All GUIDs are in upper case.", alter=alterations.capital_ids),
    Kind(
        "error-form",
        Moment.ANSWER,
        "Errors have another format.",
        parameters={
            "form": Parameter(
                "problem",
                "problem (problem+json), camel-case (errorCode), snake-case (error_code), lower-case, text or same",
                one_of("problem", "camel-case", "snake-case", "lower-case", "text", "same"),
            ),
            "message": Parameter(
                None,
                'another text; "long": 5,000 characters with line breaks and ANSI codes',
                is_text_or_null,
            ),
        },
        alter=alterations.error_form,
    ),
    Kind(
        "other-status",
        Moment.ANSWER,
        "A successful answer has another status.",
        parameters={"status": Parameter(201, "the status; 204 removes the body", is_status)},
        alter=alterations.other_status,
    ),
    Kind(
        "content-type",
        Moment.ANSWER,
        "The answer has another Content-Type.",
        parameters={"value": Parameter("text/plain", "the type", is_text)},
        alter=alterations.content_type,
    ),
    Kind(
        "set-headers",
        Moment.ANSWER,
        "The answer has additional headers.",
        parameters={
            "headers": Parameter(
                {}, "values by name", lambda value: is_object(value) and all(map(is_text, value.values()))
            )
        },
        alter=alterations.set_headers,
    ),
    Kind(
        "wrong-date",
        Moment.ANSWER,
        "The Date header differs from the emulator's time.",
        parameters={"seconds": Parameter(360.0, "how far it is ahead; negative values: behind", is_seconds)},
        alter=alterations.wrong_date,
    ),
    Kind(
        "gzip",
        Moment.ANSWER,
        "The body is compressed even if the client does not accept it.",
        alter=alterations.compress,
    ),
    Kind(
        "huge",
        Moment.ANSWER,
        "Spaces follow the body.",
        parameters={
            "megabytes": Parameter(100, "how many, up to 4000", _is_size),
            "gzip": Parameter(True, "true compresses them to a thousandth of their size", is_flag),  # noqa: FBT003
        },
        alter=alterations.padded,
    ),
    Kind(
        "empty-body",
        Moment.AFTER,
        "The answer has no body.",
        alter=lambda answer, _: replace(answer, body=b""),
    ),
    Kind(
        "truncated-json",
        Moment.AFTER,
        "Only the first half of the body is sent, in well-formed HTTP.",
        alter=lambda answer, _: replace(answer, body=answer.body[: len(answer.body) // 2]),
    ),
    Kind(
        "missing-id",
        Moment.AFTER,
        "202 without a generation_request_id.",
        (*GENERATING, *POLLS),
        alter=alterations.missing_id,
    ),
    Kind(
        "other-id",
        Moment.AFTER,
        "The answer names another generation.",
        (*GENERATING, *POLLS),
        alter=alterations.other_id,
    ),
)
