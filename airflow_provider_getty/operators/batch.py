"""GettyBatchOperator: any number of generations in one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import BaseOperator, conf

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.inputs.storage import LocationLike


class GettyBatchOperator(BaseOperator):
    """Submits any number of generations, waits for them, and downloads their images if told so.

    What becomes of each item is written to a journal, durably and before it matters, so that a task that dies at any
    moment goes on where it was and pays for nothing twice. The result, in XCom, is small: ``journal``, the counts
    ``total``, ``submitted``, ``completed``, ``blocked``, ``failed`` (items), ``charged`` (generations submitted) and
    ``downloaded`` (images), and ``failures``, the first ten, of ``item`` and ``error``.

    :param requests: the items: a list of mappings, the result of an upstream task that is one, or the path or URI of a
        file of JSON Lines or CSV. An item has the arguments that the operator of its operation takes, and may have an
        ``operation`` and a ``name``, which names its files.
    :param journal: a path, URI or ``ObjectStoragePath`` of a file, one for each run: put ``{{ run_id }}`` in it.
    :param operation: of items that name none.
    :param defaults: arguments for all items that do not give them.
    :param download_to: a folder, as a path or URI. None: nothing is downloaded.
    :param size_name: the download size, such as ``1k`` or ``4k``; a large one may cost.
    :param images: ``first``: of each item the first image that is not blocked; ``all``: all that are not.
    :param download_options: ``product_id``, ``project_code`` and ``notes`` of the downloads.
    :param fail_on: when the task fails, once all items have been tried: if ``any`` item has failed, if ``all`` have, or
        if more than a share of them, from 0 to 1.
    :param on_blocked: which items count as failed for images that Getty's content policy withheld: ``fail``: those with
        all images blocked; ``fail_any``: those with any; ``ignore``: none.
    :param max_in_flight: how many items are under way at a time.
    :param deferrable: whether to wait in the triggerer, without a worker. Default: ``[operators] default_deferrable``.
    :param timeout: how long one try may take, in seconds of wall-clock time or as a ``timedelta``.
    :param generation_timeout: how long one generation may take before its item fails; a later try collects it.
    :param poll_interval: a fixed number of seconds between polls. None: by the age of the generation.
    :param marker: as of :class:`GenerationOperator`, and so are ``on_unsure_submission`` and ``history_lag``.
    :param on_unsure_submission: see there.
    :param history_lag: see there.
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
    ui_color = "#e8e2f4"

    def __init__(
        self,
        *,
        requests: LocationLike | Sequence[Mapping[str, Any]],
        journal: LocationLike,
        operation: str = "refine",
        defaults: Mapping[str, Any] | None = None,
        download_to: LocationLike | None = None,
        size_name: str = "1k",
        images: Literal["first", "all"] = "first",
        download_options: Mapping[str, Any] | None = None,
        fail_on: Literal["any", "all"] | float = "any",
        on_blocked: Literal["fail", "fail_any", "ignore"] = "fail",
        max_in_flight: int = 100,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        timeout: arguments.Seconds = timedelta(hours=12),
        generation_timeout: arguments.Seconds = timedelta(hours=1),
        poll_interval: arguments.Seconds | None = None,
        marker: arguments.Marker = "notes",
        on_unsure_submission: arguments.OnUnsure = "fail",
        history_lag: arguments.Seconds = timedelta(minutes=1),
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.requests = requests
        self.journal = journal
        self.operation = operation
        self.defaults = defaults
        self.download_to = download_to
        self.size_name = size_name
        self.images = arguments.one_of("images", images, Literal["first", "all"])
        self.download_options = download_options
        self.fail_on = _any_all_or_share(fail_on)
        self.on_blocked = arguments.one_of("on_blocked", on_blocked, Literal["fail", "fail_any", "ignore"])
        self.max_in_flight = _at_least_one("max_in_flight", max_in_flight)
        self.deferrable = deferrable
        self.timeout = arguments.seconds("timeout", timeout)
        self.generation_timeout = arguments.seconds("generation_timeout", generation_timeout)
        self.poll_interval = arguments.optional_seconds("poll_interval", poll_interval)
        self.marker = arguments.one_of("marker", marker, arguments.Marker)
        self.on_unsure_submission = arguments.one_of(
            "on_unsure_submission", on_unsure_submission, arguments.OnUnsure
        )
        self.history_lag = arguments.seconds("history_lag", history_lag)
        self.getty_conn_id = getty_conn_id

    @cached_property
    def hook(self) -> GettyHook:
        """The hook of the connection."""
        return GettyHook(self.getty_conn_id)

    def execute(self, context: Context) -> dict[str, Any]:
        """Check all items; then go on from what the journal knows, until all is done or left pending."""
        from airflow_provider_getty.operators import _batch  # noqa: PLC0415

        return _batch.start(self, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on with what the trigger has seen to finish."""
        from airflow_provider_getty.operators import _batch  # noqa: PLC0415

        return _batch.complete(self, context, event)


def _any_all_or_share(value: Any) -> Literal["any", "all"] | float:
    is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    if value not in ("any", "all") and not is_share:
        raise InvalidRequestError(f"fail_on is {value!r}; it must be 'any', 'all', or a share from 0 to 1.")
    return value  # type: ignore[no-any-return]


def _at_least_one(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidRequestError(f"{name} is {value!r}; it must be a whole number, at least 1.")
    return value
