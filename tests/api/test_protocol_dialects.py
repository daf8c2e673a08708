"""Two forms of the API: which one is spoken, when the other is tried, and what is remembered."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.errors import (
    BadRequestError,
    Credit,
    InvalidProductError,
    InvalidRequestError,
    NoAnswerError,
)
from airflow_provider_getty.api.operations import (
    BackgroundGeneration,
    GetGeneration,
    MovedOperation,
    Redownload,
    Refine,
    RegisterFile,
)
from tests.support.scripted_getty import COMPLETED, ID, MASK_URL, PENDING, ScriptedGetty, answer, error, token

REFINE = Refine(image_id="1473240153", mask_url=MASK_URL, prompt="a boat")
POLL = GetGeneration(generation_request_id=ID)

BETA = f"https://api.gettyimages.com/beta/ai/image-generations/{ID}"
V3 = f"https://api.gettyimages.com/v3/ai/image-generations/{ID}"

REGISTER = RegisterFile(url=MASK_URL, rights_claimed=True)
SCENE = BackgroundGeneration(reference_file_registration_id="r", prompt="a beach")

BAD_VALUE = error(400, "InvalidParameterValue", "id: unknown field")
NO_ROUTE = [
    pytest.param(answer(403, {"message": "Missing Authentication Token"}), id="403 of the gateway"),
    pytest.param(answer(404, {"message": "Not Found"}), id="404 of the gateway"),
    pytest.param(Answer(404, {"content-type": "text/html"}, b"<h1>Not Found</h1>"), id="404 in HTML"),
    pytest.param(answer(404), id="empty 404"),
]
NO_REASON_TO_REPEAT = [
    error(403, "ProductQuotaExceeded"),
    error(409, "ConcurrencyConflict"),
    error(410, "GenerationRequestGone"),
    answer(429, {"message": "Too Many Requests"}),
    answer(500),
    answer(503),
    answer(302),
    Answer(200, {"content-type": "text/html"}, b"<html>"),
    NoAnswerError("There was no answer."),
]


def images(getty: ScriptedGetty) -> list[str]:
    """Under which field the refines named their image."""
    return [
        name
        for body in getty.bodies
        for name in body
        if name in ("id", "reference_asset_id", "reference_generation")
    ]


# Settled dialects


def test_the_reference_page_names_the_image_id_and_polls_under_beta() -> None:
    getty = ScriptedGetty(dialect=Dialect.REFERENCE_PAGE)
    getty.ask(REFINE, token(), answer(202, PENDING))
    getty.ask(POLL, answer(202))
    assert images(getty) == ["id"]
    assert getty.urls[-1] == BETA


def test_the_current_form_names_the_image_reference_asset_id_and_polls_under_v3() -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    getty.ask(REFINE, token(), answer(202, PENDING))
    getty.ask(POLL, answer(202))
    assert images(getty) == ["reference_asset_id"]
    assert getty.urls[-1] == V3


@pytest.mark.parametrize("dialect", [Dialect.REFERENCE_PAGE, Dialect.CURRENT])
def test_a_settled_dialect_is_never_left(dialect: Dialect) -> None:
    getty = ScriptedGetty(dialect=dialect)
    getty.failure(REFINE, token(), BAD_VALUE)
    getty.failure(POLL, answer(404))
    assert len(getty.urls) == 2


@pytest.mark.parametrize("dialect", Dialect)
def test_a_generated_image_is_always_named_in_the_current_form(dialect: Dialect) -> None:
    getty = ScriptedGetty(dialect=dialect)
    reference = {"generation_request_id": ID, "index": 2}
    again = Refine(reference_generation=reference, mask_url=MASK_URL, prompt="a boat")
    getty.ask(again, token(), answer(202, PENDING))
    getty.failure(again, BAD_VALUE)
    body = {"reference_generation": reference, "mask_url": MASK_URL, "prompt": "a boat"}
    assert getty.bodies == [body] * 2


# Auto


@pytest.mark.parametrize(
    "refusal", [BAD_VALUE, answer(422, {"detail": "id: unknown field"}), error(404, "ImageNotFound")], ids=str
)
def test_a_refine_whose_image_is_refused_is_asked_again_in_the_current_form(refusal: Answer) -> None:
    getty = ScriptedGetty()
    assert getty.ask(REFINE, token(), refusal, answer(202, PENDING)).generation_request_id == ID
    assert images(getty) == ["id", "reference_asset_id"]


@pytest.mark.parametrize("nothing_there", NO_ROUTE)
def test_a_poll_of_a_path_that_does_not_exist_is_asked_again_in_the_current_form(
    nothing_there: Answer,
) -> None:
    getty = ScriptedGetty()
    getty.ask(POLL, token(), nothing_there, answer(200, COMPLETED))
    assert getty.urls == [BETA, V3]


@pytest.mark.parametrize("coming", NO_REASON_TO_REPEAT, ids=str)
def test_nothing_else_is_repeated_in_another_form(coming: Answer | NoAnswerError) -> None:
    getty = ScriptedGetty()
    getty.failure(REFINE, token(), coming)
    getty.failure(POLL, coming)
    assert len(getty.urls) == 2


def test_a_refine_is_not_repeated_because_its_path_does_not_exist() -> None:
    """Both forms of the refine have the same path."""
    getty = ScriptedGetty()
    getty.failure(REFINE, token(), answer(404))
    getty.failure(REFINE, answer(403, {"message": "Missing Authentication Token"}))
    assert images(getty) == ["id", "id"]


def test_a_poll_is_not_repeated_because_of_a_400() -> None:
    getty = ScriptedGetty()
    getty.failure(POLL, token(), BAD_VALUE)
    assert getty.urls == [BETA]


@pytest.mark.parametrize("nothing_there", NO_ROUTE)
@pytest.mark.parametrize(
    ("operation", "result"), [(REGISTER, answer(200, {"id": "r"})), (SCENE, answer(202, PENDING))], ids=str
)
def test_a_post_whose_path_does_not_exist_created_nothing_and_is_asked_again_in_the_current_form(
    operation: MovedOperation[object], result: Answer, nothing_there: Answer
) -> None:
    getty = ScriptedGetty()
    getty.ask(operation, token(), nothing_there, result)
    assert [url.split("/")[3] for url in getty.urls] == ["beta", "v3"]
    assert getty.bodies[0] == getty.bodies[1]


@pytest.mark.parametrize("coming", [BAD_VALUE, *NO_REASON_TO_REPEAT], ids=str)
def test_a_post_whose_path_exists_is_not_repeated(coming: Answer | NoAnswerError) -> None:
    getty = ScriptedGetty()
    getty.failure(SCENE, token(), coming)
    assert len(getty.urls) == 1


def test_a_poll_that_a_gateway_forbids_is_asked_again_in_the_current_form() -> None:
    getty = ScriptedGetty()
    getty.ask(POLL, token(), answer(403, {"message": "Forbidden"}), answer(200, COMPLETED))
    assert getty.urls == [BETA, V3]


def test_a_generation_that_is_not_found_is_not_asked_for_in_another_form() -> None:
    getty = ScriptedGetty()
    getty.failure(POLL, token(), error(404, "GenerationRequestIdNotFound"))
    assert getty.urls == [BETA]


@pytest.mark.parametrize("dialect", [Dialect.REFERENCE_PAGE, Dialect.CURRENT])
@pytest.mark.parametrize(
    ("operation", "refusal"),
    [(REFINE, BAD_VALUE), (POLL, answer(404)), (POLL, answer(403, {"message": "Forbidden"}))],
)
def test_an_error_that_another_dialect_would_cure_names_the_extra_to_set(
    dialect: Dialect, operation: Refine | GetGeneration, refusal: Answer
) -> None:
    other = Dialect.CURRENT if dialect is Dialect.REFERENCE_PAGE else Dialect.REFERENCE_PAGE
    shown = str(ScriptedGetty(dialect=dialect).failure(operation, token(), refusal))
    assert f"set dialect={other.value} in the connection's extra" in shown


# What the current form requires


def test_today_s_api_requires_a_prompt_so_nothing_is_sent_without_one() -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    silent = REFINE.model_copy(update={"prompt": None})
    failure = getty.failure(silent)
    assert type(failure) is InvalidRequestError
    assert "prompt: today's API requires it" in str(failure)
    assert getty.urls == []


def test_so_it_does_for_a_generated_image_in_every_dialect() -> None:
    reference = {"generation_request_id": ID, "index": 2}
    getty = ScriptedGetty(dialect=Dialect.REFERENCE_PAGE)
    getty.failure(Refine(reference_generation=reference, mask_url=MASK_URL))
    assert getty.urls == []


@pytest.mark.parametrize("dialect", [Dialect.AUTO, Dialect.REFERENCE_PAGE])
def test_where_the_form_of_the_reference_page_is_tried_getty_decides_about_the_prompt(
    dialect: Dialect,
) -> None:
    getty = ScriptedGetty(dialect=dialect)
    getty.ask(REFINE.model_copy(update={"prompt": None}), token(), answer(202, PENDING))
    assert "prompt" not in getty.bodies[0]


def test_a_redownload_needs_a_product_of_its_own_or_of_the_account() -> None:
    again = Redownload(generated_asset_id="a", size_name="1k")
    failure = ScriptedGetty().failure(again)
    assert "product_id: Getty requires it" in str(failure)
    getty = ScriptedGetty(product_id=7)
    getty.ask(again, token(), answer(200, {"url": "https://delivery.example/1"}))
    assert getty.bodies[0]["product_id"] == 7


# Memory


def test_where_the_current_form_was_accepted_everything_speaks_it_from_then_on() -> None:
    getty = ScriptedGetty()
    getty.ask(REFINE, token(), BAD_VALUE, answer(202, PENDING))
    getty.ask(POLL, answer(202))
    getty.ask(REFINE, answer(202, PENDING))
    assert getty.urls[-2] == V3
    assert images(getty) == ["id", "reference_asset_id", "reference_asset_id"]


def test_one_line_names_the_extra_that_spares_trying(caplog: pytest.LogCaptureFixture) -> None:
    getty = ScriptedGetty()
    with caplog.at_level(logging.INFO):
        getty.ask(REFINE, token(), BAD_VALUE, answer(202, PENDING))
        getty.ask(REFINE, answer(202, PENDING))
    [line] = caplog.messages
    assert "dialect=current" in line


def test_where_the_reference_page_was_accepted_a_400_is_not_asked_again() -> None:
    getty = ScriptedGetty()
    getty.ask(REFINE, token(), answer(202, PENDING))
    getty.failure(REFINE, BAD_VALUE)
    assert images(getty) == ["id", "id"]


def test_a_server_may_take_refines_of_the_reference_page_and_have_only_polls_of_today() -> None:
    getty = ScriptedGetty()
    getty.ask(REFINE, token(), answer(202, PENDING))
    getty.ask(POLL, answer(404), answer(202))
    getty.ask(POLL, answer(202))
    assert getty.urls[1:] == [BETA, V3, V3]


def test_such_a_server_goes_on_taking_the_refines_of_the_reference_page() -> None:
    getty = ScriptedGetty()
    getty.ask(REFINE, token(), answer(202, PENDING))
    getty.ask(POLL, answer(404), answer(202))
    getty.ask(REFINE, answer(202, PENDING))
    assert images(getty) == ["id", "id"]


def test_a_server_may_take_today_s_images_and_have_registrations_only_under_beta() -> None:
    """As in 2024."""
    getty = ScriptedGetty()
    getty.ask(REFINE, token(), BAD_VALUE, answer(202, PENDING))
    getty.ask(REGISTER, answer(404), answer(200, {"id": "r"}))
    getty.ask(REGISTER, answer(200, {"id": "r"}))
    assert [url.split("/")[3] for url in getty.urls[2:]] == ["v3", "beta", "beta"]


def test_what_is_not_known_yet_is_tried_in_both_forms_today_s_first() -> None:
    getty = ScriptedGetty()
    getty.ask(POLL, token(), answer(404), answer(202))
    getty.ask(REFINE, BAD_VALUE, answer(202, PENDING))
    getty.ask(REFINE, answer(202, PENDING))
    assert images(getty) == ["reference_asset_id", "id", "id"]


def test_the_process_remembers_each_server_by_itself() -> None:
    ScriptedGetty().ask(POLL, token(), answer(404), answer(202))
    same, other = ScriptedGetty(), ScriptedGetty(base_url="https://getty.example")
    same.ask(POLL, token(), answer(202))
    other.ask(POLL, token(), answer(202))
    assert same.urls == [V3]
    assert other.urls == [f"https://getty.example/beta/ai/image-generations/{ID}"]


def test_a_settled_dialect_is_stronger_than_the_memory() -> None:
    ScriptedGetty().ask(POLL, token(), answer(404), answer(202))
    getty = ScriptedGetty(dialect=Dialect.REFERENCE_PAGE)
    getty.ask(POLL, token(), answer(202))
    assert getty.urls == [BETA]


# Refused in both


def test_a_refusal_in_both_forms_tells_both_and_costs_nothing() -> None:
    first = error(400, "InvalidParameterValue", "mask_url: no such upload")
    second = error(400, "InvalidParameterValue", "prompt: required")
    failure = ScriptedGetty().failure(REFINE, token(), first, second)
    assert type(failure) is BadRequestError
    assert "mask_url: no such upload" in str(failure)
    assert "prompt: required" in str(failure)
    assert str(failure).startswith("Refine of image 1473240153: ")
    assert (failure.credit, failure.may_retry) == (Credit.UNUSED, False)


@pytest.mark.parametrize("product_first", [True, False])
def test_of_two_refusals_the_one_with_the_telling_code_decides_the_class(*, product_first: bool) -> None:
    refusals = [error(400, "InvalidProduct", "no such product"), BAD_VALUE]
    failure = ScriptedGetty().failure(REFINE, token(), *refusals[:: 1 if product_first else -1])
    assert type(failure) is InvalidProductError
    assert failure.code == "InvalidProduct"


def test_the_same_refusal_twice_is_told_once_though_each_answer_has_its_own_id() -> None:
    refusals = (replace(BAD_VALUE, headers={"x-request-id": f"request-{number}"}) for number in (1, 2))
    failure = ScriptedGetty().failure(REFINE, token(), *refusals)
    assert str(failure).count("unknown field") == 1


def test_refusals_teach_nothing_about_the_server() -> None:
    getty = ScriptedGetty()
    getty.failure(REFINE, token(), BAD_VALUE, BAD_VALUE)
    getty.failure(REFINE, BAD_VALUE, answer(429))
    getty.ask(REFINE, answer(202, PENDING))
    assert images(getty)[-1] == "id"


def test_trouble_in_the_second_form_is_told_as_it_is() -> None:
    failure = ScriptedGetty().failure(REFINE, token(), BAD_VALUE, answer(503))
    assert failure.credit is Credit.UNKNOWN
    assert not failure.may_retry


def test_a_poll_made_beforehand_is_judged_by_the_form_it_was_made_in() -> None:
    getty = ScriptedGetty(token())
    getty.drive(getty.protocol.fetch_token())
    opening = getty.protocol.opening(POLL)
    assert opening is not None
    assert opening.call.url == BETA
    getty.ask(POLL, answer(404), answer(202, PENDING))  # meanwhile, another poll finds out
    getty.script.append(answer(200, COMPLETED))
    refused = answer(403, {"message": "Missing Authentication Token"})
    assert getty.drive(getty.protocol.opened(POLL, opening, refused)).generation_request_id == ID
    assert getty.calls[-1].url == V3


def test_a_poll_made_beforehand_whose_token_was_refused_is_made_with_a_new_one() -> None:
    getty = ScriptedGetty(token(), dialect=Dialect.CURRENT)
    assert getty.protocol.opening(POLL) is None
    getty.drive(getty.protocol.fetch_token())
    opening = getty.protocol.opening(POLL)
    assert opening is not None
    getty.script.extend([token(), answer(200, COMPLETED)])
    assert getty.drive(getty.protocol.opened(POLL, opening, answer(401))).generation_request_id == ID


def test_a_poll_made_beforehand_that_was_not_answered_fails_as_any_other() -> None:
    getty = ScriptedGetty(token(), dialect=Dialect.CURRENT)
    getty.drive(getty.protocol.fetch_token())
    opening = getty.protocol.opening(POLL)
    assert opening is not None
    with pytest.raises(NoAnswerError) as caught:
        getty.drive(getty.protocol.opened(POLL, opening, NoAnswerError("There was no answer.")))
    assert caught.value.credit is Credit.COMMITTED
