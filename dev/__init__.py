"""Runs the project on a developer's machine: the programs behind `make demo`, `make airflow` and others."""
