"""Faults in the state of a generation, the history, a token or an upload."""

from __future__ import annotations

from typing import Any

from getty_emulator.faults.kind import (
    AUTHORIZED,
    DOWNLOADS,
    GENERATING,
    HISTORY,
    LISTS,
    MASKED,
    POLLS,
    Kind,
    Moment,
    Parameter,
    is_count,
    is_duration,
    is_flag,
    is_refusal,
    is_text_or_null,
    one_of,
)
from getty_emulator.operations.call import COUNTS
from getty_emulator.operations.notes import CHANGES
from getty_emulator.state import IMAGES_PER_GENERATION


def _is_image_choice(value: Any) -> bool:
    return value == "all" or (
        isinstance(value, list) and all(index in range(IMAGES_PER_GENERATION) for index in value)
    )


KINDS = (
    Kind(
        "stay-pending",
        Moment.WITHIN,
        "A POST starts a generation that never completes; a poll or download that it hits reports pending.",
        (*GENERATING, *POLLS, *DOWNLOADS),
    ),
    Kind(
        "finish-at-once",
        Moment.WITHIN,
        "The generation or download is ready immediately.",
        (*GENERATING, *POLLS, *DOWNLOADS),
    ),
    Kind(
        "block-images",
        Moment.WITHIN,
        "Images of the generation are blocked by policy.",
        GENERATING,
        {"which": Parameter("all", '"all", or a list of image indexes', _is_image_choice)},
    ),
    Kind(
        "history-lag",
        Moment.WITHIN,
        "A POST starts a generation that the history shows only later; a history call omits younger generations.",
        (*GENERATING, *HISTORY),
        {"seconds": Parameter(10.0, "the delay on the emulator's clock", is_duration)},
    ),
    Kind(
        "history-hidden",
        Moment.WITHIN,
        "A POST starts a generation that the history never shows; a history call finds nothing.",
        (*GENERATING, *HISTORY),
    ),
    Kind(
        "odd-pages",
        Moment.WITHIN,
        "The list is paged differently than requested.",
        LISTS,
        {
            "most": Parameter(30, "maximum entries per page", is_count),
            "turns": Parameter(
                default=True, description="false: always return the first page", accepts=is_flag
            ),
            "counts": Parameter(
                "all",
                "what result_count counts: all entries, those of the page, or none (all, page, none)",
                one_of(*COUNTS),
            ),
        },
    ),
    Kind(
        "notes-altered",
        Moment.WITHIN,
        "The history shows altered notes. The ledger keeps the notes as sent.",
        GENERATING,
        {
            "change": Parameter("cut", f"one of {', '.join(CHANGES)}", one_of(*CHANGES)),
            "length": Parameter(100, "characters that `cut` keeps", is_count),
        },
    ),
    Kind(
        "refuse-id",
        Moment.WITHIN,
        "A body that names its image in `id` is rejected.",
        GENERATING,
        {
            "status": Parameter(422, "one of the 4xx", is_refusal),
            "code": Parameter(None, "the ErrorCode, or null for the gateway's voice", is_text_or_null),
        },
    ),
    Kind(
        "token-expired",
        Moment.ARRIVAL,
        "The call's access token expires now. A new token works.",
        AUTHORIZED,
    ),
    Kind(
        "upload-expired",
        Moment.WITHIN,
        "The upload that the call refers to expires now.",
        (*MASKED, "file-registrations"),
    ),
    Kind(
        "slow",
        Moment.ARRIVAL,
        "The answer is delayed.",
        parameters={"seconds": Parameter(1.0, "the delay in real seconds", is_duration)},
    ),
)
