"""Turning pages: a list may grow meanwhile, and Getty may not tell how long it is."""

from __future__ import annotations

import pytest

from airflow_provider_getty.api.errors import BadRequestError, InvalidRequestError
from airflow_provider_getty.api.paging import history_pages, registration_pages
from airflow_provider_getty.api.results import HistoryPage, Registrations
from tests.support.scripted_getty import error


def history(*ids: int, result_count: int) -> HistoryPage:
    items = [{"generation_request_id": str(number)} for number in ids]
    return HistoryPage.model_validate({"result_count": result_count, "generations": items})


def registrations(count: int) -> Registrations:
    return Registrations.model_validate({"file_registrations": [{"id": number} for number in range(count)]})


def test_what_a_new_item_moves_to_the_next_page_is_not_listed_twice() -> None:
    pages = history_pages()
    pages.take(history(*range(1, 101), result_count=101))
    listed = pages.take(history(100, 101, result_count=102))
    assert [item.generation_request_id for item in listed] == ["101"]
    assert pages.next is None


def test_an_empty_page_is_the_last_one_whatever_was_announced() -> None:
    pages = history_pages()
    assert pages.take(history(result_count=500)) == []
    assert pages.next is None


def test_where_the_length_is_not_told_a_page_that_is_not_full_is_the_last_one() -> None:
    pages = registration_pages()
    pages.take(registrations(100))
    assert pages.next is not None
    assert pages.next.asked == "Registered files, page 2"
    pages.take(registrations(99))
    assert pages.next is None


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
    pages.take(history(*range(100), result_count=300))
    first = history_pages(media_type="illustration", product_ids=[7]).next
    assert first is not None
    assert pages.next == first.model_copy(update={"page": 2})


def test_a_text_is_not_taken_for_many_products() -> None:
    with pytest.raises(InvalidRequestError, match="product_ids: Input should be a valid tuple"):
        history_pages(product_ids="10001")  # type: ignore[arg-type]
