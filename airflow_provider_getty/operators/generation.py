"""GenerationOperator: what all operators that make images have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator, conf

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.generating.request import Request


class GenerationOperator(BaseOperator):
    """Submits a generation and, unless told otherwise, waits until it is finished.

    An operator is a subclass that names its :attr:`operation` and whose ``__init__`` declares the operation's
    arguments as keywords: all of them become template fields, and all else is done here.

    The result, in XCom, is plain JSON: ``generation_request_id``, ``status`` (``completed``, or ``pending`` if it
    did not wait), ``seed``, ``results`` (of ``index``, ``is_blocked``, ``preview_urls``) and ``original_asset``.

    :param product_id: the AI Generator product that pays. Default: the connection's.
    :param project_code: for products that require one. Default: the connection's.
    :param notes: for products that require them.
    :param wait_for_completion: whether to wait; if not, a :class:`GenerationSensor` can.
    :param deferrable: whether to wait in the triggerer, without a worker. Default: ``[operators]
        default_deferrable``.
    :param timeout: how long the whole task may take, in seconds of wall-clock time or as a ``timedelta``.
    :param poll_interval: a fixed number of seconds between polls. None: by the age of the generation.
    :param on_blocked: what to do about images that Getty's content policy withheld: ``fail`` or ``skip`` if all
        are, ``fail_any`` if any is, ``ignore``.
    :param marker: ``notes``: send a marker along in ``notes``, by which a retry finds what an earlier try submitted
        if its id was lost. ``none``: for accounts that may not send notes; a retry then compares the inputs.
    :param on_unsure_submission: what to do if nobody can tell whether an earlier try created a generation: ``fail``,
        or ``resubmit``, which may pay twice.
    :param history_lag: after how long a generation is certain to be in Getty's history, in seconds or as a
        ``timedelta``; a retry that finds none waits until then before it submits.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    operation: ClassVar[str]
    """By its name in :data:`..api.operations.GENERATING`, which a DAG file need not load."""

    names: ClassVar[Sequence[str]] = ("product_id", "project_code", "notes")
    """Of the arguments that say what is asked of Getty."""
    template_fields: Sequence[str] = (*names, "getty_conn_id")
    ui_color = "#e8e2f4"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "operation" in vars(cls):
            declared = signature(cls.__init__).parameters.values()
            own = [parameter.name for parameter in declared if parameter.kind is parameter.KEYWORD_ONLY]
            cls.names = (*own, *GenerationOperator.names)
            cls.template_fields = (*cls.names, "getty_conn_id")

    def __init__(
        self,
        *,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        timeout: arguments.Seconds = timedelta(hours=1),
        poll_interval: arguments.Seconds | None = None,
        on_blocked: arguments.OnBlocked = "fail",
        marker: arguments.Marker = "notes",
        on_unsure_submission: arguments.OnUnsure = "fail",
        history_lag: arguments.Seconds = timedelta(minutes=1),
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.product_id = product_id
        self.project_code = project_code
        self.notes = notes
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.timeout = arguments.seconds("timeout", timeout)
        self.poll_interval = arguments.optional_seconds("poll_interval", poll_interval)
        self.on_blocked = arguments.one_of("on_blocked", on_blocked, arguments.OnBlocked)
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

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Keep the operation's arguments, as ``locals()`` of ``__init__``, as attributes of the same names.

        :raises InvalidRequestError: two of them exclude each other, or one is missing.
        """
        written = {name: given[name] for name in self.names if name in given}
        arguments.check_alternatives(written)
        for name, value in written.items():
            setattr(self, name, value)

    def request(self) -> Request:
        """The request that the arguments describe. Nothing is sent.

        :raises GettyError: the arguments cannot be used.
        """
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.request(self)

    def prepare(self, context: Context) -> None:  # noqa: ARG002 - for subclasses
        """Make the arguments ready: called in each try before the request is made.

        :raises GettyError: the arguments cannot be used.
        """
        arguments.all_rendered(self, self.template_fields)

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit, or adopt what an earlier try submitted; then wait if told so."""
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.start(self, context)

    def submit_again(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on with a submission that Getty refused because too many generations were pending."""
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.submit_again(self, context, event)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Finish with the outcome that the trigger reports."""
        from airflow_provider_getty.operators import _generating  # noqa: PLC0415

        return _generating.complete(self, context, event)
