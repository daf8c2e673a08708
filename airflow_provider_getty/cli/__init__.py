"""The commands ``airflow getty …``."""
