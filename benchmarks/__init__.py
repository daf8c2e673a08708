"""Programs that produce the figures in ``docs/explanation/performance.md``; ``make bench`` runs them all."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Before Airflow is imported, so that the caller's Airflow home stays unchanged.
os.environ.setdefault("AIRFLOW_HOME", str(ROOT / "build" / "airflow-home"))
