"""What the end-to-end tests do to the demo, and how they look at it from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row

from include.db.connection import Connection
from include.sandbox import retailer, story
from include.sandbox.story import Numbers
from include.sandbox.world import World
from tests.e2e.demo_process import wait_for

PROCESSING = ("process_bulk_imported_files", "process_waiting_files")
DELIVERY = ("process_uploads_to_ecommerce", "deliver_batches")

COMPLAINT = re.compile(r'\[(warning|error|critical) *\]|"level":"(warning|error|critical)"|^Traceback')
AIRFLOWS_OWN = (
    "StarletteDeprecationWarning",
    "SimpleAuthManager is active but the deployment shape",
    "Task callback requested but is not a failure callback",
)
"""What Airflow says of itself: at each start, and of each task that its triggerer has ended."""

Units = dict[tuple[str, str], int]
"""Units by product id and facility id."""


@dataclass(frozen=True)
class Attempt:
    """A task that runs now, as Airflow shows it. `pid` is the process that executes it."""

    dag_id: str
    run_id: str
    task_id: str
    number: int
    pid: int
    map_index: int = -1


def complaints(folder: Path) -> list[str]:
    """The warnings, errors and stack traces in the logs of Airflow's processes and of the tasks, but for its own."""
    logs = folder / "airflow" / "logs"
    return [
        f"{file.relative_to(logs)}: {line}"
        for file in sorted(logs.rglob("*.log"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if COMPLAINT.search(line) and not any(known in line for known in AIRFLOWS_OWN)
    ]


def tried_again(world: World) -> list[str]:
    """The tasks that did not succeed at the first try."""
    found = world.airflow.get("/dags/~/dagRuns/~/taskInstances", limit=1000)["task_instances"]
    return [
        f"{one['dag_id']}.{one['task_id']}, {one['dag_run_id']}: {one['state']}"
        for one in found
        if one["try_number"] > 1 or one["state"] in ("up_for_retry", "failed")
    ]


def failed(world: World, dag_id: str) -> set[str]:
    """The runs of a DAG that have failed."""
    return {run["dag_run_id"] for run in world.airflow.runs(dag_id) if run["state"] == "failed"}


def stock(oms: Connection) -> Units:
    """What can be promised, for every product and physical facility."""
    rows = oms.execute(b"SELECT product_id, facility_id, available_to_promise_total::integer FROM inventory_item")
    known = {(row[0], row[1]): row[2] for row in rows}
    pairs = [
        (product.product_id, place.facility_id) for product in retailer.products() for place in retailer.FACILITIES
    ]
    return {pair: known.get(pair, 0) for pair in pairs}


def some_changes(units: Units, count: int, start: int = 0) -> Units:
    """The units of a few products, each at another facility, by one to `count` more than now."""
    products = retailer.products()[start : start + count]
    places = retailer.FACILITIES
    pairs = [(each.product_id, places[index % len(places)].facility_id) for index, each in enumerate(products)]
    return {pair: units[pair] + index + 1 for index, pair in enumerate(pairs)}


def promised(oms: Connection, units: Units) -> Numbers:
    """What Shopify should show for these units, by plain arithmetic, with the orders that were imported."""
    rows = oms.execute(
        b"SELECT product_id, (-available_to_promise_total)::integer FROM inventory_item WHERE facility_id = %s",
        [retailer.ONLINE_QUEUE],
    )
    return story.expected(units, {row[0]: row[1] for row in rows})


def drop(world: World, label: str, content: str) -> str:
    """Upload a file into the reset feed's folder; returns its name."""
    name = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}-{label}.csv"
    story.upload(world.sftp, name, content)
    return name


def logs_of(oms: Connection, name: str) -> list[dict[str, Any]]:
    """The data manager's log of a file, oldest first."""
    with oms.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            b"SELECT * FROM data_manager_log WHERE file_name = %s ORDER BY data_manager_log_id", [name]
        ).fetchall()


def filed(oms: Connection, name: str, seconds: float = 60.0) -> dict[str, Any]:
    """The data manager's log of a file once it is done with and filed away."""
    wait_for(f"{name} filed away", lambda: any(log["filed_away"] for log in logs_of(oms, name)), seconds)
    return logs_of(oms, name)[-1]


def is_at_rest(oms: Connection) -> bool:
    """No file and no webhook waits, nothing is to be computed, planned, sent or settled."""
    row = oms.execute(
        b"SELECT EXISTS (SELECT FROM dirty_product)"
        b" OR EXISTS (SELECT FROM data_manager_log WHERE NOT filed_away)"
        b" OR EXISTS (SELECT FROM shopify_webhook WHERE status_id = 'PENDING')"
        b" OR EXISTS (SELECT FROM inventory_level WHERE delta IS DISTINCT FROM 0 OR outbox_batch_id IS NOT NULL)"
        b" OR EXISTS (SELECT FROM outbox_batch WHERE status_id IN ('PLANNED', 'SENDING', 'UNKNOWN'))"
    ).fetchone()
    return row == (False,)


def running(world: World, dag_id: str, task_id: str) -> Attempt | None:
    """The task, if it runs at this moment."""
    path = f"/dags/{dag_id}/dagRuns/~/taskInstances"
    for one in world.airflow.get(path, state="running", limit=100)["task_instances"]:
        if one["task_id"] == task_id and one["pid"]:
            return Attempt(dag_id, one["dag_run_id"], task_id, one["try_number"], one["pid"], one["map_index"])
    return None


def is_of_the_scheduler(pid: int, world: World) -> bool:
    """Whether a process descends from the demo's scheduler."""
    recorded = json.loads((world.state / "processes.json").read_text(encoding="utf-8"))
    (ancestor,) = [one["pid"] for one in recorded if one["name"] == "airflow scheduler"]
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        if pid == ancestor:
            return True
    return False


def send(world: World, attempt: Attempt, number: signal.Signals) -> None:
    """Send a signal to a task's process, which must be one of the demo's scheduler."""
    assert is_of_the_scheduler(attempt.pid, world), f"{attempt} is no child of the demo's scheduler"
    os.kill(attempt.pid, number)


def task_instance(world: World, attempt: Attempt) -> dict[str, Any]:
    """What Airflow shows of the task now."""
    path = f"/dags/{attempt.dag_id}/dagRuns/{attempt.run_id}/taskInstances/{attempt.task_id}/{attempt.map_index}"
    found: dict[str, Any] = world.airflow.get(path)
    return found


def wait_until_noticed(world: World, attempt: Attempt) -> float:
    """Wait until Airflow knows that a task's process has died, and means to try again; returns how long that took."""
    began = time.monotonic()
    wait_for("Airflow to notice", lambda: task_instance(world, attempt)["state"] == "up_for_retry", 30)
    return time.monotonic() - began


def clear(world: World, attempt: Attempt) -> None:
    """What an operator does about it: clear the task, so that it runs again at once."""
    body = {
        "dry_run": False,
        "dag_run_id": attempt.run_id,
        "task_ids": [attempt.task_id],
        "only_failed": False,
        "include_downstream": True,
    }
    world.airflow.request("POST", f"/dags/{attempt.dag_id}/clearTaskInstances", json=body)


def manage_webhooks(world: World, action: str) -> None:
    """Subscribe Airflow's own receiver to what the shop tells of its levels, or unsubscribe it."""
    conf = {"action": action, "address": f"{world.airflow.url}/shopify/webhooks"}
    run_id = world.airflow.trigger("manage_shopify_webhooks", conf)
    assert world.airflow.wait("manage_shopify_webhooks", run_id) == "success"
