"""What the hook does besides asking single operations: wait, upload, download. Nothing here speaks to Getty.

Each is a model of the arguments of a method, as the operations are of theirs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Generic, TypeVar

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.operations import GetGeneration, Redownload, StartDownload, UploadImage
from airflow_provider_getty.api.results import Generation
from airflow_provider_getty.inputs.masks import Mask, MaskSource, make_mask
from airflow_provider_getty.inputs.pictures import PictureSource, make_jpeg, unique_name
from airflow_provider_getty.inputs.storage import LocationLike

ResultT_co = TypeVar("ResultT_co", covariant=True)

_PATIENCE = 60.0
_DOWNLOAD_PATIENCE = 600.0


def soon() -> float:
    """Until when trouble is waited out where a method is given no deadline."""
    return clock.now() + _PATIENCE


class Work(ABC, Generic[ResultT_co]):
    """What takes more than one call."""


@dataclass(frozen=True)
class Wait(Work[Generation]):
    """Poll until the generation is finished.

    :param deadline: when to give up (``time.time()``).
    :param poll_interval: a fixed number of seconds between polls. None: by the age of the generation.
    :param kind: the operation, such as ``refine``: how long generations take is learned of each kind.
    :return: the generation, with signed URLs.
    :raises DeadlineExceededError: it is not finished in time; it can still be collected later.
    :raises GettyError: in every other way in which it fails for good.
    """

    generation_request_id: str
    _: KW_ONLY
    deadline: float
    poll_interval: float | None = None
    kind: str = ""

    @property
    def poll(self) -> GetGeneration:
        """What is asked each time."""
        return GetGeneration(generation_request_id=self.generation_request_id)


class Upload(Work[str]):
    """The upload of an image, under a name that nothing else uses. The result is its URL."""

    deadline: float | None

    @abstractmethod
    def operation(self) -> UploadImage:
        """What is asked. It reads and decodes the image, so it blocks."""


@dataclass(frozen=True)
class MaskUpload(Upload):
    """Upload a mask under a name that nothing else uses.

    :param mask: a made one, or what :func:`airflow_provider_getty.inputs.masks.make_mask` makes one of.
    :param image_size: width and height in pixels of the image to refine.
    :param label: begins the name of the upload.
    :param deadline: until when (``time.time()``) trouble is waited out.
    :return: the ``mask_url`` for a refine; Getty keeps the mask for 24 hours.
    :raises MaskError: no mask can be made of this; nothing was sent.
    :raises GettyError: Getty did not take it.
    """

    mask: Mask | MaskSource
    _: KW_ONLY
    image_size: Sequence[int] | str | None = None
    label: str = "mask"
    deadline: float | None = None

    def operation(self) -> UploadImage:
        """The mask, made if need be."""
        made = self.mask if isinstance(self.mask, Mask) else make_mask(self.mask, image_size=self.image_size)
        return UploadImage(file_name=unique_name(self.label), jpeg=made.jpeg)


@dataclass(frozen=True)
class FileUpload(Upload):
    """Upload an image to register, under a name that nothing else uses.

    :param file: what :func:`airflow_provider_getty.inputs.pictures.make_jpeg` makes a JPEG of.
    :param label: begins the name of the upload.
    :param deadline: until when (``time.time()``) trouble is waited out.
    :return: the ``url`` for a registration; Getty keeps the upload for 24 hours.
    :raises InvalidRequestError: no JPEG can be made of this; nothing was sent.
    :raises GettyError: Getty did not take it.
    """

    file: PictureSource
    _: KW_ONLY
    label: str = "file"
    deadline: float | None = None

    def operation(self) -> UploadImage:
        """The image as a JPEG."""
        return UploadImage(file_name=unique_name(self.label), jpeg=make_jpeg(self.file))


class Transfer(Work[int]):
    """An image on its way to a destination, which holds it whole, or stays as it was."""

    destination: LocationLike
    deadline: float | None
    may_be_started: bool

    @property
    @abstractmethod
    def start(self) -> StartDownload | Redownload:
        """What has it prepared."""

    @property
    def end(self) -> float:
        """When to give up (``time.time()``)."""
        return self.deadline or clock.now() + _DOWNLOAD_PATIENCE


@dataclass(frozen=True)
class ImageTransfer(Transfer):
    """Download a generated image; the destination holds it whole, or stays as it was.

    :param destination: a local path, a URI or an ``ObjectStoragePath``.
    :param size_name: one of the image's download sizes; a large one may cost.
    :param may_be_started: whether an earlier call may have started it; then that is used, and not paid again.
    :param deadline: when to give up (``time.time()``); default: in 10 minutes.
    :return: the length in bytes.
    :raises OSError: the destination cannot be written to.
    :raises GettyError: in every way in which it may fail.
    """

    generation_request_id: str
    destination: LocationLike
    _: KW_ONLY
    index: int = 0
    size_name: str = "1k"
    product_id: int | str | None = None
    project_code: str | None = None
    notes: str | None = None
    may_be_started: bool = False
    deadline: float | None = None

    @property
    def start(self) -> StartDownload:
        """What has it prepared."""
        names = StartDownload.model_fields
        return StartDownload(**{name: value for name, value in vars(self).items() if name in names})


@dataclass(frozen=True)
class AssetTransfer(Transfer):
    """Download once more what was downloaded before; the destination holds it whole, or stays as it was.

    :param generated_asset_id: as the first download returned it.
    :param destination: a local path, a URI or an ``ObjectStoragePath``.
    :param size_name: ``1k`` or ``4k``.
    :param product_id: the product to use. Default: the connection's; Getty requires one.
    :param deadline: when to give up (``time.time()``); default: in 10 minutes.
    :return: the length in bytes.
    :raises OSError: the destination cannot be written to.
    :raises GettyError: in every way in which it may fail.
    """

    generated_asset_id: str
    destination: LocationLike
    _: KW_ONLY
    size_name: str = "1k"
    product_id: int | str | None = None
    project_code: str | None = None
    notes: str | None = None
    deadline: float | None = None
    may_be_started = False

    @property
    def start(self) -> Redownload:
        """What brings its URL."""
        names = Redownload.model_fields
        return Redownload(**{name: value for name, value in vars(self).items() if name in names})
