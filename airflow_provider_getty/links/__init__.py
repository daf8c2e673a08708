"""The extra links of a task in Airflow's web interface."""
