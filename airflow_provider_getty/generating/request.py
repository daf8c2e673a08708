"""Turns a user's arguments into a request to Getty: the operation, and the mask to upload.

It does so for operators and for items of a batch. Everything is checked here, before anything is sent.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import GeneratingOperation, UploadImage
from airflow_provider_getty.inputs import arguments, masks
from airflow_provider_getty.inputs.masks import Mask, make_mask
from airflow_provider_getty.inputs.pictures import unique_name
from airflow_provider_getty.inputs.storage_errors import without_secrets

log = logging.getLogger(__name__)

_MISSING_VALUES = frozenset({"", "none", "null", "nan", "nat", "<na>", "undefined"})
_SPREADSHEET_ERROR = re.compile(r"#(?:ref!|n/a|name\?|value!|null!|num!|div/0!|spill!|calc!)", re.IGNORECASE)
"""The values of spreadsheet cells whose formula has failed, in English."""
_INVALID_CHARACTERS = re.compile("[\\0\ud800-\udfff]")


@dataclass(frozen=True)
class Request:
    """A request that has been checked.

    :param operation: complete, except for the URL of a mask that has yet to be uploaded.
    :param mask: the mask to upload, if any.
    """

    operation: GeneratingOperation
    mask: Mask | None = None

    @property
    def inputs(self) -> str:
        """The digest of the mask to upload; empty if there is none."""
        return self.mask.digest if self.mask else ""

    def warning(self, account: Account) -> str | None:
        """A warning about the mask, which is sent nonetheless; None if it looks right."""
        if self.mask:
            return masks.warning(self.mask)
        mask_url = getattr(self.operation, "mask_url", None)
        if mask_url and not str(mask_url).startswith(account.uploads_url):
            return f"mask_url is not below {account.uploads_url}, where Getty keeps uploads."
        return None

    def upload(self, label: str) -> UploadImage | None:
        """The upload of the mask, under a new name each time; None if there is no mask.

        :param label: the beginning of the name, for people.
        """
        return UploadImage(file_name=unique_name(label), jpeg=self.mask.jpeg) if self.mask else None


def argument_names(operation: type[GeneratingOperation]) -> list[str]:
    """The names of the arguments that :func:`request_of` takes for an operation."""
    own = [name for name in operation.model_fields if name not in GeneratingOperation.model_fields]
    masks = ["mask", "image_size"] if "mask_url" in own else []
    return [*own, *masks, *GeneratingOperation.model_fields]


def request_of(
    operation: type[GeneratingOperation],
    written: Mapping[str, Any],
    account: Account,
    *,
    log_level: int = logging.INFO,
) -> Request:
    """Make a request from the arguments that a user writes. The only I/O is reading the mask.

    None and blank text count as not written.

    :param operation: such as :class:`~.api.operations.Refine`.
    :param written: its arguments, as :func:`operation_of` takes them; instead of ``mask_url`` also a ``mask``, with
        ``image_size`` if :func:`~.inputs.masks.make_mask` needs it.
    :param account: the account to which masks are uploaded.
    :param log_level: the level of the line about the mask. Below INFO, the caller has to report a
        :meth:`Request.warning`; otherwise it is logged here.
    :raises InvalidRequestError: the arguments cannot be used; of the mask, a ``MaskError``.
    """
    if "mask_url" not in operation.model_fields:
        return Request(operation_of(operation, written))
    fields = dict(written)
    source, image_size = fields.pop("mask", None), fields.pop("image_size", None)
    arguments.exactly_one(mask=source, mask_url=fields.get("mask_url"))
    if arguments.given(source):
        fields["mask_url"] = account.uploads_url
        return Request(
            operation_of(operation, fields), make_mask(source, image_size=image_size, log_level=log_level)
        )
    request = Request(operation_of(operation, fields))
    if log_level >= logging.INFO and (said := request.warning(account)):
        log.warning("%s", said)
    return request


def check_prompt(name: str, value: object) -> None:
    """Refuse a prompt that was rendered from a missing value.

    :raises InvalidRequestError: it is ``None``, ``nan``, ``#REF!`` or the like, or a ``prompt`` that is blank.
    """
    if not isinstance(value, str):
        return
    if value.strip().lower() in _MISSING_VALUES or _SPREADSHEET_ERROR.fullmatch(value.strip()):
        if name != "prompt" and not value.strip():
            return  # other prompts are optional
        raise InvalidRequestError(f"{name} is {value!r}: was it rendered from a value that is missing?")


def check_values(value: object, name: str = "") -> None:
    """Refuse values that no user means to pay for: unrendered templates, invalid characters, NaN and infinity.

    :param value: the arguments, or one of them.
    :raises InvalidRequestError: there is such a value.
    """
    match value:
        case Mapping():
            for key, each in value.items():
                check_values(each, name or str(key))
        case list() | tuple():
            for each in value:
                check_values(each, name)
        case str() if "{{" in value or "{%" in value:
            shown = shortened(without_secrets(value))
            raise InvalidRequestError(f"{name} {shown} is a template that was not rendered: render it first.")
        case str() if _INVALID_CHARACTERS.search(value):
            raise InvalidRequestError(
                f"{name} has a NUL or half of a surrogate pair, which is not text: {shortened(value)}."
            )
        case float() if not math.isfinite(value):
            raise InvalidRequestError(f"{name} is {value}; it must be finite.")


def operation_of(operation: type[GeneratingOperation], written: Mapping[str, Any]) -> GeneratingOperation:
    """Make the operation from the arguments that a user writes, without a mask. No I/O.

    None and blank text count as not written.

    :param written: its arguments, in the forms that operators take: ``reference_generation`` (and the
        ``generation_request_id`` of variations) as an id, a result, or a mapping with an index.
    :raises InvalidRequestError: the arguments cannot be used.
    """
    for name in ("prompt", "negative_prompt"):
        check_prompt(name, written.get(name))
    fields = {name: value for name, value in written.items() if arguments.given(value)}
    check_values(fields)
    for name in ("reference_generation", "background_reference_generation"):
        if name in fields:
            fields[name] = arguments.reference_generation(fields[name])
    if "generation_request_id" in operation.model_fields and "generation_request_id" in fields:
        image = arguments.reference_generation(fields["generation_request_id"])
        fields = image | fields | {"generation_request_id": image["generation_request_id"]}
    return operation(**fields)
