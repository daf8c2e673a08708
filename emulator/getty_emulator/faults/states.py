"""Faults in the work itself: the generation, the history, the token or the upload is in another state."""

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
        "A POST starts a generation that never completes; a poll or a download says pending this once.",
        (*GENERATING, *POLLS, *DOWNLOADS),
    ),
    Kind(
        "finish-at-once",
        Moment.WITHIN,
        "The generation, or the download, is ready now.",
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
        "A POST makes a generation that the history shows only later; a look into the history misses what is younger.",
        (*GENERATING, *HISTORY),
        {"seconds": Parameter(10.0, "how much later, by the movable clock", is_duration)},
    ),
    Kind(
        "history-hidden",
        Moment.WITHIN,
        "A POST makes a generation that the history never shows; a look into the history finds nothing.",
        (*GENERATING, *HISTORY),
    ),
    Kind(
        "odd-pages",
        Moment.WITHIN,
        "The list has pages of another kind than were asked for.",
        LISTS,
        {
            "most": Parameter(30, "the most entries of a page", is_count),
            "turns": Parameter(
                default=True, description="false: it is always the first page", accepts=is_flag
            ),
            "counts": Parameter(
                "all", "the entries that result_count counts: all, page or none", one_of(*COUNTS)
            ),
        },
    ),
    Kind(
        "notes-altered",
        Moment.WITHIN,
        "The history shows other notes than were sent. The ledger keeps those that were sent.",
        GENERATING,
        {
            "change": Parameter("cut", f"one of {', '.join(CHANGES)}", one_of(*CHANGES)),
            "length": Parameter(100, "characters that `cut` leaves", is_count),
        },
    ),
    Kind(
        "refuse-id",
        Moment.WITHIN,
        "A body that names its image in `id` is refused.",
        GENERATING,
        {
            "status": Parameter(422, "one of the 4xx", is_refusal),
            "code": Parameter(None, "the ErrorCode, or null for the gateway's voice", is_text_or_null),
        },
    ),
    Kind(
        "token-expired",
        Moment.ARRIVAL,
        "The access token that the call presents expires now. A new one is good.",
        AUTHORIZED,
    ),
    Kind(
        "upload-expired",
        Moment.WITHIN,
        "The upload that the call names expires now.",
        (*MASKED, "file-registrations"),
    ),
    Kind(
        "slow",
        Moment.ARRIVAL,
        "The answer takes longer.",
        parameters={"seconds": Parameter(1.0, "how much longer, in real seconds", is_duration)},
    ),
)
