"""Alerts from the real processes: a refused file from a worker, a late run from the triggerer, both to a webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from include.db.connection import Connection
from include.sandbox.world import World
from tests.e2e import steps
from tests.e2e.demo_process import wait_for
from tests.jobs import servers
from tests.jobs.servers import Receiver

VARIABLE, CONNECTION = "alert_channels", "alert_webhook"


@pytest.fixture
def webhook(world: World) -> Iterator[Receiver]:
    """A receiver, entered as the only channel in the way of an administrator."""
    with servers.receiver() as running:
        channels = json.dumps([{"kind": "webhook", "connection": CONNECTION}])
        body = {"connection_id": CONNECTION, "conn_type": "http", "host": running.url}
        world.airflow.request("POST", "/connections", json=body)
        world.airflow.request("POST", "/variables", json={"key": VARIABLE, "value": channels})
        yield running
        world.airflow.request("DELETE", f"/variables/{VARIABLE}")
        world.airflow.request("DELETE", f"/connections/{CONNECTION}")


def received(webhook: Receiver, kind: str, dag_id: str) -> dict[str, Any]:
    """The one alert of that kind, once it has come."""

    def found() -> list[dict[str, Any]]:
        return [post.body for post in webhook.posts if (post.body["kind"], post.body["dag_id"]) == (kind, dag_id)]

    wait_for(f"the alert {kind} of {dag_id}", lambda: bool(found()))
    (alert,) = found()
    return alert


def test_a_refused_file_alerts(world: World, oms: Connection, webhook: Receiver) -> None:
    name = steps.drop(world, "alerting", "sku,location,units\nA,B,5\n")
    dag_id, task_id = steps.PROCESSING
    alert = received(webhook, "task_failed", dag_id)
    assert (alert["task_id"], alert["try_number"], alert["error"]) == (task_id, 1, "AirflowFailException")
    assert alert["message"] == steps.filed(oms, name)["message"]
    assert name in alert["message"]
    assert alert["next_step"].startswith("Do what the message says")
    assert (
        alert["run_url"]
        == f"{world.airflow.url}/dags/{dag_id}/runs/{alert['run_id'].replace(':', '%3A').replace('+', '%2B')}"
    )
    assert alert["task_url"] == f"{alert['run_url']}/tasks/{task_id}?try_number=1"
    assert world.airflow.state(dag_id, alert["run_id"]) in ("running", "failed")


def test_a_file_with_bad_rows_alerts(world: World, oms: Connection, webhook: Receiver) -> None:
    """Unless its feed is not to be alerted of, as with the first of the two files."""
    bad = "Item,externalFacilityId,availableQty,idValue\n,no-such-place,5,5210\n"
    notify = b"UPDATE data_manager_config SET notify_on_failure = %s WHERE config_id = 'RESET_INVENTORY'"
    oms.execute(notify, [False])
    steps.filed(oms, steps.drop(world, "silent", bad))
    wait_for("the run to end", lambda: steps.running(world, *steps.PROCESSING) is None)
    oms.execute(notify, [True])
    name = steps.drop(world, "with-bad-rows", bad)
    alert = received(webhook, "warning", steps.PROCESSING[0])
    log = steps.filed(oms, name)
    assert f"RESET_INVENTORY: 1 of 1 rows of {name} were refused" in alert["subject"]
    assert f"{name} (log {log['data_manager_log_id']}): 1 of 1 rows were refused" in alert["message"]
    assert log["error_file_path"] in alert["message"]
    assert f"dataManagerLogId {log['data_manager_log_id']} and action retry_failed_rows" in alert["message"]


def test_a_late_run_alerts(world: World, webhook: Receiver) -> None:
    """The run that waits for a file is made late by moving its deadline, which its DAG has set, into the past."""
    dag_id = "import_inventory"
    wait_for("a run that waits for a file", lambda: waiting(world) is not None)
    run_id = waiting(world)
    with psycopg.connect(world.dsn_airflow) as metadata:
        moved = metadata.execute(
            "UPDATE deadline SET deadline_time = now() - interval '1 second' FROM dag_run"
            " WHERE dag_run.id = deadline.dagrun_id AND dag_run.dag_id = %s AND dag_run.run_id = %s AND NOT missed"
            " AND deadline_time > now() + interval '20 minutes'",
            [dag_id, run_id],
        )
        assert moved.rowcount == 1, "expected the DAG to have set one deadline, far from now"
    alert = received(webhook, "deadline_missed", dag_id)
    assert (alert["run_id"], alert["task_id"], alert["error"]) == (run_id, None, None)
    assert "45 minutes" in alert["message"]
    assert "It is running" in alert["message"]
    assert world.airflow.get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"] == "running"


def waiting(world: World) -> str | None:
    """The run of the import that waits for a file."""
    path = "/dags/import_inventory/dagRuns/~/taskInstances"
    found = world.airflow.get(path, state="deferred", limit=10)["task_instances"]
    return str(found[0]["dag_run_id"]) if found else None
