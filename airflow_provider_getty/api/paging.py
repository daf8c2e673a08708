"""Pages through lists that may grow in the meantime. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from airflow_provider_getty.api import operations
from airflow_provider_getty.api.errors import UnexpectedAnswerError
from airflow_provider_getty.api.results import folded

if TYPE_CHECKING:
    from airflow_provider_getty.api.errors import AnswerError
    from airflow_provider_getty.api.operations import Operation
    from airflow_provider_getty.api.results import HistoryItem, HistoryPage, Registration, Registrations

PageT = TypeVar("PageT", bound="HistoryPage | Registrations")
ItemT = TypeVar("ItemT")

_GENERATIONS, _REGISTRATIONS = 500, 100
"""The sizes of the pages to ask for. Getty allows 1,000 generations, which may have more than a megabyte."""
_MOST_REPEATED = 3
"""A page may repeat another one where many new items have moved the others."""


class Pages(Generic[PageT, ItemT]):
    """A position in a list.

    A server may send shorter pages than it is asked for, count only the items of a page, or count none at all. So the
    list ends with an empty page, or with one that is not full once as many items were listed as are announced.

    :param first: the request for the first page.
    :param size: how many items it asks for.
    :param items: returns the items of a page.
    :param id_of: returns the id by which an item is recognized: new items move the others to later pages.
    """

    def __init__(
        self,
        first: Operation[PageT],
        size: int,
        items: Callable[[PageT], tuple[ItemT, ...]],
        id_of: Callable[[ItemT], str],
    ) -> None:
        self.next: Operation[PageT] | None = first
        self._page = 1
        self._size = size
        self._items = items
        self._id_of = id_of
        self._seen: set[str] = set()
        self._listed = 0
        self._repeated = 0

    def take(self, answer: PageT) -> Iterable[ItemT]:
        """The items that were not on an earlier page; afterwards, ``next`` requests the next page, if any.

        :raises UnexpectedAnswerError: the server shows the same page again and again, and announces more.
        """
        listed = self._items(answer)
        items = {self._id_of(item): item for item in listed}
        new = items.keys() - self._seen
        self._seen |= new
        if new:
            self._listed += len(listed)
        elif listed:
            self._repeated += 1
        is_last = self._is_last(answer.result_count, len(listed), has_new=bool(new))
        self._page += 1
        self.next = None if is_last or not self.next else self.next.model_copy(update={"page": self._page})
        return [item for name, item in items.items() if name in new]

    def _is_last(self, announced: int | None, length: int, *, has_new: bool) -> bool:
        if announced is None:
            return not has_new
        if self._repeated >= _MOST_REPEATED and self._listed < announced:
            raise UnexpectedAnswerError(
                f"The list repeats itself: {len(self._seen)} of {announced} entries were shown.",
                status=HTTPStatus.OK,
                asked=self.next.asked if self.next else "",
            )
        return not length or (self._listed >= announced and length < self._size)

    def refused(self, error: AnswerError) -> None:
        """End the list: Getty refused ``next``, as there is no such page.

        :raises AnswerError: Getty refused it for another reason.
        """
        if self._page == 1 or folded(error.code or "") != folded("InvalidPage"):
            raise error
        self.next = None


def history_pages(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    media_type: Literal["photography", "illustration"] | None = None,
    product_ids: Iterable[int] | None = None,
    company_generations: bool | None = None,
) -> Pages[HistoryPage, HistoryItem]:
    """The account's generations, the newest first.

    :param since: only generations made then or later.
    :param until: only generations made then or earlier.
    :param media_type: only photographs, or only illustrations.
    :param product_ids: only generations for which these products paid.
    :param company_generations: include those of the whole company, if the account may see them.
    """
    first = operations.GetHistory(
        page_size=_GENERATIONS,
        date_start=since,
        date_end=until,
        media_type=media_type,
        # A string is refused; as a tuple, it would become many ids.
        product_ids=product_ids
        if product_ids is None or isinstance(product_ids, str)
        else tuple(product_ids),
        company_generations=company_generations,
    )
    return Pages(
        first,
        _GENERATIONS,
        lambda page: page.generations,
        lambda item: item.generation_request_id or item.model_dump_json(),
    )


def registration_pages() -> Pages[Registrations, Registration]:
    """The account's registered files."""
    return Pages(
        operations.ListRegistrations(page_size=_REGISTRATIONS),
        _REGISTRATIONS,
        lambda page: page.file_registrations,
        lambda file: file.id,
    )
