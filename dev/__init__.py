"""What runs the project on a developer's machine: the programs behind `make demo` and `make airflow`."""
