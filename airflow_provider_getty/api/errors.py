"""The error tree: every way in which a call to Getty can fail.

GettyError
├── ConfigurationError ................... the connection cannot be used; nothing was sent
├── InvalidRequestError .................. an argument cannot be used; nothing was sent
│   └── MaskError ........................ no mask can be made from this
├── TransportError ....................... there is no answer
│   ├── ConnectionFailedError ............ the request never reached Getty
│   │   ├── CertificateError .............. its certificate, or the proxy's, is not trusted
│   │   └── ProxyRefusedError ............. the proxy does not let the request through
│   └── NoAnswerError .................... it may have reached Getty, which may have done the work
├── AnswerError .......................... Getty answered: status, code, detail, request_id
│   ├── UnexpectedAnswerError ............ an answer that the API does not document
│   │   └── NoImagesError ................ a finished generation without images
│   ├── RedirectedError .................. 3xx: the API is elsewhere
│   ├── BadRequestError .................. 400
│   │   └── InvalidProductError .......... 400 InvalidProduct
│   ├── AuthenticationError .............. 401, and a refused key or secret
│   ├── PermissionDeniedError ............ 403
│   │   ├── QuotaExceededError ........... 403 ProductQuotaExceeded
│   │   ├── NotAuthorizedError ........... 403 NotAuthorized
│   │   └── NoProductsError .............. 403 NoProducts
│   ├── NotFoundError .................... 404
│   │   ├── ImageNotFoundError ........... 404 ImageNotFound
│   │   └── GenerationNotFoundError ...... 404 GenerationRequestIdNotFound
│   ├── ConflictError .................... 409
│   ├── GoneError ........................ 410
│   ├── RateLimitError ................... 429
│   │   ├── QueriesPerSecondError ........ 429, Account Over Queries Per Second Limit
│   │   ├── ConcurrentGenerationsError ... 429 TooManyConcurrentGenerations
│   │   └── DailyLimitError .............. 429 DailyRequestLimitExceeded
│   └── ServerError ...................... 5xx
├── DownloadError ........................ an image did not arrive complete
│   └── UnsafeUrlError ................... its URL is not HTTPS
├── DeadlineExceededError ................ the caller's deadline has passed
├── SubmissionUnsureError ................ it is unknown whether a generation was created
├── SubmissionSupersededError ............ another process submits for the same task
└── GenerationBlockedError ............... Getty's content policy blocked the images

Each error says four things: what was asked, what Getty answered, what became of the credit, and what to do. It is never
changed after its construction; code that knows more raises a copy (:meth:`GettyError.with_context`).
"""

from __future__ import annotations

import copyreg
from enum import StrEnum
from typing import Any, ClassVar, Self


class Credit(StrEnum):
    """The state of the credit that a generation costs."""

    UNUSED = "No credit was used."
    EARLIER = (
        "This request used no credit, but an earlier one of this task did, or may have: cleared with the same inputs, "
        "the task continues with it."
    )
    UNKNOWN = "Getty may have used a credit: it is unknown whether the generation was created."
    COMMITTED = (
        "The generation was already submitted and its credit used; asking again uses no further one, "
        "and its result can be collected for six months."
    )
    GONE = "The generation was paid for, but Getty has deleted it: nothing can be collected."
    DOWNLOAD_UNKNOWN = "The generation is paid for; it is unknown whether this download was charged."


