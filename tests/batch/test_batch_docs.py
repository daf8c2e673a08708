"""docs/reference/batch.md says what the code says."""

from __future__ import annotations

import inspect
from datetime import timedelta

from airflow_provider_getty.batch import events
from airflow_provider_getty.operators.batch import GettyBatchOperator
from tests.support.documents import names, parameters, rows, section


def test_the_table_of_arguments_says_what_the_operator_takes() -> None:
    actual = parameters(GettyBatchOperator)
    table = list(rows(section("batch.md", "`GettyBatchOperator`")))
    assert sorted(names(cells[0])[0] for cells in table) == sorted(actual)
    for argument, default, templated, *_ in table:
        name = names(argument)[0]
        assert (templated == "T") == (name in GettyBatchOperator.template_fields), name
        match default:
            case "`[operators] default_deferrable`":
                assert name == "deferrable"
            case "required":
                assert actual[name].default is inspect.Parameter.empty, name
            case _:
                assert eval(default.strip("`"), {"timedelta": timedelta}) == actual[name].default, name


def test_every_event_of_the_journal_is_documented() -> None:
    described = {names(cells[0])[0] for cells in rows(section("batch.md", "The journal"))}
    assert described == {"began", "intended", "submitted", "forgotten", *events._READ}
