"""`make cluster`: runs a cluster with the provider, the example DAGs and the emulator until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dev.cluster.cluster import TRIGGERERS, WORKERS, Cluster
from dev.processes import serve_until_stopped

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".cluster"
DAGS = {"examples": ROOT / "example_dags"}
GREETING = """
Airflow      {airflow}
             CeleryExecutor; {workers}, {tasks} tasks at a time each; {triggerers}
             The connection to the emulator is getty_default, the one to the S3 server aws_default

Emulator     {getty}
             Allows {limit} requests per second; the connection does not mention this limit

S3           {s3}, bucket getty
PostgreSQL   {postgres_program}
             {postgres}
Redis        {redis_program}
             {redis}
Logs         {logs}
             and, for each Airflow process, {airflow_logs}

Processes that exit are restarted. Ctrl-C stops everything.
"""


def main() -> int:
    """Serve until interrupted, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--queries-per-second", type=int, default=10, help="the account's limit (default: 10)"
    )
    parser.add_argument(
        "--latency",
        default="lognormal:15:0.6",
        help="latency of generations in seconds: 3, 2-20 or median and sigma",
    )
    parser.add_argument(
        "--tasks", type=int, default=4, help="tasks that a worker runs at a time (default: 4)"
    )
    arguments = parser.parse_args()
    getty = {"queries_per_second": arguments.queries_per_second, "latency": arguments.latency}

    def serve() -> None:
        print("Starting eleven processes; this takes about 30 seconds ...", flush=True)
        with Cluster(HOME, DAGS, getty, tasks_per_worker=arguments.tasks) as cluster:
            cluster.airflow.wait_for_dags(["getty_refine"])
            print(_greeting(cluster, arguments), flush=True)
            while True:
                cluster.wait(60)

    stopped = "Stopped. The logs are kept in .cluster/ until the next start."
    return serve_until_stopped(serve, stopped=stopped)


def _greeting(cluster: Cluster, arguments: argparse.Namespace) -> str:
    return GREETING.format(
        airflow=cluster.airflow.url,
        workers=" and ".join(WORKERS),
        triggerers=" and ".join(TRIGGERERS),
        tasks=arguments.tasks,
        limit=arguments.queries_per_second,
        getty=cluster.getty.url,
        s3=cluster.s3.url,
        postgres=cluster.postgres.url,
        postgres_program=cluster.postgres.program,
        redis=cluster.redis.url,
        redis_program=cluster.redis.program,
        logs=cluster.folder / "logs",
        airflow_logs=cluster.airflow.logs,
    )


if __name__ == "__main__":
    sys.exit(main())
