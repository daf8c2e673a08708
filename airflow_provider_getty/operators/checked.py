"""CheckedOperator: the base of all operators and sensors. It checks arguments when the DAG file is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator, BaseOperatorLink

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.rules import RULES, Check, Rule
from airflow_provider_getty.links.getty import GettyEmulatorLink, GettyGalleryLink

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_getty.lineage.made import Made


class CheckedOperator(BaseOperator):
    """Checks the arguments of a task when the DAG file is read, and provides its hook."""

    rules: ClassVar[Mapping[str, Rule]] = RULES
    """The values that arguments may have, by argument name."""
    operator_extra_links: Collection[BaseOperatorLink] = (GettyGalleryLink(), GettyEmulatorLink())
    getty_conn_id: str
    made: Sequence[Made] = ()
    """The generations and files that the task made, as far as this process knows."""

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Map the operator. Unmapped arguments are checked here, mapped ones when the task runs.

        :raises InvalidRequestError: an argument cannot be used.
        """
        Check(str(kwargs.get("task_id")), cls.template_fields, cls.rules).values(kwargs)
        return super().partial(**kwargs)

    @cached_property
    def hook(self) -> GettyHook:
        """The hook of the connection."""
        return GettyHook(self.getty_conn_id)

    def charged(self) -> int | None:
        """How many generations this task has submitted, each of which may cost a credit; None: unknown."""
        return None

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any]:
        """The images and files that the task will read. Airflow's OpenLineage provider calls this."""
        return self._lineage()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any]:  # noqa: ARG002
        """The lineage of a task that succeeded."""
        return self._lineage(self.made, charged=self.charged())

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> OperatorLineage[Any, Any]:
        """The lineage of a task that failed: its inputs, and its outputs up to the failure."""
        return self.get_openlineage_facets_on_complete(task_instance)

    def _lineage(self, made: Sequence[Made] = (), *, charged: int | None = None) -> OperatorLineage[Any, Any]:
        from airflow_provider_getty.lineage import openlineage  # noqa: PLC0415

        return openlineage.lineage(self, made, charged=charged)

    def _check(self) -> Check:
        """Refuse values that cannot be used, and return the check for further ones.

        :raises InvalidRequestError: an argument cannot be used.
        """
        check = Check(self.task_id, self.template_fields, self.rules)
        check.values({name: getattr(self, name) for name in self.rules if name in vars(self)})
        return check
