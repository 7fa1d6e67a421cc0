"""Airflow's task runner in a process of its own, which runs a DAG whenever it is told to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.jobs.own_airflow import OrderedProcess, obey

DAGS = Path(__file__).parent / "dags"
BASE_URL = "https://airflow.example.com/inventory"
LONGEST_RUN = 120.0


@dataclass(frozen=True)
class Ran:
    """What a run came to.

    Attributes:
        run_id: Its id.
        tasks: The state and the number of tries of each task.
        log: What `include.jobs` logged, one line per record: level, message.
    """

    run_id: str
    tasks: dict[str, tuple[str, int]]
    log: list[str]


class AirflowProcess:
    """The process, as the tests see it, with the DAGs of one folder."""

    def __init__(self, home: Path, dags: Path = DAGS) -> None:
        self._process = OrderedProcess(
            __file__, home, AIRFLOW__API__BASE_URL=BASE_URL, AIRFLOW__CORE__DAGS_FOLDER=str(dags)
        )

    def run(self, conf: dict[str, Any], environment: dict[str, str], dag_id: str = "alerting") -> Ran:
        """Run a DAG with a configuration, variables and connections."""
        answer = self._ask({"environment": environment, "conf": conf, "dag": dag_id})
        tasks = {name: (state, tries) for name, state, tries in answer["tasks"]}
        return Ran(answer["run_id"], tasks, answer["log"])

    def lose(self, environment: dict[str, str]) -> Ran:
        """Run the DAG, then let the DAG processor be told that one of its tasks was lost, as the scheduler does it."""
        answer = self._ask({"environment": environment, "conf": {"task": "none"}, "lost": "fails_at_once"})
        return Ran(answer["run_id"], {}, answer["log"])

    def miss_deadline(self, context: dict[str, Any], environment: dict[str, str]) -> Ran:
        """Call what a missed deadline calls."""
        answer = self._ask({"environment": environment, "deadline": context})
        return Ran("", {}, answer["log"])

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        self._process.tell(order)
        return self._process.answer(LONGEST_RUN)

    def stop(self) -> None:
        """End it."""
        self._process.stop()


def _run(conf: dict[str, Any], lost: str | None, dag_id: str) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    dag = bag.dags[dag_id]
    dag.deadline = None  # Airflow 3.3.2 cannot end a test run that has one
    run = dag.test(run_conf=conf)
    if lost is not None:
        _lose(bag, run, lost)
    tasks = [(ti.task_id + (f"[{ti.map_index}]" if ti.map_index >= 0 else ""), ti.state, ti.try_number)
             for ti in run.get_task_instances()]  # fmt: skip
    return {"run_id": run.run_id, "tasks": tasks}


def _lose(bag: Any, run: Any, task_id: str) -> None:
    import structlog
    from airflow.api_fastapi.execution_api.datamodels.taskinstance import DagRun, TIRunContext
    from airflow.callbacks.callback_requests import TaskCallbackRequest
    from airflow.dag_processing.processor import _execute_callbacks
    from airflow.utils.state import TaskInstanceState

    (ti,) = [one for one in run.get_task_instances() if one.task_id == task_id]
    known = DagRun.model_validate(run, from_attributes=True)
    request = TaskCallbackRequest(
        filepath="alerting.py", bundle_name="dags-folder", bundle_version=None, ti=ti, msg="the worker was lost",
        task_callback_type=TaskInstanceState.FAILED,
        context_from_server=TIRunContext(
            dag_run=known, max_tries=ti.max_tries, variables=[], connections=[], xcom_keys_to_clear=[]
        ),
    )  # fmt: skip
    _execute_callbacks(bag, [request], structlog.get_logger())


@cache
def _make_ready() -> None:
    from airflow.utils.db import initdb

    initdb()


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    import asyncio

    from include.jobs import alerts

    _make_ready()
    answer = _run(order["conf"], order.get("lost"), order.get("dag", "alerting")) if "conf" in order else {}
    if "deadline" in order:
        asyncio.run(alerts.deadline_missed(minutes=45, context=order["deadline"]))
    return answer


if __name__ == "__main__":
    obey(_carry_out)