class GettyError(Exception):
    """The root of the tree.

    :param problem: what went wrong, including what Getty answered.
    :param asked: what was asked of Getty, for example ``Refine of image 1473240153``.
    :param credit: what became of the credit.
    :param advice: what to do. Default: the advice of the class.
    :param generation_request_id: the generation concerned, if it is known.
    """

    status: int | None = None
    """HTTP status of Getty's answer, if there was one."""
    code: str | None = None
    """Getty's ``ErrorCode``, if the answer had one."""
    temporary: ClassVar[bool] = False
    """Whether the same call may succeed later."""
    doubtful: ClassVar[bool] = False
    """Whether an answer to a poll may be a mistake of Getty's, which counts only once it is repeated."""
    default_advice: ClassVar[str] = ""

    def __init__(
        self,
        problem: str,
        *,
        asked: str = "",
        credit: Credit = Credit.UNUSED,
        advice: str | None = None,
        generation_request_id: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.generation_request_id = generation_request_id
        self.problem = problem
        self.asked = asked
        self.credit = credit
        self.advice = self.default_advice if advice is None else advice

    @property
    def may_retry(self) -> bool:
        """Whether the same call may be repeated: it may succeed later, and cannot be paid for twice."""
        return self.temporary and self.credit not in (Credit.UNKNOWN, Credit.DOWNLOAD_UNKNOWN)

    @property
    def worth_waiting(self) -> bool:
        """Whether to repeat the call after a short wait instead of failing."""
        return self.may_retry

    def with_context(
        self,
        *,
        asked: str | None = None,
        credit: Credit | None = None,
        advice: str | None = None,
        generation_request_id: str | None = None,
    ) -> Self:
        """Return a copy with these attributes replaced; None leaves one as it is."""
        copy = type(self).__new__(type(self), *self.args)
        context = {
            "asked": asked,
            "credit": credit,
            "advice": advice,
            "generation_request_id": generation_request_id,
        }
        copy.__dict__ |= self.__dict__ | {name: value for name, value in context.items() if value is not None}
        copy.__cause__ = self.__cause__
        return copy

    def __str__(self) -> str:
        said = f"{self.asked}: {self.problem}" if self.asked else self.problem
        return " ".join(filter(None, (said, self.credit.value, self.advice)))

    def __reduce__(self) -> tuple[Any, ...]:
        # By default, unpickling rebuilds an exception from its positional arguments alone.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class ConfigurationError(GettyError):
    """The connection cannot be used. Nothing was sent."""

    default_advice = "Correct the Airflow connection."


class InvalidRequestError(GettyError, ValueError):
    """An argument cannot be used. Nothing was sent."""

    default_advice = "Nothing was sent; correct the argument."


class MaskError(InvalidRequestError):
    """No mask can be made from this. Nothing was sent."""


class TransportError(GettyError):
    """There is no answer."""

    temporary = True


class ConnectionFailedError(TransportError):
    """The request never reached Getty: name not resolved, connection refused."""

    default_advice = "Check the connection's host and the network between here and Getty."


class CertificateError(ConnectionFailedError):
    """The certificate of Getty, or of a proxy, is not trusted. Waiting does not help."""

    temporary = False


class ProxyRefusedError(ConnectionFailedError):
    """The proxy does not let the request through: 407, 403. Waiting does not help."""

    temporary = False
    default_advice = "Ask who runs the proxy to let this machine reach Getty, or list the host in NO_PROXY."


class NoAnswerError(TransportError):
    """The request may have reached Getty, but the connection broke or timed out before an answer came."""

    default_advice = "Check the network between here and Getty, and the connection's timeout."


def unsendable(error: ValueError) -> InvalidRequestError:
    """The error for a request that HTTP cannot carry, such as one whose header cannot be encoded. Nothing was sent.

    :param error: raised by the HTTP library. Its text is left out, as it may hold a key.
    """
    return InvalidRequestError(
        f"The request cannot be sent as it is ({type(error).__name__}).",
        advice="Check the arguments, and the connection's host and API key, for characters that do not belong there.",
    )


class AnswerError(GettyError):
    """Getty answered with an error.

    :param status: HTTP status.
    :param code: Getty's ``ErrorCode``, such as ``InvalidProduct``, if the answer has one.
    :param detail: the header ``X-Error-Detail``, if the answer has one.
    :param request_id: Getty's id of the request, for its support.
    """

    def __init__(
        self,
        problem: str,
        *,
        status: int,
        code: str | None = None,
        detail: str | None = None,
        request_id: str | None = None,
        asked: str = "",
        credit: Credit = Credit.UNUSED,
        advice: str | None = None,
        generation_request_id: str | None = None,
    ) -> None:
        super().__init__(
            problem, asked=asked, credit=credit, advice=advice, generation_request_id=generation_request_id
        )
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id


class UnexpectedAnswerError(AnswerError):
    """An answer that the API does not document: HTML, truncated JSON, a missing id."""

    temporary = True
    default_advice = "Check that the connection's host is Getty's API and that no proxy changes its answers."

    @property
    def worth_waiting(self) -> bool:
        """True only for a submitted generation: a wrong host would give the same answer until the deadline."""
        return self.may_retry and self.credit is Credit.COMMITTED


class NoImagesError(UnexpectedAnswerError):
    """A finished generation that lists no images."""

    doubtful = True
    default_advice = "Clear the task to ask again, or report the generation to Getty."


class RedirectedError(AnswerError):
    """3xx: the API is elsewhere. Redirects of API calls are not followed, as the calls carry secrets.

    The call had no effect, except perhaps one that was answered with 303.
    """

    default_advice = "If you trust the new address, set it as the connection's host."


class BadRequestError(AnswerError):
    """400: Getty does not accept a value."""

    default_advice = "Correct the arguments; the same request will be refused again."


class InvalidProductError(BadRequestError):
    """400 InvalidProduct: the product id is not an AI Generator product of this account, or is missing."""

    default_advice = "Set product_id to an AI Generator product of this account; GET /v3/products lists them."


class AuthenticationError(AnswerError):
    """401: the key, the secret or the token was refused, also with a new token."""

    doubtful = True
    default_advice = "Check the connection's API key and API secret."


class PermissionDeniedError(AnswerError):
    """403: this account may not do this."""

    doubtful = True
    default_advice = "Ask Getty which license product this needs."


class QuotaExceededError(PermissionDeniedError):
    """403 ProductQuotaExceeded: the product has no credits left."""

    default_advice = "Add credits to the product, or set product_id to another one."


class NotAuthorizedError(PermissionDeniedError):
    """403 NotAuthorized."""


class NoProductsError(PermissionDeniedError):
    """403 NoProducts: the account has no AI Generator product."""

    default_advice = "The account needs an AI Generation license."


class NotFoundError(AnswerError):
    """404."""

    doubtful = True
    default_advice = "Check the id, and that it belongs to this account."


class ImageNotFoundError(NotFoundError):
    """404 ImageNotFound: not an image of the creative library."""

    default_advice = "Check image_id: it must be a creative image, neither an illustration nor a vector."


class GenerationNotFoundError(NotFoundError):
    """404 GenerationRequestIdNotFound: this account has no such generation."""

    default_advice = (
        "Check the generation_request_id, and that the connection belongs to the account that made it."
    )


class ConflictError(AnswerError):
    """409: Getty is busy with the same thing."""

    temporary = True
    default_advice = "Getty is still busy with an earlier request; try again shortly."


class GoneError(AnswerError):
    """410: deleted after the six months for which Getty keeps a generation. Permanent."""

    default_advice = "Generate it again; Getty keeps a generation for six months."


class RateLimitError(AnswerError):
    """429: too many requests."""

    temporary = True
    default_advice = "Lower the load, or set max_requests_per_second in the connection."


class QueriesPerSecondError(RateLimitError):
    """429: the account's limit of requests per second."""


class ConcurrentGenerationsError(RateLimitError):
    """429 TooManyConcurrentGenerations: the account's limit of pending generations."""

    default_advice = (
        "Submit fewer at a time with a pool, or use deferrable=True, which waits for a free slot."
    )


class DailyLimitError(RateLimitError):
    """429 DailyRequestLimitExceeded."""

    default_advice = "The account's daily limit is used up."


class ServerError(AnswerError):
    """5xx: Getty failed."""

    temporary = True
    default_advice = "Getty has a problem; try again later."


class DownloadError(GettyError):
    """An image did not arrive complete."""

    temporary = True
    default_advice = "No partial file is left; try again."


class UnsafeUrlError(DownloadError):
    """The URL of an image, or of a redirect from it, is not HTTPS. Nothing was fetched."""

    temporary = False
    default_advice = "Report it to Getty: images are fetched over HTTPS only."


class DeadlineExceededError(GettyError):
    """The caller's deadline has passed."""

    temporary = True
    default_advice = "Allow more time with timeout, or collect the result later by its generation_request_id."


class SubmissionUnsureError(GettyError):
    """It is unknown whether an earlier attempt created a generation.

    :param refusal: the error with which the history could not be read, if it could not; the source of ``status`` and
        ``code``.
    :param context: see :class:`GettyError`.
    """

    def __init__(self, problem: str, *, refusal: GettyError | None = None, **context: Any) -> None:
        super().__init__(problem, **context)
        self.status = refusal.status if refusal else None
        self.code = refusal.code if refusal else None


class SubmissionSupersededError(GettyError):
    """Another process submits for the same task: a later try, after Airflow gave this one up."""

    default_advice = "The other try continues. No action is needed."


class GenerationBlockedError(GettyError):
    """Getty's content policy blocked the images of a finished generation."""

    default_advice = "Change the prompt or the image, or choose another on_blocked."
