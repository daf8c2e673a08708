"""Queries about the calls that reached the emulator."""

from __future__ import annotations

from getty_emulator.server import Emulator

from airflow_provider_getty.api.operations import GENERATING


def sent(getty: Emulator) -> list[str | None]:
    """The called operations, in order."""
    return [request["operation"] for request in getty.requests()]


def emulated(operation: str) -> str:
    """The emulator's name of a generating operation: the last part of its address."""
    return "generate" if operation == "generate" else GENERATING[operation].route.rpartition("/")[2]


def mask_of_the_generation(getty: Emulator) -> bytes:
    """The mask JPEG of the only generation."""
    [generation] = getty.generations()
    found = getty._service.state.find_generation(generation["generation_request_id"])
    assert found is not None
    assert found.order.mask is not None
    return found.order.mask
