"""All kinds of faults, by name."""

from __future__ import annotations

from getty_emulator.faults import answers, refusals, states, wire
from getty_emulator.faults.kind import by_name

KINDS = by_name((*states.KINDS, *refusals.KINDS, *answers.KINDS, *wire.KINDS))
