"""The operations that list an account's products and the history of its generations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, ClassVar, Self, TypeAlias

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from airflow_provider_getty.api.choices import LARGEST, MediaType
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.operations.operation import Operation, PathId, ProductId
from airflow_provider_getty.api.results import HistoryItem, HistoryPage, Products

__all__ = ["GetHistory", "GetHistoryItem", "ListProducts"]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is out of range") from None


def _second_after(moment: datetime) -> datetime:
    try:
        return moment + timedelta(microseconds=-moment.microsecond % 1_000_000)
    except OverflowError:  # the last second there is
        return moment


# The form of dates in Getty's reference: YYYY-MM-DDTHH:mm:ssZ.
Date: TypeAlias = Annotated[
    datetime,
    AfterValidator(_in_utc),
    PlainSerializer(lambda moment: moment.isoformat(timespec="seconds").replace("+00:00", "Z")),
]


class ListProducts(Operation[Products]):
    """Ask for the account's license products and what they require."""

    name: ClassVar[str] = "products"
    route: ClassVar[str] = "/v3/products?fields=download_requirements"
    label: ClassVar[str] = "List of products"
    answers = MappingProxyType({200: Products})


class GetHistory(Operation[HistoryPage]):
    """Ask for a page of the account's generations, the newest first.

    :param date_start: only generations made then or later.
    :param date_end: only generations made then or earlier. A date without a time zone is in UTC. Both are sent in
        whole seconds, the end rounded up.
    :param media_type: only photographs, or only illustrations.
    :param product_ids: only generations that these products paid for.
    :param company_generations: include those of all users of the company; 403 if the account may not see them.
    """

    name: ClassVar[str] = "history"
    route: ClassVar[str] = "/v3/ai/generation-history"
    label: ClassVar[str] = "Generation history, page {page}"
    answers = MappingProxyType({200: HistoryPage})

    page: int = Field(default=1, ge=1, le=LARGEST)
    page_size: int = Field(default=30, ge=1, le=1000)
    date_start: Date | None = None
    date_end: Annotated[Date, AfterValidator(_second_after)] | None = None
    media_type: MediaType | None = None
    product_ids: Annotated[tuple[ProductId, ...], Field(min_length=1)] | None = None
    company_generations: bool | None = None

    @model_validator(mode="after")
    def _starts_before_its_end(self) -> Self:
        if self.date_start and self.date_end and self.date_start > self.date_end:
            raise ValueError("date_start is later than date_end")
        return self


class GetHistoryItem(Operation[HistoryItem]):
    """Ask for one generation as the history shows it."""

    name: ClassVar[str] = "history_item"
    route: ClassVar[str] = "/v3/ai/generation-history/{generation_request_id}"
    label: ClassVar[str] = "History of generation {generation_request_id}"
    answers = MappingProxyType({200: HistoryItem})
    committed: ClassVar[Credit] = Credit.COMMITTED
    at_risk: ClassVar[Credit] = Credit.COMMITTED

    generation_request_id: PathId
