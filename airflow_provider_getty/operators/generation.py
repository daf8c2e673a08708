"""GenerationOperator: the base of all operators that generate images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Unpack, get_args

from airflow.providers.common.compat.sdk import conf

from airflow_provider_getty.hooks.getty import GettyHook, OperationName
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.links.getty import GettyOriginalLink
from airflow_provider_getty.operators.checked import CheckedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.generating.request import Request
    from airflow_provider_getty.inputs.task_arguments import TaskArguments


class GenerationOperator(CheckedOperator):
    """Submits a generation and, unless ``wait_for_completion`` is False, waits until it is finished.

    A subclass names its :attr:`operation` and stores the operation's arguments as attributes of the same names.

    The result, in XCom, is plain JSON: ``generation_request_id``, ``status`` (``completed``, or ``pending`` if the
    task did not wait), ``seed``, ``results`` (each with ``index``, ``is_blocked`` and ``preview_urls``) and
    ``original_asset``.

    :param product_id: the AI Generator product that pays. Default: the connection's.
    :param project_code: for products that require one. Default: the connection's.
    :param notes: for products that require them.
    :param wait_for_completion: whether to wait; otherwise, a :class:`.GenerationSensor` can.
    :param deferrable: whether to wait in the triggerer, without a worker. Default: ``[operators]
        default_deferrable``.
    :param timeout: how long the whole task may take, in seconds of wall-clock time or as a ``timedelta``. Default:
        ``[getty] timeout`` of Airflow's configuration, 1 hour unless it is set.
    :param poll_interval: a fixed number of seconds between polls. Default: ``[getty] poll_interval``; if that is not
        set, by the generation's age.
    :param on_blocked: what to do about images that Getty's content policy blocked: ``fail`` or ``skip`` if all are
        blocked, ``fail_any`` if any is, ``ignore`` accepts them.
    :param marker: ``notes``: send a marker in ``notes``, by which a retry finds what an earlier try submitted if its
        id was lost. ``none``: for accounts that may not send notes; a retry then compares the inputs.
        Default: ``[getty] marker``, ``notes`` unless it is set.
    :param on_unsure_submission: what to do if it is unknown whether an earlier try created a generation: ``fail``,
        or ``resubmit``, which may pay twice.
    :param history_lag: how long after its submission a generation is certain to be in Getty's history, in seconds or
        as a ``timedelta``. A retry that finds none waits that long before it submits. Default: ``[getty] history_lag``,
        1 minute unless it is set.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    operation: ClassVar[OperationName]
    """The operation's name in :data:`..api.operations.GENERATING`."""
    template_fields: Sequence[str] = ("product_id", "project_code", "notes", "getty_conn_id")
    operator_extra_links = (GettyOriginalLink(), *CheckedOperator.operator_extra_links)
    ui_color = "#e8e2f4"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        operation = getattr(cls, "operation", None)
        if operation is not None and operation not in get_args(OperationName):
            known = ", ".join(get_args(OperationName))
            raise TypeError(f"{cls.__name__}.operation is {operation!r}; it must be one of {known}.")

    def __init__(
        self,
        *,
        product_id: arguments.WholeNumber | None = None,
        project_code: arguments.Text | None = None,
        notes: arguments.Text | None = None,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        timeout: arguments.Seconds | None = None,
        poll_interval: arguments.Seconds | None = None,
        on_blocked: arguments.OnBlocked = "fail",
        marker: arguments.Marker | None = None,
        on_unsure_submission: arguments.OnUnsure = "fail",
        history_lag: arguments.Seconds | None = None,
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.product_id = product_id
        self.project_code = project_code
        self.notes = notes
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.timeout = arguments.seconds_given(timeout)
        self.poll_interval = arguments.seconds_given(poll_interval)
        self.on_blocked = on_blocked
        self.marker = marker
        self.on_unsure_submission = on_unsure_submission
        self.history_lag = arguments.seconds_given(history_lag)
        self.getty_conn_id = getty_conn_id
        self._check()

    def charged(self) -> int | None:
        """1 once there is a generation."""
        return 1 if self.made else None

    def request(self) -> Request:
        """The request that the arguments describe. Nothing is sent.

        :raises GettyError: the arguments cannot be used.
        """
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.request(self)

    def prepare(self, context: Context) -> None:  # noqa: ARG002 - for subclasses
        """Prepare the arguments; called in each try before the request is made.

        :raises GettyError: the arguments cannot be used.
        """
        arguments.all_rendered(self, self.template_fields)

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit, or adopt what an earlier try submitted; then wait if the task waits."""
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.start(self, context)

    def submit_again(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Continue with a submission that Getty refused because too many generations were pending."""
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.submit_again(self, context, event)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Finish with the outcome that the trigger reports."""
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.complete(self, context, event)
