"""Runs DAGs of the project one after the other, waiting included, in a process apart from pytest.

Reads from its arguments `[[dag id, parameters], ...]` and `[[path, body, headers], ...]`, with Airflow's connections in
the environment. Writes for each DAG the state and the result of its tasks, then the status with which the api-server's
application answers each request.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LONGEST = 300.0


def run(home: Path, connections: dict[str, Any], orders: list[Any], requests: list[Any] | None = None) -> list[Any]:
    """Run DAGs with the given connections; returns for each its tasks, then the answers to requests."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")} | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API_AUTH__JWT_SECRET": "x" * 64,
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "TZ": "UTC",
    }
    environment |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()}
    done = subprocess.run(
        [sys.executable, __file__, json.dumps(orders), json.dumps(requests or [])],
        cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6000:]
    answer: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _run(bag: Any, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    dag = bag.dags[dag_id]
    dag.deadline = []  # Airflow 3.3.2 looks a test run's deadlines up by what they are in place of their ids
    found = dag.test(run_conf=conf)
    return {ti.task_id: [str(ti.state), ti.xcom_pull(task_ids=ti.task_id)] for ti in found.get_task_instances()}


def _ask(requests: list[Any]) -> list[Any]:
    from airflow.api_fastapi.app import create_app
    from starlette.testclient import TestClient

    client = TestClient(create_app())
    return [client.post(path, content=body.encode(), headers=headers).status_code for path, body, headers in requests]


def _main() -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Airflow prints
    initdb()
    Pool.create_or_update_pool("shopify", 1, "", include_deferred=False)
    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    orders, requests = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    found = [_run(bag, dag_id, conf) for dag_id, conf in orders]
    answers.write(json.dumps([*found, *(_ask(requests) if requests else [])], default=str) + "\n")
    answers.flush()


if __name__ == "__main__":
    _main()
