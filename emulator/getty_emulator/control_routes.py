"""The HTTP endpoints that control an emulator, under ``/_emulator/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from getty_emulator.control import AccountRequest, Control

if TYPE_CHECKING:
    from getty_emulator.service import Service


class FaultRequest(BaseModel):
    """A fault to switch on. Its own parameters are further fields of the same object."""

    model_config = ConfigDict(extra="allow", strict=True)

    fault: str
    operation: str | None = None
    times: int | None = None
    skip: int = 0
    path: str | None = None
    body: str | None = None


class Advance(BaseModel):
    """How far to move the clock, in seconds."""

    advance: Annotated[float, Field(ge=0)]


def control_routes(service: Service) -> APIRouter:  # noqa: C901 - a list of short functions
    """Return the control endpoints."""
    router = APIRouter(prefix="/_emulator")
    control = Control(service)

    async def add_fault(wanted: FaultRequest) -> dict[str, Any]:
        try:
            return control.add_fault(wanted.model_dump())
        except ValueError as error:
            raise HTTPException(400, str(error)) from None

    async def remove_fault(number: int) -> dict[str, Any]:
        try:
            control.remove_fault(number)
        except KeyError:
            raise HTTPException(404, f"There is no fault {number}.") from None
        return {}

    async def clear_faults() -> dict[str, Any]:
        control.clear_faults()
        return {}

    async def clock(wanted: Advance) -> dict[str, Any]:
        try:
            return control.advance(wanted.advance)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None

    async def reset() -> dict[str, Any]:
        control.reset()
        return {}

    async def images(request: Request) -> list[dict[str, Any]]:
        return control.images(str(request.base_url).rstrip("/"))

    async def generations(request: Request) -> list[dict[str, Any]]:
        return control.generations(str(request.base_url).rstrip("/"))

    async def configure_account(key: str, wanted: AccountRequest) -> dict[str, Any]:
        try:
            return control.configure_account(key, wanted)
        except KeyError:
            raise HTTPException(404, f"There is no account {key!r}.") from None

    router.add_api_route("/", _async(control.index))
    router.add_api_route("/faults", _async(control.list_faults))
    router.add_api_route("/faults", add_fault, methods=["POST"])
    router.add_api_route("/faults", clear_faults, methods=["DELETE"])
    router.add_api_route("/faults/{number}", remove_fault, methods=["DELETE"])
    router.add_api_route("/clock", clock, methods=["POST"])
    router.add_api_route("/reset", reset, methods=["POST"])
    router.add_api_route("/ledger", _async(control.ledger))
    router.add_api_route("/requests", _async(control.requests))
    router.add_api_route("/generations", generations)
    router.add_api_route("/images", images)
    router.add_api_route("/accounts", _async(control.accounts))
    router.add_api_route("/accounts/{key}", configure_account, methods=["POST"])
    return router


def _async(answer: Any) -> Any:
    """Wrap a method so that FastAPI runs it in the event loop, which owns the state, instead of a thread."""

    async def endpoint() -> Any:
        return answer()

    endpoint.__name__ = answer.__name__
    endpoint.__doc__ = answer.__doc__
    return endpoint
