"""Turning pages: a list may grow meanwhile, and Getty may not tell how long it is."""

from __future__ import annotations

import pytest

from airflow_provider_getty.api.errors import BadRequestError, InvalidRequestError, UnexpectedAnswerError
from airflow_provider_getty.api.paging import history_pages, registration_pages
from airflow_provider_getty.api.results import HistoryPage, Registrations
from tests.support.scripted_getty import error


def history(*ids: int, result_count: int | None) -> HistoryPage:
    items = [{"generation_request_id": str(number)} for number in ids]
    return HistoryPage.model_validate({"result_count": result_count, "generations": items})


def registrations(count: int) -> Registrations:
    return Registrations.model_validate({"file_registrations": [{"id": number} for number in range(count)]})


def listed(*answers: HistoryPage) -> list[int]:
    """Take these pages, which must be exactly as many as are requested."""
    pages = history_pages()
    ids = []
    for answer in answers:
        assert pages.next is not None
        ids += [int(item.generation_request_id) for item in pages.take(answer)]
    assert pages.next is None
    return ids


def test_what_a_new_item_moves_to_the_next_page_is_not_listed_twice() -> None:
    assert listed(history(*range(1, 501), result_count=501), history(500, 501, result_count=502)) == [
        *range(1, 502)
    ]


def test_an_empty_page_is_the_last_one_whatever_was_announced() -> None:
    assert listed(history(result_count=500)) == []


def test_a_server_may_send_shorter_pages_than_it_is_asked_for() -> None:
    assert listed(history(1, 2, result_count=3), history(3, result_count=3)) == [1, 2, 3]


def test_where_the_length_is_not_told_only_a_page_with_nothing_new_is_the_last_one() -> None:
    first, second = history(1, 2, result_count=None), history(3, result_count=None)
    assert listed(first, second, history(result_count=None)) == [1, 2, 3]
    assert listed(first, first) == [1, 2], "it has no pages"


def test_a_full_page_is_followed_by_another_one_as_its_items_alone_may_be_counted() -> None:
    full = history(*range(500), result_count=500)
    assert listed(full, history(500, result_count=1)) == [*range(501)]
    assert listed(full, history(result_count=500)) == [*range(500)]


def test_a_list_that_announces_more_than_it_ever_shows_is_an_error() -> None:
    pages = history_pages()
    stuck = history(1, 2, result_count=3)
    for _ in range(3):
        pages.take(stuck)
    with pytest.raises(UnexpectedAnswerError, match="repeats itself: 2 of 3 entries were shown"):
        pages.take(stuck)


def test_a_page_may_repeat_another_one_while_many_new_items_move_the_others() -> None:
    first, again = (history(*range(500), result_count=count) for count in (501, 1001))
    rest, end = history(500, result_count=1001), history(result_count=1001)
    assert listed(first, again, rest, end) == [*range(501)]


def test_a_first_page_and_a_page_that_is_refused_for_another_reason_are_errors() -> None:
    beyond = error(400, "invalid_page").error()
    pages = registration_pages()
    with pytest.raises(BadRequestError):
        pages.refused(beyond)
    pages.take(registrations(100))
    with pytest.raises(BadRequestError):
        pages.refused(error(400, "InvalidParameterValue").error())
    pages.refused(beyond)
    assert pages.next is None


def test_the_filters_stay_on_every_page() -> None:
    pages = history_pages(media_type="illustration", product_ids=[7])
    pages.take(history(*range(500), result_count=900))
    first = history_pages(media_type="illustration", product_ids=[7]).next
    assert first is not None
    assert pages.next == first.model_copy(update={"page": 2})


def test_a_text_is_not_taken_for_many_products() -> None:
    with pytest.raises(InvalidRequestError, match="product_ids: Input should be a valid tuple"):
        history_pages(product_ids="10001")  # type: ignore[arg-type]
