"""Images are fetched without credentials, through redirects, and looked at."""

from __future__ import annotations

import io

import pytest

from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.errors import Credit, DownloadError, GettyError, NoAnswerError, UnsafeUrlError
from airflow_provider_getty.api.fetching import fetch_image
from tests.support.scripted_getty import ScriptedGetty, answer

SIGNED_URL = "https://delivery.gettyimages.com/image.jpg?Signature=signed-secret"
JPEG = b"\xff\xd8\xff\xe0"
WHOLE = Answer(200, {"content-length": "5"}, JPEG, 5)


def moved(location: str, status: int = 302) -> Answer:
    return Answer(status, {"location": location})


def fetch(*coming: Answer | GettyError, url: str = SIGNED_URL) -> ScriptedGetty:
    getty = ScriptedGetty(*coming)
    assert getty.drive(fetch_image(url, io.BytesIO(), asked="Image 0")) == 5
    return getty


def failure(*coming: Answer | GettyError, url: str = SIGNED_URL) -> DownloadError:
    getty = ScriptedGetty(*coming)
    with pytest.raises(DownloadError) as caught:
        getty.drive(fetch_image(url, io.BytesIO(), asked="Image 0"))
    shown = str(caught.value)
    assert shown.startswith("Image 0: ")
    assert Credit.COMMITTED in shown
    assert "signed-secret" not in shown
    assert ".." not in shown
    return caught.value


def test_an_image_is_fetched_without_credentials() -> None:
    getty, file = ScriptedGetty(WHOLE), io.BytesIO()
    assert getty.drive(fetch_image(SIGNED_URL, file, asked="Image 0")) == 5
    [call] = getty.calls
    assert (call.method, call.url, call.into) == ("GET", SIGNED_URL, file)
    assert dict(call.headers) == {"Accept-Encoding": "identity"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-length": "5", "content-type": "text/plain"},
        {"content-length": "3", "content-encoding": "gzip"},
    ],
)
def test_an_image_is_whole_whatever_the_server_calls_it(headers: dict[str, str]) -> None:
    fetch(Answer(200, headers, JPEG, 5))


@pytest.mark.parametrize(
    ("coming", "problem"),
    [
        (Answer(200, {"content-length": "5"}, JPEG, 4), "4 of 5 bytes arrived."),
        (Answer(200, {"content-length": "5"}, JPEG, 6), "6 of 5 bytes arrived."),
        (Answer(200, received=0), "0 of an unknown number of bytes arrived."),
        (Answer(200, {"content-length": "0"}, received=0), "0 of 0 bytes arrived."),
        (
            Answer(200, {"content-type": "text/html; charset=utf-8"}, b"<html>", 9),
            "is not an image (text/html",
        ),
        (Answer(200, {"content-type": "application/octet-stream"}, b"hello", 5), "is not an image"),
        (answer(403, {"message": SIGNED_URL}), "answered 403."),
        (answer(304), "answered 304."),
        (NoAnswerError("There was no answer (ReadTimeout)."), "There was no answer (ReadTimeout)."),
    ],
)
def test_an_image_that_does_not_arrive_whole_is_fetched_again(
    coming: Answer | GettyError, problem: str
) -> None:
    error = failure(coming)
    assert problem in str(error)
    assert error.may_retry


def ending(body: bytes, last: bytes, received: int = 5) -> Answer:
    return Answer(200, {"content-length": str(received)}, body, received, last)


PNG = b"\x89PNG\r\n\x1a\n"
CUT = [
    ending(JPEG, b"\xff\xd8\xff\xe0 some of it"),
    ending(PNG, PNG + b"some of it"),
    ending(b"RIFF\x10\0\0\0WEBP", b"some of it"),
]
WITH_AN_END = [
    ending(JPEG, b"all of it\xff\xd9"),
    ending(JPEG, b"all of it\xff\xd9 and what a camera adds"),
    ending(PNG, b"all of it\0\0\0\0IEND\xaeB`\x82"),
    ending(b"RIFF\x10\0\0\0WEBP", b"", 24),
    ending(b"GIF89a", b"whatever"),
]


@pytest.mark.parametrize("whole", WITH_AN_END)
def test_an_image_with_its_end_is_whole(whole: Answer) -> None:
    assert ScriptedGetty(whole).drive(fetch_image(SIGNED_URL, io.BytesIO(), asked="")) == whole.received


@pytest.mark.parametrize("cut", CUT)
def test_an_image_that_ends_before_its_end_is_fetched_once_more(cut: Answer) -> None:
    """Whatever length was announced."""
    getty, file = ScriptedGetty(cut, WHOLE), io.BytesIO(b"before")
    file.seek(6)
    assert getty.drive(fetch_image(SIGNED_URL, file, asked="Image 0")) == 5
    assert len(getty.calls) == 2
    assert (file.tell(), file.getvalue()) == (6, b"before")


def test_an_image_that_ends_otherwise_the_second_time_has_not_arrived() -> None:
    cut, other = ending(JPEG, b"some"), ending(JPEG, b"some more", 9)
    assert "The image is truncated after 9 bytes." in str(failure(cut, other))


def test_an_image_that_comes_twice_without_its_end_is_the_image_that_there_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fetch(CUT[0], CUT[0])
    assert "Getty sent the same twice, so it is kept" in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    getty = fetch(moved("/b.jpg?Signature=2", status), moved("https://cdn.example.com/c.jpg"), WHOLE)
    assert [call.url for call in getty.calls[1:]] == [
        "https://delivery.gettyimages.com/b.jpg?Signature=2",
        "https://cdn.example.com/c.jpg",
    ]
    assert all(dict(call.headers) == {"Accept-Encoding": "identity"} for call in getty.calls)


def test_redirects_are_followed_a_bounded_number_of_times() -> None:
    assert "redirected more than 5 times." in str(failure(*[moved("/again")] * 6))


@pytest.mark.parametrize(
    "url",
    [
        "http://delivery.gettyimages.com/a.jpg",
        "ftp://delivery.gettyimages.com/a.jpg",
        "file:///etc/passwd",
        "a.jpg",
        "https://[",
        "https://delivery.gettyimages.com:99999/a.jpg",
        "data:image/jpeg;base64,AA",
    ],
)
def test_an_unsafe_url_is_never_fetched(url: str) -> None:
    error = failure(url=url)
    assert isinstance(error, UnsafeUrlError)
    assert not error.may_retry


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/a.jpg",
        "http://cdn.example.com/a.jpg",
        "http://169.254.169.254/",
        "file:///a",
        "http://[::1",
    ],
)
def test_https_is_never_left(location: str) -> None:
    assert isinstance(failure(moved(location)), UnsafeUrlError)


def test_plain_http_will_do_on_this_machine() -> None:
    fetch(moved("http://localhost:8080/b.jpg"), WHOLE, url="http://127.0.0.1:8080/a.jpg")
    assert isinstance(failure(moved("http://example.com/"), url="http://127.0.0.1/a.jpg"), UnsafeUrlError)
