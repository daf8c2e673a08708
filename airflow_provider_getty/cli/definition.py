"""The commands that this package adds to ``airflow`` (Airflow 3.2). Airflow loads this module with every command."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from argparse import ArgumentTypeError

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

_MAX_DAYS = 3650


def _days(text: str) -> int:
    """Parse a number of days."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= _MAX_DAYS:
        raise ArgumentTypeError(f"{text!r} must be a whole number from 1 to {_MAX_DAYS}.")
    return int(text)


_CONN_ID = Arg(("--conn-id",), help="A connection of the type getty", default="getty_default")
_DAYS = Arg(("--days",), help="How many days to look back (default: 30)", type=_days, default=30)
_DAG_ID = Arg(("--dag-id",), help="Only the generations of this DAG")
_UNCOLLECTED = Arg(
    ("--uncollected",),
    help="Instead, list the generations of DAGs that are in no result of a task and in no journal of a batch: what "
    "was paid for and not collected. Reads Airflow's database",
    action="store_true",
)
_MODULE = "airflow_provider_getty.cli.commands"


def get_getty_cli_commands() -> list[CLICommand]:
    """The group ``getty``."""
    return [
        GroupCommand(
            name="getty",
            help="Generations and credits of Getty's AI Generator",
            subcommands=(
                ActionCommand(
                    name="credits",
                    help="List the account's AI Generator products and the credits that are left",
                    func=lazy_load_command(f"{_MODULE}.credits_left"),
                    args=(_CONN_ID, ARG_OUTPUT),
                ),
                ActionCommand(
                    name="generations",
                    help="Count the account's generations by day and task; each may have cost a credit",
                    func=lazy_load_command(f"{_MODULE}.generations"),
                    args=(_CONN_ID, _DAYS, _DAG_ID, _UNCOLLECTED, ARG_OUTPUT),
                ),
            ),
        )
    ]
