"""A DAG that does as its run's configuration says, with what every DAG of Trueup has in common."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseHook, Variable, dag, task
from airflow.sdk.exceptions import AirflowFailException
from psycopg.errors import DiskFull

from include.errors import NeedsAction, TryAgain
from include.jobs import alerts
from include.jobs.defaults import DEFAULT_ARGS

KINDS: dict[str, type[Exception]] = {
    kind.__name__: kind for kind in (AirflowFailException, NeedsAction, TryAgain, RuntimeError, DiskFull)
}


def fail(ti: Any, conf: dict[str, Any]) -> None:
    """Fail as the configuration says, if it says so of this task."""
    if conf["task"] == ti.task_id and ti.try_number <= conf.get("failing_tries", 99):
        raise KINDS[conf["kind"]](conf["message"])


@task
def fails(ti: Any = None, dag_run: Any = None) -> None:
    fail(ti, dag_run.conf)


@task(retries=0)
def fails_at_once(ti: Any = None, dag_run: Any = None) -> None:
    fail(ti, dag_run.conf)


@task
def is_mapped(number: int, ti: Any = None, dag_run: Any = None) -> None:
    if number == 1:
        fail(ti, dag_run.conf)


@task(retries=0)
def tells_secrets(dag_run: Any = None) -> None:
    if dag_run.conf["task"] == "tells_secrets":
        password = BaseHook.get_connection("with_password").password
        token = Variable.get("api_token")
        raise RuntimeError(f"no answer from ftp://user:{password}@host with token {token}")


@task
def warns(dag_run: Any = None) -> str:
    if dag_run.conf["task"] == "warns":
        alerts.send(dag_run.conf["subject"], dag_run.conf["message"])
    return "went on"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args=DEFAULT_ARGS | {"retries": 2, "retry_delay": timedelta(0), "max_retry_delay": timedelta(0)},
)
def alerting() -> None:
    """Tasks that have nothing to do with each other."""
    fails()
    fails_at_once()
    is_mapped.expand(number=[0, 1])
    tells_secrets()
    warns()


alerting()
