"""docs/reference/batch.md says what the code says."""

from __future__ import annotations

from airflow_provider_getty.batch import events
from tests.support.documents import names, rows, section


def test_every_event_of_the_journal_is_documented() -> None:
    described = {names(cells[0])[0] for cells in rows(section("batch.md", "The journal"))}
    assert described == {"began", "intended", "submitted", "forgotten", *events._READ}
