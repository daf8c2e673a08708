"""Measures the time that importing the operators and the sensor adds to a DAG file.

    python -m benchmarks.imports

Each figure is the median of separate processes that run one after another with compiled modules. The baseline is what
any DAG file with operators loads, `from airflow.sdk import DAG, BaseOperator, BaseSensorOperator`, because
`airflow.sdk` loads its attributes lazily.
"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

from airflow_provider_getty import get_provider_info

PROCESSES = 15
TARGET_MS = 30.0
BASELINE = "from airflow.sdk import DAG, BaseOperator, BaseSensorOperator"
INFO = get_provider_info()
MODULES = [
    name for kind in ("operators", "sensors") for each in INFO[kind] for name in each["python-modules"]
]
MEASURED = """
import sys, time
began = time.perf_counter()
{baseline}
between = time.perf_counter()
before = len(sys.modules)
{ours}
print((between - began) * 1000, (time.perf_counter() - between) * 1000, len(sys.modules) - before)
"""


def main() -> None:
    """Print the table."""
    ours = "\n".join(f"import {module}" for module in MODULES)
    code = MEASURED.format(baseline=BASELINE, ours=ours)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runs = []
    for number in range(PROCESSES + 1):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        if number:  # the first run compiles
            runs.append([float(each) for each in done.stdout.splitlines()[-1].split()])
    baseline, added, modules = (median(column) for column in zip(*runs, strict=True))
    what = f"all {len(MODULES)} modules of operators and sensors"
    verdict = "met" if added <= TARGET_MS else "missed"
    print(f"Median of {PROCESSES} processes, Python {sys.version.split()[0]}\n")
    print("| Import | Milliseconds | Of the baseline | Modules |\n|---|---|---|---|")
    print(f"| `{BASELINE}` | {baseline:.1f} | | |")
    print(f"| {what} | {added:.1f} | {added / baseline:.1%} | {modules:.0f} |")
    print(f"| *target: at most {TARGET_MS:.0f} ms* | *{verdict}* | | |")


if __name__ == "__main__":
    main()
