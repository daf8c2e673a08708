"""The state: accounts with their uploads, generations, downloads and charges.

Plain data, independent of HTTP and drawing. Times are seconds since the epoch on the emulator's clock.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from getty_emulator.options import Options

TOKEN_SECONDS = 1800
UPLOAD_SECONDS = 24 * 3600
GENERATION_SECONDS = 180 * 24 * 3600
"""Getty says "6 months". This is the strictest interpretation."""
IMAGES_PER_GENERATION = 4
FIRST_PRODUCT_ID = 10001


@dataclass(slots=True)
class Product:
    """A license product of an account; only active ones of type ``aigen`` can pay for generations."""

    id: int
    name: str = "AI Generator"
    type: str = "aigen"
    status: str = "active"
    credits_remaining: int = 0
    note_required: bool = False
    project_code_required: bool = False
    project_codes: tuple[str, ...] = ()
    """The accepted codes. Empty: any."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file. Overwriting creates a new one; a generation keeps the one it was created with."""

    account: str
    name: str
    content: bytes = field(repr=False)
    format: str
    """Pillow's name for it: ``JPEG`` or ``PNG``."""
    expires_at: float


class Category(StrEnum):
    """The purpose of a registered file."""

    IMAGE_REFERENCE = "ImageReference"
    CUSTOMER_PRODUCT = "CustomerProduct"


@dataclass(slots=True)
class Registration:
    """A registered file. It is kept even after it is archived, because images made from it are drawn from it."""

    id: str
    account: str
    category: Category
    content: bytes = field(repr=False)
    width: int
    height: int
    created_at: float
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The image a generation starts from: a library image, an image of an earlier generation, or a registered file."""

    asset_id: str | None = None
    file_registration_id: str | None = None
    generation_request_id: str | None = None
    index: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """The validated content of a generating call."""

    generation_type: str
    """Its name in generation-history, for example ``refine``."""
    product_id: int
    width: int
    height: int
    source: Source | None = None
    mask: bytes | None = field(default=None, repr=False)
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    notes: str | None = None
    project_code: str | None = None
    images: int = IMAGES_PER_GENERATION
    options: dict[str, Any] = field(default_factory=dict)
    """All other fields of the request, by name: ``left_percentage``, ``mood`` and so on."""


@dataclass(frozen=True, slots=True)
class Download:
    """A started download, ready from ``ready_at`` on."""

    size_name: str
    generated_asset_id: str
    ready_at: float


@dataclass(slots=True)
class Generation:
    """One generation request. Pending until ``ready_at``."""

    id: str
    account: str
    order: Order
    seed: int
    created_at: float
    ready_at: float
    listed_at: float
    """When it appears in generation-history."""
    blocked: frozenset[int] = frozenset()
    downloads: dict[int, Download] | None = None
    """By image index; absent until the first download, because most generations have none."""

    def is_ready(self, now: float) -> bool:
        """Return True if the result is ready."""
        return now >= self.ready_at

    def is_gone(self, now: float) -> bool:
        """Return True if the result has been deleted."""
        return now >= self.created_at + GENERATION_SECONDS


@dataclass(frozen=True, slots=True)
class Charge:
    """One entry of the ledger: the credits charged for a call."""

    time: float
    account: str
    operation: str
    generation_request_id: str
    product_id: int
    credits: int
    notes: str | None
    project_code: str | None
    index: int | None = None
    size_name: str | None = None


@dataclass(slots=True)
class Account:
    """One API key and everything that belongs to it."""

    key: str
    secret: str = field(repr=False)
    products: list[Product]
    queries_per_second: int | None = None
    concurrent_generations: int | None = None
    concurrency_refusal: str = "gateway"
    """The Voice that refuses calls beyond that limit."""
    company_generations: bool = False
    uploads: dict[str, Upload] = field(default_factory=dict, repr=False)
    registrations: dict[str, Registration] = field(default_factory=dict, repr=False)
    generations: dict[str, Generation] = field(default_factory=dict, repr=False)
    charges: list[Charge] = field(default_factory=list, repr=False)
    recent_queries: deque[float] = field(default_factory=deque, repr=False)
    """Monotonic times of the last second's calls; only kept while there is a limit."""
    _pending: list[Generation] = field(default_factory=list, repr=False)

    def settings(self) -> dict[str, Any]:
        """Return its settings as plain JSON, without its secret."""
        return {
            "key": self.key,
            "products": [asdict(product) for product in self.products],
            "queries_per_second": self.queries_per_second,
            "concurrent_generations": self.concurrent_generations,
            "concurrency_refusal": self.concurrency_refusal,
            "company_generations": self.company_generations,
        }

    def ai_products(self) -> list[Product]:
        """Return the products that can pay for generations."""
        return [product for product in self.products if (product.type, product.status) == ("aigen", "active")]

    def add(self, generation: Generation) -> None:
        """Add a new generation."""
        self.generations[generation.id] = generation
        self._pending.append(generation)

    def pending(self, now: float) -> int:
        """Count the generations that are not ready yet."""
        self._pending = [generation for generation in self._pending if not generation.is_ready(now)]
        return len(self._pending)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the account it belongs to."""

    text: str = field(repr=False)
    account: str
    expires_at: float


@dataclass(slots=True)
class State:
    """The whole state of an emulator."""

    accounts: dict[str, Account]
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)
    signing_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def fresh(cls, options: Options) -> State:
        """Return the initial state: each account with one AI product."""
        return cls(
            {
                key: Account(
                    key,
                    secret,
                    [Product(FIRST_PRODUCT_ID + number, credits_remaining=options.credits)],
                    queries_per_second=options.queries_per_second,
                    concurrent_generations=options.concurrent_generations,
                    concurrency_refusal=options.concurrency_refusal,
                )
                for number, (key, secret) in enumerate(options.credentials())
            }
        )

    def find_generation(self, generation_request_id: str) -> Generation | None:
        """Look a generation up in all accounts."""
        for account in self.accounts.values():
            if generation := account.generations.get(generation_request_id):
                return generation
        return None

    def find_registration(self, registration_id: str) -> Registration | None:
        """Look a registered file up in all accounts."""
        for account in self.accounts.values():
            if registration := account.registrations.get(registration_id):
                return registration
        return None
