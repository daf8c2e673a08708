"""Runs a cluster on this machine: Airflow with Celery, its services, and an emulator with an undisclosed limit."""
