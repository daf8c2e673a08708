"""Getty's AI Generator over HTTP: plain Python that knows nothing of Airflow."""
