"""A whole cluster on this machine: Airflow with Celery, what it needs, and a Getty whose limits only it knows."""
