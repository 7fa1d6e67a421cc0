"""Prints what the DAGs of a folder are, as JSON. Run in a process of its own, with a harmless home for Airflow."""

import json
import sys
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.encoders import coerce_to_core_timetable

HEAVY = {"pandas", "numpy", "paramiko", "asyncssh", "psycopg", "aiohttp", "requests", "slack_sdk", "aiosmtplib"}

EMPTY = ("", " ", None)


def describe(dag: Any) -> dict[str, Any]:
    """What a DAG is."""
    timetable = dag.timetable
    condition = timetable.asset_condition
    assets = [] if condition is None else getattr(condition, "objects", [condition])
    return {
        "schedule": [
            getattr(getattr(timetable, "timetable", timetable), "expression", None),
            sorted(asset.name for asset in assets),
        ],
        "doc_md": dag.doc_md,
        "tags": sorted(dag.tags),
        "can_be_backfilled": coerce_to_core_timetable(timetable).periodic,
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "has_timeout": dag.dagrun_timeout is not None,
        "deadlines": [describe_deadline(dag, deadline) for deadline in dag.deadline],
        "params": {name: describe_param(dag.params.get_param(name)) for name in dag.params},
        "tasks": {task.task_id: describe_task(task) for task in dag.tasks},
    }


def describe_param(param: Any) -> dict[str, Any]:
    """What the trigger form shows of a parameter."""
    default = {"default": param.value} if param.has_value else {}
    return dict(param.schema) | default | {"refused": [value for value in EMPTY if refuses(param, value)]}


def refuses(param: Any, value: str | None) -> bool:
    """Whether a run with this value is refused."""
    try:
        param.resolve(value)
    except ParamValidationError:
        return True
    return False


def describe_deadline(dag: Any, deadline: Any) -> dict[str, Any]:
    """When a run is late, and what is then called."""
    return {
        "reference": deadline.reference.reference_name,
        "minutes": deadline.interval.total_seconds() / 60,
        "calls": deadline.callback.path,
        "with": deadline.callback.kwargs,
        "share_of_timeout": deadline.interval / dag.dagrun_timeout,
    }


def describe_task(task: Any) -> dict[str, Any]:
    """What a task is."""
    called = task.on_failure_callback
    return {
        "downstream": sorted(task.downstream_task_ids),
        "pool": task.pool,
        "retries": task.retries,
        "owner": task.owner,
        "has_policy": task.retry_policy is not None,
        "has_timeout": task.execution_timeout is not None,
        "when_failed": [
            f"{each.__module__}.{each.__qualname__}" for each in (called if isinstance(called, list) else [called])
        ],
    }


if __name__ == "__main__":
    before = set(sys.modules)
    bag = DagBag(sys.argv[1])
    description = {
        "errors": bag.import_errors,
        "heavy": sorted(HEAVY & (set(sys.modules) - before)),
        "dags": {dag.dag_id: describe(dag) for dag in bag.dags.values()},
    }
    print(json.dumps(description))
