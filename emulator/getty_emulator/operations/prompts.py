"""POST enhance-prompt: expands a short prompt. It costs nothing, and exists only in the current API."""

from __future__ import annotations

import hashlib
from random import Random

from getty_emulator.answers import Answer, json_answer
from getty_emulator.operations.bodies import require
from getty_emulator.operations.call import NEW_DIALECTS, Access, Call, Fields, Operation, Path

_DETAILS = (
    "soft morning light",
    "late golden light",
    "a calm, uncluttered background",
    "fine natural texture",
    "a gentle depth of field",
    "a balanced composition",
    "rich but natural colors",
    "a quiet, optimistic mood",
)


class PromptBody(Fields):
    """The body of an enhancement."""

    prompt: str | None = None


async def enhance_prompt(call: Call) -> Answer:
    """Add details to a prompt. The same prompt always gets the same details."""
    prompt = (call.read(PromptBody).prompt or "").strip()
    require("prompt", prompt)
    random = Random(hashlib.sha256(prompt.encode()).digest())  # noqa: S311 - nothing secret
    details = ", ".join(random.sample(_DETAILS, 3))
    return json_answer(200, {"enhanced_prompt": f"{prompt.rstrip('.')}, {details}"})


OPERATIONS = (
    Operation(
        "enhance-prompt",
        "POST",
        (Path("/v3/ai/enhance-prompt", NEW_DIALECTS),),
        Access.API_KEY_AND_TOKEN,
        enhance_prompt,
    ),
)
