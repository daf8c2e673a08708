"""Controls an emulator: faults, clock, ledger, accounts."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from getty_emulator.clock import iso
from getty_emulator.faults.active import Aim
from getty_emulator.faults.kinds import KINDS
from getty_emulator.operations import OPERATIONS
from getty_emulator.operations.media import signed
from getty_emulator.options import Voice
from getty_emulator.state import Product

if TYPE_CHECKING:
    from getty_emulator.faults.active import Fault
    from getty_emulator.service import Service
    from getty_emulator.state import Generation, State


class ProductRequest(BaseModel):
    """A product."""

    model_config = ConfigDict(extra="forbid")

    id: int
    name: str = "AI Generator"
    type: str = "aigen"
    status: Literal["active", "inactive"] = "active"
    credits_remaining: Annotated[int, Field(ge=0)] = 1000
    project_code: Literal["required", "forbidden"] = "forbidden"
    project_codes: list[str] = []
    notes: Literal["required", "optional"] = "optional"


class AccountRequest(BaseModel):
    """Changes to an account. Fields that are not given stay as they are; null removes a limit."""

    model_config = ConfigDict(extra="forbid")

    products: list[ProductRequest] | None = None
    credits_remaining: Annotated[int, Field(ge=0)] | None = None
    """For all its products."""
    queries_per_second: Annotated[int, Field(ge=1)] | None = None
    concurrent_generations: Annotated[int, Field(ge=1)] | None = None
    concurrency_refusal: Voice | None = None
    company_generations: bool | None = None
    secret: str | None = Field(None, min_length=1, repr=False)
    """Rotates the API secret until the emulator is restarted: the old secret and its tokens are refused."""


class Control:
    """Controls an emulator and shows its state as plain JSON values."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def index(self) -> dict[str, Any]:
        """List the faults, the operations they can target, and the other control endpoints."""
        return {
            "faults": [
                {
                    "fault": kind.name,
                    "description": kind.description,
                    "operations": list(kind.operations) or "all",
                    "parameters": {
                        name: {
                            "default": parameter.default,
                            "description": parameter.description,
                        }
                        for name, parameter in kind.parameters.items()
                    },
                }
                for kind in KINDS.values()
            ],
            "operations": [
                {
                    "operation": operation.name,
                    "method": operation.method,
                    "paths": [
                        path.template for path in operation.paths if self._service.dialect in path.dialects
                    ],
                }
                for operation in OPERATIONS
            ],
            "addresses": {
                'POST /_emulator/faults {"fault": …, "operation": null, "times": null, "skip": 0, "path": null, '
                '"body": null, …}': "switch a fault on",
                "GET /_emulator/faults": "list the active faults",
                "DELETE /_emulator/faults": "switch all faults off",
                "DELETE /_emulator/faults/{id}": "switch one fault off",
                'POST /_emulator/clock {"advance": seconds}': "move the clock forward",
                "GET /_emulator/ledger": "every charge, and totals",
                "GET /_emulator/requests": "the latest requests, without secret values",
                "GET /_emulator/generations": "all generations",
                "GET /_emulator/images": "the library images, each with a box that makes a good mask",
                "GET /_emulator/accounts": "the accounts",
                "POST /_emulator/accounts/{key}": "change the products and limits of an account",
                "POST /_emulator/reset": "return to the initial state",
            },
        }

    def add_fault(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Switch a fault on. Raises ValueError for an invalid request."""
        return _fault(self._service.add_fault(wanted))

    def remove_fault(self, number: int) -> None:
        """Switch a fault off. Raises KeyError if it is not on."""
        self._service.faults.remove(number)

    def list_faults(self) -> list[dict[str, Any]]:
        """Return the active faults."""
        return [_fault(fault) for fault in self._service.faults]

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._service.faults.clear()

    def advance(self, seconds: float) -> dict[str, Any]:
        """Move the clock forward and return its time."""
        clock = self._service.clock
        before = clock.advanced
        now = clock.advance(seconds)
        try:
            self._service.save(clock)
        except BaseException:
            clock.advanced = before
            raise
        return {"now": now, "date": iso(now)}

    def reset(self) -> None:
        """Return to the initial state."""
        self._service.reset()

    def ledger(self) -> dict[str, Any]:
        """Return all charges, oldest first, and totals."""
        accounts = self._service.state.accounts.values()
        charges = sorted((charge for account in accounts for charge in account.charges), key=lambda c: c.time)
        return {
            "entries": [{**asdict(charge), "date": iso(charge.time)} for charge in charges],
            "total": sum(charge.credits for charge in charges),
            "totals": {
                account.key: sum(charge.credits for charge in account.charges) for account in accounts
            },
        }

    def requests(self) -> list[dict[str, Any]]:
        """Return the latest requests, oldest first."""
        return [asdict(request) for request in self._service.journal.list()]

    def generations(self, origin: str) -> list[dict[str, Any]]:
        """Return all generations, oldest first, with links that start with ``origin``."""
        state, now = self._service.state, self._service.clock.now()
        found = [item for account in state.accounts.values() for item in account.generations.values()]
        found.sort(key=lambda generation: generation.created_at)
        return [_generation(state, generation, now, origin) for generation in found]

    def images(self, origin: str) -> list[dict[str, Any]]:
        """Return the library."""
        state, now = self._service.state, self._service.clock.now()
        return [
            {
                "id": image.id,
                "title": image.title,
                "width": image.width,
                "height": image.height,
                "url": origin + signed(state, f"/media/library/{image.id}/1024.jpg", now),
                "mask_box": list(image.mask_box),
                "prompt": image.prompt,
            }
            for image in self._service.studio.library.values()
        ]

    def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts, without their secrets."""
        now = self._service.clock.now()
        return [
            {
                **account.settings(),
                "pending": account.pending(now),
                "uploads": len(account.uploads),
                "registrations": sum(not file.is_archived for file in account.registrations.values()),
                "generations": len(account.generations),
            }
            for account in self._service.state.accounts.values()
        ]

    def configure_account(self, key: str, changes: AccountRequest) -> dict[str, Any]:
        """Change an account. Raises KeyError if it does not exist."""
        account = self._service.state.accounts[key]
        given = changes.model_fields_set
        if changes.products is not None:
            account.products = [_product(product) for product in changes.products]
        if changes.credits_remaining is not None:
            for product in account.products:
                product.credits_remaining = changes.credits_remaining
        if "queries_per_second" in given:
            account.queries_per_second = changes.queries_per_second
        if "concurrent_generations" in given:
            account.concurrent_generations = changes.concurrent_generations
        if changes.concurrency_refusal is not None:
            account.concurrency_refusal = changes.concurrency_refusal.value
        if changes.company_generations is not None:
            account.company_generations = changes.company_generations
        if changes.secret is not None:
            account.secret = changes.secret
            now, tokens = self._service.clock.now(), self._service.state.tokens
            ended = [replace(token, expires_at=now) for token in tokens.values() if token.account == key]
            self._service.save(*ended)
            tokens |= {token.text: token for token in ended}
        self._service.save(account)
        return next(listed for listed in self.accounts() if listed["key"] == key)


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "id": fault.id,
        "fault": fault.kind.name,
        **{name: getattr(fault.aim, name) for name in Aim.__slots__},
        "times": fault.times,
        "skip": fault.skip,
        **fault.parameters,
    }


def _generation(state: State, generation: Generation, now: float, origin: str) -> dict[str, Any]:
    order = generation.order
    ready = generation.is_ready(now)
    mask = signed(state, f"/media/masks/{generation.id}.jpg", now) if order.mask else None
    return {
        "generation_request_id": generation.id,
        "account": generation.account,
        "state": "gone" if generation.is_gone(now) else "completed" if ready else "pending",
        "generation_type": order.generation_type,
        "created_at": generation.created_at,
        "seed": generation.seed,
        "blocked": sorted(generation.blocked),
        "source": asdict(order.source) if order.source else None,
        "mask": mask and origin + mask,
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "product_id": order.product_id,
        "notes": order.notes,
        "project_code": order.project_code,
        "options": order.options,
        "downloads": {index: asdict(download) for index, download in (generation.downloads or {}).items()},
    }


def _product(wanted: ProductRequest) -> Product:
    return Product(
        id=wanted.id,
        name=wanted.name,
        type=wanted.type,
        status=wanted.status,
        credits_remaining=wanted.credits_remaining,
        note_required=wanted.notes == "required",
        project_code_required=wanted.project_code == "required",
        project_codes=tuple(wanted.project_codes),
    )
