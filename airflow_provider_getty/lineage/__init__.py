"""What tasks have made, for OpenLineage and for Airflow's assets."""
