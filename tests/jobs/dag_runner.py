"""Runs DAGs of the project one after the other, waiting included, in a process apart from pytest.

Reads from its arguments `[[dag id, parameters, answers], ...]` and `[[path, body, headers], ...]`, with Airflow's
connections in the environment. A DAG that asks somebody is given the answers, if there are any, through the API that
the Airflow UI uses. Writes for each DAG the state and the result of its tasks, then the status with which the
api-server's application answers each request.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from tests.jobs.own_airflow import ROOT, environment

LONGEST = 300.0
LONGEST_QUESTION = 240.0
LOG = "log.txt"
"""The file in the given home with all that Airflow has printed."""

RETRIES = "TRUEUP_TEST_RETRIES"
"""Tells the process how often a task is tried again, if not as often as it says itself."""

FIND = ("find_shops", "choose_locations", "find_held_plans")
"""The tasks that say over what the others are mapped."""

SOMEBODY = "olivia"
"""Who answers what a DAG asks."""


def run(
    home: Path,
    connections: dict[str, Any],
    orders: list[Any],
    requests: list[Any] | None = None,
    *,
    retries: int | None = None,
) -> list[Any]:
    """Run DAGs with the given connections; returns for each its tasks, then the answers to requests.

    A DAG that has asked somebody has its rendered questions as one more entry, `questions`. A mapped task has the
    results of its shops, and their states if these differ. `retries` replaces those of the tasks.
    """
    own = environment(home) | {
        "AIRFLOW__API_AUTH__JWT_SECRET": "x" * 64,
        "AIRFLOW__CORE__DAGS_FOLDER": str(_only(home / "dags", {order[0] for order in orders})),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    }
    own |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()}
    if retries is not None:
        own[RETRIES] = str(retries)
    with (home / LOG).open("w") as log:
        done = subprocess.run(
            [sys.executable, __file__, json.dumps(orders), json.dumps(requests or [])],
            cwd=home, env=own, stdout=subprocess.PIPE, stderr=log, text=True, check=False, timeout=LONGEST,
        )  # fmt: skip
    assert done.returncode == 0, (home / LOG).read_text()[-6000:]
    answer: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _only(folder: Path, dag_ids: set[str]) -> Path:
    """A folder with these DAGs alone, as Airflow reads all of a folder again for each run."""
    folder.mkdir(exist_ok=True)
    for dag_id in dag_ids:
        shutil.copy(ROOT / "dags" / f"{dag_id}.py", folder)
    return folder


def _run(dag_id: str, conf: dict[str, Any], answers: list[str] | None = None) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    # Read anew each time, as a test run leaves its parameters in the DAG.
    dag = DagBag(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / f"{dag_id}.py").dags[dag_id]
    dag.deadline = []  # Airflow 3.3.2 looks a test run's deadlines up by what they are in place of their ids
    if RETRIES in os.environ:
        for task in dag.tasks:
            given = task.partial_kwargs if isinstance(task, MappedOperator) else vars(task)
            given["retries"] = int(os.environ[RETRIES])
    asked = {}
    if answers is not None:
        with ThreadPoolExecutor(1) as threads:
            answered = threads.submit(_or_end, _somebody(), dag_id, answers)
            found = dag.test(run_conf=conf)
            asked = {"questions": answered.result()}
    else:
        found = dag.test(run_conf=conf)
    return asked | _tasks(found.get_task_instances())


def _tasks(instances: list[Any]) -> dict[str, list[Any]]:
    """State and result of each task. Of one that is mapped: by shop, and the state if it is the same for all."""
    told = {
        (ti.task_id, ti.map_index): [str(ti.state), ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)]
        for ti in instances
    }
    tasks = {task_id: each for (task_id, index), each in told.items() if index < 0}
    listed = [each for task in FIND for each in tasks.get(task, ["", None])[1] or ()]
    found = [_name(each) for each in listed]
    mapped: dict[str, dict[str, list[Any]]] = {}
    for (task_id, index), each in told.items():
        if index >= 0:
            mapped.setdefault(task_id, {})[found[index]] = each
    for task_id, shops in mapped.items():
        states = {shop: state for shop, (state, _) in shops.items()}
        same = set(states.values())
        results = {shop: result for shop, (_, result) in shops.items()}
        tasks[task_id] = [same.pop() if len(same) == 1 else states, results]
    return tasks


def _name(found: Any) -> str:
    """Of what a task was mapped over: the shop, or the number of the plan."""
    return str(found.get("shop_id", found.get("plan_id"))) if isinstance(found, dict) else str(found)


@cache
def _somebody() -> Any:
    """The API as somebody who is logged in sees it."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    app = create_app()
    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=SOMEBODY, role="admin"))
    return TestClient(app, headers={"Authorization": f"Bearer {token}"})


def _answer(client: Any, dag_id: str, answers: list[str]) -> list[dict[str, Any]]:
    """Wait until the DAG has asked as much as there are answers, and give them, the first to what was asked last.

    Returns:
        The questions as they were asked.
    """
    until = time.monotonic() + LONGEST_QUESTION
    waiting: list[dict[str, Any]] = []
    while len(waiting) < len(answers):
        assert time.monotonic() < until, f"{dag_id} has asked {len(waiting)} questions"
        found = client.get(f"/api/v2/dags/{dag_id}/dagRuns/~/hitlDetails", params={"response_received": False}).json()
        waiting = [each for each in found["hitl_details"] if each["task_instance"]["state"] == "awaiting_input"]
        time.sleep(1.0)  # Airflow shares the process
    asked = sorted(waiting, key=lambda each: int(each["task_instance"]["map_index"]))
    for question, answer in zip(reversed(asked), answers, strict=True):
        ti = question["task_instance"]
        task = f"{ti['task_id']}/{ti['map_index']}"
        path = f"/api/v2/dags/{dag_id}/dagRuns/{ti['dag_run_id']}/taskInstances/{task}/hitlDetails"
        done = client.patch(path, json={"chosen_options": [answer], "params_input": {}})
        assert done.status_code == 200, done.text
    return [{name: each[name] for name in ("subject", "body", "options")} for each in asked]


def _or_end(*arguments: Any) -> list[dict[str, Any]]:
    """`_answer`, or the end of the process, as the DAG would wait for ever."""
    try:
        return _answer(*arguments)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _ask(requests: list[Any]) -> list[Any]:
    from airflow.api_fastapi.app import create_app
    from starlette.testclient import TestClient

    client = TestClient(create_app())
    return [client.post(path, content=body.encode(), headers=headers).status_code for path, body, headers in requests]


def _main() -> None:
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Airflow prints
    initdb()
    Pool.create_or_update_pool("shopify", 1, "", include_deferred=False)
    orders, requests = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    found = [_run(*order) for order in orders]
    answers.write(json.dumps([*found, *(_ask(requests) if requests else [])], default=str) + "\n")
    answers.flush()


if __name__ == "__main__":
    _main()
