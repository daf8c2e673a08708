"""Each generating operator with valid arguments, which tests change as needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from getty_emulator.server import Emulator

from airflow_provider_getty.api.operations import RegisterFile, UploadImage
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.operators.background_generation import GettyBackgroundGenerationOperator
from airflow_provider_getty.operators.background_removal import GettyBackgroundRemovalOperator
from airflow_provider_getty.operators.background_replacement import GettyBackgroundReplacementOperator
from airflow_provider_getty.operators.extend import GettyExtendOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from airflow_provider_getty.operators.generation import GenerationOperator
from airflow_provider_getty.operators.influence_color import GettyInfluenceColorOperator
from airflow_provider_getty.operators.influence_composition import GettyInfluenceCompositionOperator
from airflow_provider_getty.operators.object_removal import GettyObjectRemovalOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.operators.variations import GettyVariationsOperator
from tests.support.getty_journal import emulated
from tests.support.refine_tasks import BOXES, IMAGE_ID, SIZE

MASKED = {"image_id": IMAGE_ID, "mask": BOXES, "image_size": SIZE}


@dataclass(frozen=True)
class Case:
    """An operator, valid arguments, and invalid changes to them.

    :param needs: prerequisites: the name of an argument, and the function that creates its value.
    :param wrong: invalid changes, each with its message.
    """

    operator: type[GenerationOperator]
    arguments: dict[str, Any]
    wrong: tuple[tuple[dict[str, Any], str], ...]
    needs: tuple[str, Callable[[], str]] | None = None

    @property
    def operation(self) -> str:
        """The name of the operation."""
        return self.operator.operation

    @property
    def emulated(self) -> str:
        """The emulator's name for it."""
        return emulated(self.operation)

    def prepare(self, getty: Emulator) -> Ready:
        """Create its prerequisites, and clear the emulator's records of their requests and charges."""
        arguments = self.arguments
        if self.needs:
            name, make = self.needs
            arguments = arguments | {name: make()}
            getty._service.journal.clear()
        return Ready(self, getty, arguments, getty.ledger()["total"])


@dataclass(frozen=True)
class Ready:
    """A runnable case."""

    case: Case
    getty: Emulator
    arguments: dict[str, Any]
    paid_before: int

    def task(self, **changes: Any) -> GenerationOperator:
        """The task; an argument changed to None is omitted."""
        given = {"task_id": "a_task"} | self.arguments | changes
        return self.case.operator(**{name: value for name, value in given.items() if value is not None})

    @property
    def credits(self) -> int:
        """The cost of its runs."""
        total: int = self.getty.ledger()["total"]
        return total - self.paid_before

    @property
    def submissions(self) -> int:
        """The number of its submissions, in any form."""
        return [request["operation"] for request in self.getty.requests()].count(self.case.emulated)


def a_generation() -> str:
    hook = GettyHook()
    result = hook.get_conn().ask(_refine(hook))
    hook.get_conn().close()
    return str(result.generation_request_id)


def _refine(hook: GettyHook) -> Any:
    from airflow_provider_getty.api.operations import Refine  # noqa: PLC0415

    return Refine(image_id=IMAGE_ID, mask_url=hook.upload_mask(BOXES, image_size=SIZE), prompt="balloons")


def a_product() -> str:
    hook = GettyHook()
    client = hook.get_conn()
    jpeg = make_mask(BOXES, image_size=SIZE).jpeg
    client.ask(UploadImage(file_name="product.jpg", jpeg=jpeg))
    url = hook.account.uploads_url + "product.jpg"
    registered = client.ask(RegisterFile(url=url, rights_claimed=True, category="CustomerProduct"))
    client.close()
    return registered.id


CASES = (
    Case(
        GettyGenerateOperator,
        {"prompt": "hot air balloons", "aspect_ratio": "16:9", "media_type": "photography", "mood": "warm"},
        (
            ({"prompt": "{{ '' }}"}, "prompt"),
            ({"aspect_ratio": "2:1"}, "'16:9'"),
            ({"media_type": "film"}, "'photography' or 'illustration'"),
            ({"mood": "sad"}, "'black_and_white'"),
            ({"seed": 2**31}, "seed"),
            ({"lens_type": "fisheye"}, "'telephoto'"),
            ({"depth_of_field": "none"}, "'shallow' or 'deep'"),
        ),
    ),
    Case(
        GettyRefineOperator,
        MASKED | {"prompt": "hot air balloons"},
        (({"mask": [[5, 5, 5, 5]]}, "5"), ({"image_size": None}, "image_size")),
    ),
    Case(
        GettyExtendOperator,
        {"image_id": IMAGE_ID, "left_percentage": 20, "prompt": "a beach"},
        (({"left_percentage": 0}, "above 0"), ({"top_percentage": -1}, "top_percentage")),
    ),
    Case(
        GettyVariationsOperator,
        {"index": 1},
        (({"index": -1}, "index"), ({"generation_request_id": "{{ '' }}"}, "generation_request_id")),
        needs=("generation_request_id", a_generation),
    ),
    Case(
        GettyBackgroundRemovalOperator,
        {"image_id": IMAGE_ID},
        (
            ({"image_id": "{{ '' }}"}, "image_id"),
            ({"image_id": None, "reference_generation": {"index": 1}}, "generation_request_id is None"),
        ),
    ),
    Case(
        GettyObjectRemovalOperator,
        MASKED,
        (({"mask": b"no image"}, "is not an image"), ({"mask": None, "mask_url": "{{ '' }}"}, "mask_url")),
    ),
    Case(
        GettyInfluenceColorOperator,
        {"image_id": IMAGE_ID, "prompt": "a street", "noise_level": 0.5},
        (({"noise_level": 1.5}, "less than or equal to 1"), ({"mood": "sad"}, "'dramatic'")),
    ),
    Case(
        GettyInfluenceCompositionOperator,
        {"image_id": IMAGE_ID, "prompt": "a street", "influence_level": 0.5},
        (({"influence_level": -0.5}, "greater than or equal to 0"), ({"prompt": "{{ '' }}"}, "prompt")),
    ),
    Case(
        GettyBackgroundGenerationOperator,
        {"prompt": "on a beach", "left_percentage": 10},
        (
            ({"left_percentage": -1}, "left_percentage"),
            ({"background_reference_adherence": "strong"}, "needs a reference"),
            ({"background_asset_id": "1", "background_file_registration_id": "2"}, "at most one"),
        ),
        needs=("reference_file_registration_id", a_product),
    ),
    Case(
        GettyBackgroundReplacementOperator,
        {"image_id": IMAGE_ID, "prompt": "a beach"},
        (({"prompt": None}, "exactly one of prompt and"), ({"background_color": "#ffffff"}, "exactly one")),
    ),
)
