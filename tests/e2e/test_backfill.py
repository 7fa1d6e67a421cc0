"""A backfill with the real scheduler: archived files of an interval are read again, and nothing counts twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.db.connection import Connection
from include.sandbox import retailer, story
from include.sandbox.world import World
from include.stock import ledger
from tests.e2e import steps
from tests.e2e.demo_process import wait_for

DAG, TASK = "import_inventory", "take_whole_files"
POPUP, POPUP_ID, UNITS = "POPUP", "4711", 17
QUARTER = timedelta(minutes=15)


def quarter_before(moment: datetime) -> datetime:
    """The beginning of the quarter of an hour that a moment is in."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def backfill(world: World, start: datetime, **conf: Any) -> list[dict[str, Any]]:
    """Backfill two quarters of an hour, as the form in Airflow does.

    Returns:
        The results of their pickups, and how many assets each of them woke.
    """
    began = {"from_date": start.isoformat(), "to_date": (start + QUARTER).isoformat()}
    body = {"dag_id": DAG, "reprocess_behavior": "completed", "max_active_runs": 1, "dag_run_conf": conf, **began}
    body["run_backwards"] = False
    made = world.airflow.request("POST", "/backfills", json=body).json()
    path = f"/backfills/{made['id']}"
    wait_for("the backfill to end", lambda: world.airflow.get(path)["completed_at"] is not None, 120)
    runs = world.airflow.get(f"/dags/{DAG}/dagRuns", run_type="backfill", order_by="logical_date")["dag_runs"]
    runs = [run for run in runs if start <= datetime.fromisoformat(run["logical_date"]) <= start + QUARTER]
    assert [(run["state"], run["conf"]) for run in runs] == [("success", conf)] * 2
    results = []
    for run in runs:
        entry = f"/dags/{DAG}/dagRuns/{run['dag_run_id']}/taskInstances/{TASK}/xcomEntries/return_value"
        events = world.airflow.get("/assets/events", source_dag_id=DAG, source_run_id=run["dag_run_id"])
        results.append(world.airflow.get(entry)["value"] | {"woken": events["total_entries"]})
    return results


@pytest.fixture
def two_hours_ago(world: World, oms: Connection) -> tuple[str, datetime]:
    """A file taken two hours ago, with a row of a facility that was set up since: its name, and when to begin."""
    units = steps.stock(oms)
    product, place = retailer.products()[60], retailer.FACILITIES[0]
    changed = {(product.product_id, place.facility_id): units[product.product_id, place.facility_id] + 3}
    header, row = story.reset_file(changed).splitlines()
    name = steps.drop(world, "to-be-read-again", f"{header}\n{row}\n,{POPUP_ID},{UNITS},{product.netsuite_id}\n")
    log = steps.filed(oms, name)
    assert (log["status_id"], log["failed_record_count"]) == ("FINISHED_WITH_ERRORS", 1)
    oms.execute(
        b"UPDATE data_manager_log SET created_at = created_at - interval '2 hours' WHERE data_manager_log_id = %s",
        [log["data_manager_log_id"]],
    )
    oms.execute(
        b"INSERT INTO facility (facility_id, facility_name, facility_type_id, external_id)"
        b" VALUES (%s, 'Pop-up', 'RETAIL_STORE', %s)",
        [POPUP, POPUP_ID],
    )
    return name, quarter_before(datetime.now(UTC) - timedelta(hours=2, minutes=5))


def test_a_backfill_reads_archived_files_again(
    world: World, oms: Connection, two_hours_ago: tuple[str, datetime]
) -> None:
    name, start = two_hours_ago
    product, place = retailer.products()[60], retailer.FACILITIES[0]
    newer = steps.stock(oms)
    newer[product.product_id, place.facility_id] += 40
    steps.filed(oms, steps.drop(world, "newer", story.reset_file(newer)))
    promised = steps.promised(oms, newer)
    wait_for("Shopify to show the newer numbers", lambda: story.numbers(world.emulator) == promised)

    dry = backfill(world, start, dryRun=True)
    assert [result["woken"] for result in dry] == [0, 0]
    foreseen = [line for result in dry for line in result["would_read_again"]]
    (told,) = [line for line in foreseen if line.startswith(name)]
    assert "only those of its 1 refused rows would be tried" in told
    assert len(steps.logs_of(oms, name)) == 1, "a dry run takes nothing"

    real = backfill(world, start)
    taken = [each for result in real for each in result["taken"]]
    assert taken.count(name) == 1
    assert [result["woken"] for result in real] == [2 if result["taken"] else 0 for result in real]
    wait_for("the file to be read again", lambda: all(log["filed_away"] for log in steps.logs_of(oms, name)))
    first, again = steps.logs_of(oms, name)
    assert again["parent_log_id"] == first["data_manager_log_id"]
    counts = (again["changed_record_count"], again["superseded_record_count"], again["failed_record_count"])
    assert (again["status_id"], counts) == ("FINISHED", (1, 1, 0)), "of two rows, the one that was refused"
    row = oms.execute(
        b"SELECT available_to_promise_total::integer FROM inventory_item WHERE facility_id = %s", [POPUP]
    ).fetchone()
    assert row == (UNITS,)
    assert steps.stock(oms) == newer, "what has come since is not undone"
    wait_for("the demo to be at rest", lambda: steps.is_at_rest(oms))
    assert story.numbers(world.emulator) == promised
    assert ledger.out_of_balance(oms) == []
