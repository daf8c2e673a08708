"""The triggers, which wait without a worker."""

TRIGGER_GRACE = 120.0
"""Seconds after its deadline within which a trigger may still report, before Airflow itself ends the wait."""
WORKER_ENDS_IN = 5.0
"""Seconds within which the worker process of a task that has deferred exits. It needs about one.

Under LocalExecutor, a trigger that fires earlier fails the task ("finished with state success, but … queued"; Airflow
3.3.2).
"""
