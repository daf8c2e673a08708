"""Programs that run the project on a developer's machine, behind `make demo`, `make airflow` and others."""
