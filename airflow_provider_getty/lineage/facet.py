"""GettyRunFacet: the run facet ``getty``. Importing this imports OpenLineage."""

from __future__ import annotations

import attrs
from airflow.providers.common.compat.openlineage.facet import RunFacet


@attrs.define
class GettyRunFacet(RunFacet):
    """The run facet: the generations of a run, and the credits that they may have cost.

    :param operation: of a task that generates, such as ``refine``.
    :param generationRequestIds: of the generations that it made, waited for or downloaded, up to 200.
    :param creditsAtMost: how many generations were submitted for it, each of which may cost a credit; None: none, or
        it is unknown.
    """

    operation: str | None
    generationRequestIds: list[str]  # noqa: N815 - facets are written so
    creditsAtMost: int | None  # noqa: N815
