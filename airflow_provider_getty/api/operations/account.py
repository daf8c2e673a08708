"""The operations that ask what the account has: its products, and the history of its generations."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field

from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.operations.operation import MediaType, Operation, PathId, ProductId
from airflow_provider_getty.api.results import HistoryItem, HistoryPage, Products


class ListProducts(Operation[Products]):
    """Ask for the account's licence products and what they require."""

    route: ClassVar[str] = "/v3/products?fields=download_requirements"
    asks: ClassVar[str] = "List of products"
    answers = MappingProxyType({200: Products})


class GetHistory(Operation[HistoryPage]):
    """Ask for a page of the account's generations, the newest first.

    :param date_start: only what was generated then or later; and
    :param date_end: only what was generated then or earlier.
    :param media_type: only photographs, or only illustrations.
    :param product_ids: only what these products paid for.
    :param company_generations: those of all users of the company, if the account may see them (403 if not).
    """

    route: ClassVar[str] = "/v3/ai/generation-history"
    asks: ClassVar[str] = "Generation history, page {page}"
    answers = MappingProxyType({200: HistoryPage})

    page: int = Field(default=1, ge=1, le=2**31 - 1)
    page_size: int = Field(default=30, ge=1, le=1000)
    date_start: datetime | None = None
    date_end: datetime | None = None
    media_type: MediaType | None = None
    product_ids: tuple[ProductId, ...] | None = None
    company_generations: bool | None = None


class GetHistoryItem(Operation[HistoryItem]):
    """Ask for one generation as the history shows it."""

    route: ClassVar[str] = "/v3/ai/generation-history/{generation_request_id}"
    asks: ClassVar[str] = "History of generation {generation_request_id}"
    answers = MappingProxyType({200: HistoryItem})
    committed: ClassVar[Credit] = Credit.COMMITTED
    at_risk: ClassVar[Credit] = Credit.COMMITTED

    generation_request_id: PathId
