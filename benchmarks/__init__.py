"""Programs that measure what ``docs/explanation/performance.md`` tells; ``make bench`` runs them all."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Before Airflow is imported: the caller's Airflow home stays as it is.
os.environ.setdefault("AIRFLOW_HOME", str(ROOT / "build" / "airflow-home"))
