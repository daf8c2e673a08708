"""GettyRunFacet: the run facet ``getty``. Importing this imports OpenLineage."""

from __future__ import annotations

import attrs
from airflow.providers.common.compat.openlineage.facet import RunFacet


@attrs.define
class GettyRunFacet(RunFacet):
    """The run facet: the generations of a run, and the credits that they may have cost.

    :param operation: the operation of a generating task, such as ``refine``.
    :param generationRequestIds: the generations that the task made, waited for or downloaded, up to 200.
    :param creditsAtMost: how many generations the task submitted, each of which may cost a credit; None: none, or an
        unknown number.
    """

    operation: str | None
    generationRequestIds: list[str]  # noqa: N815 - OpenLineage's style
    creditsAtMost: int | None  # noqa: N815
