"""GettyVariationsOperator: make more images like a generated one."""

from __future__ import annotations

from typing import Any

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator


class GettyVariationsOperator(GenerationOperator):
    """Makes more images like a generated one (``POST …/{generationRequestId}/images/{index}/variations``).

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param generation_request_id: the generation: its id, or the result of a task that has it (``generate.output``).
    :param index: which image, from 0. Default: the first that is not blocked, if a result is given; else 0.
    """

    operation = "variations"

    def __init__(
        self,
        *,
        generation_request_id: arguments.GenerationSource,
        index: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._keep(locals())
