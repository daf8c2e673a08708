"""``python -m airflow_provider_getty.cli …``: the same as ``airflow getty …``, on Airflow 3.1 as well."""

from __future__ import annotations

import argparse

from airflow_provider_getty.cli.definition import get_getty_cli_commands


def main() -> None:
    """Parse the arguments and run the command."""
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_getty.cli")
    subparsers = parser.add_subparsers(required=True)
    [group] = get_getty_cli_commands()
    for command in group.subcommands:  # type: ignore[union-attr]
        own = subparsers.add_parser(command.name, help=command.help)
        own.set_defaults(func=command.func)
        for argument in command.args:
            argument.add_to_parser(own)
    arguments = parser.parse_args()
    arguments.func(arguments)


if __name__ == "__main__":
    main()
