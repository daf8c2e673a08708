"""Pages through lists that may grow in the meantime. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from airflow_provider_getty.api import operations
from airflow_provider_getty.api.results import folded

if TYPE_CHECKING:
    from airflow_provider_getty.api.errors import AnswerError
    from airflow_provider_getty.api.operations import Operation
    from airflow_provider_getty.api.results import HistoryItem, HistoryPage, Registration, Registrations

PageT = TypeVar("PageT", bound="HistoryPage | Registrations")
ItemT = TypeVar("ItemT")

_PAGE_SIZE = 100


class Pages(Generic[PageT, ItemT]):
    """A position in a list.

    :param first: the request for the first page.
    :param items: returns the items of a page.
    :param id_of: returns the id by which an item is recognized: new items move the others to later pages.
    """

    def __init__(
        self,
        first: Operation[PageT],
        items: Callable[[PageT], tuple[ItemT, ...]],
        id_of: Callable[[ItemT], str],
    ) -> None:
        self.next: Operation[PageT] | None = first
        self._page = 1
        self._items = items
        self._id_of = id_of
        self._seen: set[str] = set()

    def take(self, answer: PageT) -> Iterable[ItemT]:
        """The items that were not on an earlier page; afterwards, ``next`` requests the next page, if any."""
        listed = self._items(answer)
        if answer.result_count is None:
            is_last = len(listed) < _PAGE_SIZE
        else:
            is_last = not listed or self._page * _PAGE_SIZE >= answer.result_count
        self._page += 1
        self.next = None if is_last or not self.next else self.next.model_copy(update={"page": self._page})
        items = {self._id_of(item): item for item in listed}
        new = items.keys() - self._seen
        self._seen |= new
        return [item for name, item in items.items() if name in new]

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
        page_size=_PAGE_SIZE,
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
        lambda page: page.generations,
        lambda item: item.generation_request_id or item.model_dump_json(),
    )


def registration_pages() -> Pages[Registrations, Registration]:
    """The account's registered files."""
    return Pages(
        operations.ListRegistrations(page_size=_PAGE_SIZE),
        lambda page: page.file_registrations,
        lambda file: file.id,
    )
