"""GettyBatchOperator: any number of generations in one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from airflow.providers.common.compat.sdk import conf

from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.hooks.getty import GettyHook, OperationName
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.arguments import BatchOnBlocked, FailOn, Images
from airflow_provider_getty.inputs.rules import BOOLEAN, Rule, one_of
from airflow_provider_getty.operators.checked import CheckedOperator

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, XComArg

    from airflow_provider_getty.inputs.storage import LocationLike
    from airflow_provider_getty.inputs.task_arguments import TaskArguments


def _is_any_all_or_share(value: Any) -> bool:
    return value in ("any", "all") or (type(value) in (int, float) and 0 <= value <= 1)


_MAPPING = Rule(lambda value: isinstance(value, Mapping), "a mapping of arguments")
_RULES: Mapping[str, Rule] = {
    **CheckedOperator.rules,
    "requests": Rule(
        lambda value: not isinstance(value, Mapping | bool | int | float),
        "a list of mappings, or the path or URI of a file",
    ),
    "operation": one_of(OperationName),
    "defaults": _MAPPING,
    "download_options": _MAPPING,
    "images": one_of(Images),
    "contact_sheet": BOOLEAN,
    "fail_on": Rule(_is_any_all_or_share, "'any', 'all', or a share from 0 to 1"),
    "on_blocked": one_of(BatchOnBlocked),
    "max_in_flight": Rule(lambda value: type(value) is int and value > 0, "a whole number, at least 1"),
}


class GettyBatchOperator(CheckedOperator):
    """Submits any number of generations, waits for them and, with ``download_to``, downloads their images.

    A journal records each item durably before anything depends on it. So a task that is killed at any moment continues
    where it stopped, and pays for nothing twice. The result, in XCom, is small: ``journal``; the counts ``total``,
    ``submitted``, ``completed``, ``blocked`` and ``failed`` (items), ``charged`` and ``unknown`` (generations; an
    unknown one may have been created), and ``downloaded`` (images); and ``failures``, the first ten, each with
    ``item`` (its number), ``name`` and ``error``.

    :param requests: the items: a list of mappings, the result of an upstream task that is one, or the path or URI of a
        file of JSON Lines, of a JSON array, or of CSV. An item has the arguments of its operation's operator, and
        optionally an ``operation``, and a ``name``, which begins the names of its files.
    :param journal: a path, URI or ``ObjectStoragePath`` of a file, one for each run: put ``{{ run_id }}`` in it.
    :param operation: the operation of items that do not name one.
    :param defaults: arguments for all items that do not give them.
    :param download_to: a folder, as a path or URI. None: nothing is downloaded.
    :param size_name: the download size, such as ``1k`` or ``4k``; a large one may cost.
    :param images: ``first``: for each item, the first image that is not blocked; ``all``: all that are not.
    :param download_options: ``product_id``, ``project_code`` and ``notes`` for the downloads.
    :param contact_sheet: whether a batch that succeeds writes a contact sheet to ``download_to``: a JPEG and an HTML
        page, named after the journal. The result then has ``contact_sheet``, the location of the page.
    :param fail_on: when the task fails, once all items have been tried: if ``any`` item has failed, if ``all`` have, or
        if more than a share of them, from 0 to 1.
    :param on_blocked: which items count as failed when Getty's content policy has blocked images: ``fail``: those
        with all images blocked; ``fail_any``: those with any; ``ignore``: none.
    :param max_in_flight: the most items under way at a time.
    :param deferrable: whether to wait in the triggerer, without a worker. Default: ``[operators] default_deferrable``.
    :param timeout: how long one try may take, in seconds of wall-clock time or as a ``timedelta``.
    :param generation_timeout: how long one generation may take before its item fails; a later try collects it.
        Default: ``[getty] timeout`` of Airflow's configuration, 1 hour unless it is set.
    :param poll_interval: see :class:`.GenerationOperator`.
    :param marker: see :class:`.GenerationOperator`.
    :param on_unsure_submission: see :class:`.GenerationOperator`.
    :param history_lag: see :class:`.GenerationOperator`.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = (
        "requests",
        "journal",
        "operation",
        "defaults",
        "download_to",
        "size_name",
        "download_options",
        "getty_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "requests": "json",
        "defaults": "json",
        "download_options": "json",
    }
    rules = _RULES
    charged_so_far: int | None = None
    ui_color = "#e8e2f4"

    def __init__(
        self,
        *,
        requests: LocationLike | Sequence[Mapping[str, Any]] | XComArg,
        journal: LocationLike | XComArg,
        operation: arguments.OneOf[OperationName] = "refine",
        defaults: Mapping[str, Any] | XComArg | None = None,
        download_to: LocationLike | XComArg | None = None,
        size_name: arguments.Text = "1k",
        images: Images = "first",
        download_options: Mapping[str, Any] | XComArg | None = None,
        contact_sheet: bool = False,
        fail_on: FailOn = "any",
        on_blocked: BatchOnBlocked = "fail",
        max_in_flight: int = 100,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        timeout: arguments.Seconds = timedelta(hours=12),
        generation_timeout: arguments.Seconds | None = None,
        poll_interval: arguments.Seconds | None = None,
        marker: arguments.Marker | None = None,
        on_unsure_submission: arguments.OnUnsure = "fail",
        history_lag: arguments.Seconds | None = None,
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.requests: Any = requests
        self.journal: Any = journal
        self.operation: Any = operation
        self.defaults: Any = defaults
        self.download_to = download_to
        self.size_name: Any = size_name
        self.images: Images = images
        self.download_options: Any = download_options
        self.contact_sheet = contact_sheet
        self.fail_on: FailOn = fail_on
        self.on_blocked: BatchOnBlocked = on_blocked
        self.max_in_flight = max_in_flight
        self.deferrable = deferrable
        self.timeout = arguments.in_seconds(timeout)
        self.generation_timeout = arguments.seconds_given(generation_timeout)
        self.poll_interval = arguments.seconds_given(poll_interval)
        self.marker = marker
        self.on_unsure_submission = on_unsure_submission
        self.history_lag = arguments.seconds_given(history_lag)
        self.getty_conn_id = getty_conn_id
        check = self._check()
        check.required(requests=requests, journal=journal)
        if contact_sheet and download_to is None:
            raise check.refusal("contact_sheet needs download_to")

    def charged(self) -> int | None:
        """How many generations were charged according to the journal, once the batch has ended."""
        return self.charged_so_far

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any]:
        """The lineage of the batch: its inputs, and the generations and files of its first 200 images."""
        from airflow_provider_getty.lineage import openlineage  # noqa: PLC0415
        from airflow_provider_getty.operators import _batch  # noqa: PLC0415

        with suppress(GettyError, OSError):  # a batch may fail before it has a journal
            self.made = list(islice(_batch.made(self), openlineage.LARGEST))
        return super().get_openlineage_facets_on_complete(task_instance)

    def execute(self, context: Context) -> dict[str, Any]:
        """Check all items; then continue where the journal stops, until all items have ended or are left pending."""
        return self._run(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Continue with the generations that the trigger has seen finish."""
        return self._run(context, event)

    def _run(self, context: Context, event: dict[str, Any] | None = None) -> dict[str, Any]:
        from airflow_provider_getty.operators import _batch  # noqa: PLC0415

        return _batch.run(self, context, event)
