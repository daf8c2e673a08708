"""What is read out of an HTTP response before anybody knows whether it is a result."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.errors import Credit, GettyError, InvalidProductError, QueriesPerSecondError
from tests.support.scripted_getty import answer, error


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ({"ErrorCode": "InvalidProduct", "ErrorMessage": "Which one?"}, "InvalidProduct", "Which one?"),
        ({"message": "Unauthorized"}, None, "Unauthorized"),
        (
            {"error": "invalid_client", "error_description": "The secret is wrong."},
            "invalid_client",
            "The secret is wrong",
        ),
        ({"ErrorCode": "", "ErrorMessage": None}, None, None),
        ({"error": {"a": "structure"}}, None, None),
        (["a", "list"], None, None),
        ("a text", None, None),
        ({"message": "x" * 5000}, None, "x" * 299 + "…"),
        ({"errorCode": "InvalidPrompt", "errorMessage": "No."}, "InvalidPrompt", "No"),
        ({"ERROR_CODE": "InvalidPrompt", "error_message": "No."}, "InvalidPrompt", "No"),
        ({"error": {"code": "InvalidPrompt", "message": "No."}}, "InvalidPrompt", "No"),
        ({"error": "It did not work."}, None, "It did not work"),
        (
            {
                "type": "about:blank",
                "title": "Bad Request",
                "detail": "See errors.",
                "errors": {"prompt": ["Too long.", "Rude."]},
            },
            None,
            "See errors; prompt: Too long. Rude",
        ),
        (
            {"title": "One or more errors", "errors": ["prompt is missing"]},
            None,
            "One or more errors; prompt is missing",
        ),
        ({"message": "\x1b[31mRed\x1b[0m\r\nalert\x07\u2028end\u202e"}, None, "Red alert end"),
        ({"message": 5, "ErrorCode": ["x"]}, None, None),
        ({"errors": {"prompt": [["Rude."], {"why": None}]}}, None, "prompt: ['Rude.'] {'why': None}"),
    ],
)
def test_code_and_message_are_found_in_each_voice(
    document: object, code: str | None, message: str | None
) -> None:
    said = answer(400, document)
    assert (said.code, said.message) == (code, message)


def test_a_reason_as_deep_as_python_goes_is_quoted_all_the_same() -> None:
    said = Answer(400, {}, b'{"errors": ' + b"[" * 900 + b"]" * 900 + b"}").message
    assert said is not None
    assert said.startswith("[[[")
    assert len(said) < 100


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"ErrorCode"', b"\xff\xfe", b"\x00", b"[" * 100_000])
def test_an_answer_that_is_no_json_has_neither_code_nor_message(body: bytes) -> None:
    said = Answer(500, {}, body)
    assert (said.code, said.message) == (None, None)


@pytest.mark.parametrize(
    ("body", "content_type", "prompt"),
    [
        (b'\xef\xbb\xbf{"prompt": "K\xc3\xa4se"}', "application/json", "Käse"),
        (b'\r\n {"prompt": "K\xc3\xa4se"}\n<!-- proxy -->', "text/html", "Käse"),
        (b'{"prompt": "K\xe4se"}', "application/json; charset=ISO-8859-1", "Käse"),
        (b'{"prompt": "K\xe4se"}', "application/json;Charset='windows-1252'", "Käse"),
        (b'{"prompt": "K\xe4se"}', "application/json", "K\ufffdse"),
        (b'{"prompt": "K\xc3\xa4se"}', "application/json; charset=base64", "Käse"),
        (b'{"prompt": "K\xc3\xa4se"}', "application/json; charset=klingon", "Käse"),
        ('{"prompt": "Käse"}'.encode("utf-16"), "application/json", "Käse"),
        (b'{"prompt": "K", "seed": ' + b"9" * 5000 + b"}", "", "K"),
        (b'{"prompt": "K", "seed": NaN}', "", "K"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_is_read_however_it_is_written(body: bytes, content_type: str, prompt: str) -> None:
    assert Answer(200, {"content-type": content_type}, body).json()["prompt"] == prompt


@pytest.mark.parametrize("header", ["x-request-id", "x-amzn-requestid"])
def test_the_request_id_and_the_detail_are_in_the_headers(header: str) -> None:
    said = Answer(429, {header: "r-1", "x-error-detail": "Account Over Queries Per Second Limit"})
    assert str(said.error()).startswith(
        "Getty answered 429 (X-Error-Detail: Account Over Queries Per Second Limit, request id r-1). "
    )


@pytest.mark.parametrize(
    ("said", "unmatched"),
    [
        (answer(403, {"message": "Missing Authentication Token"}), True),
        (answer(404), True),
        (answer(404, {"message": "Not Found"}), True),
        (error(404, "GenerationRequestIdNotFound"), False),
        (error(403, "NotAuthorized"), False),
        (answer(403, {"message": "Forbidden"}), False),
        (answer(400, {"message": "Missing Authentication Token"}), False),
    ],
)
def test_a_path_where_nothing_lives_is_told_from_a_thing_that_is_not_found(
    said: Answer, *, unmatched: bool
) -> None:
    assert said.is_unmatched_route is unmatched


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_the_way_into_another_process(again: Callable[[GettyError], GettyError]) -> None:
    failed = error(400, "InvalidProduct", "Which one?").error()
    failed.asked, failed.credit = "Refine of image 1", Credit.UNUSED
    copied = again(failed)
    assert type(copied) is InvalidProductError
    assert str(copied) == str(failed)
    assert vars(copied) == vars(failed)


def test_each_error_class_says_what_to_do() -> None:
    def below(kind: type[GettyError]) -> set[type[GettyError]]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    # Those of the API: what else is below GettyError depends on what was imported before.
    silent = {
        kind.__name__
        for kind in below(GettyError)
        if not kind.default_advice and kind.__module__ == GettyError.__module__
    }
    assert silent <= {
        "GettyError",
        "InvalidRequestError",
        "MaskError",
        "TransportError",
        "AnswerError",
        "SubmissionUnsureError",
    }


@pytest.mark.parametrize("code", ["invalidproduct", "INVALID_PRODUCT", "InvalidProduct"])
def test_a_code_is_known_in_any_letter_case(code: str) -> None:
    assert type(error(400, code).error()) is InvalidProductError


def test_the_rate_limit_of_an_older_gateway_is_a_403_with_a_detail() -> None:
    said = answer(
        403, {"message": "Forbidden"}, **{"x-error-detail": "Account Over Queries Per Second Limit"}
    )
    assert type(said.error()) is QueriesPerSecondError


@pytest.mark.parametrize("name", ["x-error-detail", "x-amzn-requestid", "x-amz-apigw-id", "x-amz-cf-id"])
def test_a_header_is_quoted_in_one_bounded_line(name: str) -> None:
    shown = str(Answer(500, {name: "\x1b[1mid\x1b[0m" + "y" * 5000}).error())
    assert "idyyy" in shown
    assert shown.isprintable()
    assert len(shown) < 600


def test_what_cannot_be_used_is_told_in_one_bounded_line() -> None:
    odd = "\x1b[1mid\x1b[0m" + "y" * 5000
    why = ValueError(f"it is about another generation,\n{odd}")
    shown = str(Answer(200, {"content-type": odd}).unexpected(why))
    assert shown.startswith("Getty answered 200 (idyyy")
    assert "which cannot be used: it is about another generation, idyyy" in shown
    assert shown.isprintable()
    assert len(shown) < 900


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://new.example/v3?Signature=signed-secret", "https://new.example"),
        ("https://me:signed-secret@new.example:8443/v3", "https://new.example:8443"),
        ("//new.example/v3", "new.example"),
        ("/v4?Signature=signed-secret", "another path"),
        ("", "another path"),
        ("http://[::1", "an unreadable address"),
    ],
)
def test_a_redirect_names_the_new_host_and_no_more(location: str, named: str) -> None:
    moved = Answer(301, {"location": location}).error()
    assert moved.problem == f"Getty answered 301, a redirect to {named}."
