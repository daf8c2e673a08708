"""CheckedOperator: the base of all operators and sensors, which checks arguments when the DAG file is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator, BaseOperatorLink

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.links.getty import GettyEmulatorLink, GettyGalleryLink


class CheckedOperator(BaseOperator):
    """Checks the arguments of a task when the DAG file is read, and knows its connection."""

    rules: ClassVar[Mapping[str, arguments.Rule]] = arguments.RULES
    """The values that arguments may have, by the argument's name."""
    operator_extra_links: Collection[BaseOperatorLink] = (GettyGalleryLink(), GettyEmulatorLink())
    getty_conn_id: str

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Map the operator. What is not mapped is checked here, what is mapped when the task runs.

        :raises InvalidRequestError: an argument cannot be used.
        """
        arguments.Check(str(kwargs.get("task_id")), cls.template_fields, cls.rules).values(kwargs)
        return super().partial(**kwargs)

    @cached_property
    def hook(self) -> GettyHook:
        """The hook of the connection."""
        return GettyHook(self.getty_conn_id)

    def _check(self) -> arguments.Check:
        """Refuse values that cannot be used, and return the check for further questions.

        :raises InvalidRequestError: an argument cannot be used.
        """
        check = arguments.Check(self.task_id, self.template_fields, self.rules)
        check.values({name: getattr(self, name) for name in self.rules if name in vars(self)})
        return check
