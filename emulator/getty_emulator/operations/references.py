"""The image that a generating call starts from, named in its body, in its path, or as a registered file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from getty_emulator.answers import generation_gone, invalid_parameter, refusal, service_error
from getty_emulator.operations.bodies import GeneratingBody, Original, require
from getty_emulator.operations.call import OLD_DIALECTS, Fields, Only, int32
from getty_emulator.operations.generations import find_image
from getty_emulator.operations.uploads import find_mask
from getty_emulator.options import Dialect
from getty_emulator.state import Category, Source

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call

_CURRENT_NAMES = ("reference_asset_id", "reference_generation")


class ReferenceGeneration(Fields):
    """An image of an earlier generation."""

    generation_request_id: str
    index: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class NamedImage(GeneratingBody):
    """A body that names one image."""

    reference_asset_id: str | None = None
    reference_generation: ReferenceGeneration | None = None
    other_names: ClassVar[tuple[str, ...]] = ()

    def check(self, call: Call) -> None:
        """Refuse the body unless it names exactly one image, in a field of the dialect."""
        super().check(call)
        names = self._names(call)
        if self.reference_generation and self.reference_generation.index is None and call.service.strict:
            require("reference_generation.index", None)
        if len([name for name in names if getattr(self, name)]) == 1:
            return
        if len(names) == 1:
            require(names[0], None)
        raise invalid_parameter(names[0], f"Exactly one image must be named, as one of {', '.join(names)}.")

    def original(self, call: Call) -> Original:
        """Return the image that it names."""
        name = next(name for name in self._names(call) if getattr(self, name))
        return self._find(call, name, getattr(self, name))

    def _find(self, call: Call, name: str, value: Any) -> Original:
        if name == "reference_generation":
            return generated_image(call, value)
        return library_image(call, value)

    def _names(self, call: Call) -> tuple[str, ...]:  # noqa: ARG002 - for subclasses that differ by dialect
        return (*_CURRENT_NAMES, *self.other_names)


class OldNamedImage(NamedImage):
    """A body of refine or extend: for these two, the reference page names the image in ``id``."""

    id: Annotated[str | None, Only(OLD_DIALECTS)] = None

    def check(self, call: Call) -> None:
        """Refuse ``id`` if a fault says so."""
        if self.id and (fault := call.take("refuse-id")):
            raise refusal(**fault.parameters)
        super().check(call)

    def _names(self, call: Call) -> tuple[str, ...]:
        match call.service.dialect:
            case Dialect.REFERENCE_PAGE:
                return ("id",)
            case Dialect.CURRENT:
                return super()._names(call)
            case Dialect.ANY:
                return ("id", *super()._names(call))


class NamedImageOrFile(NamedImage):
    """A body that names one image, which may also be a registered reference file."""

    reference_file_registration_id: str | None = None
    other_names: ClassVar = ("reference_file_registration_id",)

    def _find(self, call: Call, name: str, value: Any) -> Original:
        if name in self.other_names:
            return registered_file(call, value, Category.IMAGE_REFERENCE)
        return super()._find(call, name, value)


class PathImage(GeneratingBody):
    """The body of a call whose path names the image of an earlier generation."""

    def check(self, call: Call) -> None:
        """Refuse an index that is not a number."""
        super().check(call)
        int32(call, "index")

    def original(self, call: Call) -> Original:
        """Return the image named in the path."""
        generation, index = find_image(call)
        return Original(
            Source(generation_request_id=generation.id, index=index),
            (generation.order.width, generation.order.height),
        )


class Masked(GeneratingBody):
    """A body that requires a mask."""

    mask_url: str | None = None

    def check(self, call: Call) -> None:
        """Refuse the body if it lacks a mask."""
        super().check(call)
        require("mask_url", self.mask_url)

    def mask(self, call: Call) -> bytes:
        """Return the mask."""
        return find_mask(call, self.mask_url or "")


def registered_file(call: Call, registration_id: str, category: Category) -> Original:
    """Return a registered file of the account in this category, or refuse."""
    registration = call.account.registrations.get(registration_id)
    if registration is None or registration.is_archived:
        raise service_error(404, "ImageNotFound", "There is no such file registration.")
    if registration.category != category:
        raise invalid_parameter(
            "reference_file_registration_id", f"The file must be registered as {category}."
        )
    source = Source(file_registration_id=registration.id)
    return Original(source, (registration.width, registration.height))


def library_image(call: Call, asset_id: str) -> Original:
    """Return the library image with this id, or refuse."""
    image = call.service.studio.library.get(asset_id)
    if image is None:
        raise service_error(404, "ImageNotFound", "There is no such image.")
    return Original(Source(asset_id=asset_id), (image.width, image.height))


def generated_image(call: Call, reference: ReferenceGeneration) -> Original:
    """Return the image of an earlier generation of the account, or refuse."""
    generation = call.account.generations.get(reference.generation_request_id.lower())
    if generation is None:
        raise service_error(404, "GenerationRequestIdNotFound", "There is no such generation request.")
    if generation.is_gone(call.now()):
        raise generation_gone()
    index = reference.index or 0
    missing = index >= generation.order.images or index in generation.blocked
    if missing or not generation.is_ready(call.now()):
        raise service_error(404, "ImageNotFound", "The generation has no such image, or not yet.")
    source = Source(generation_request_id=generation.id, index=index)
    return Original(source, (generation.order.width, generation.order.height))
