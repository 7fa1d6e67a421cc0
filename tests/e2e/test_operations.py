"""What operations do by hand: retry the failed rows of a file, and look at what is wrong with the files."""

from __future__ import annotations

from include.db.connection import Connection
from include.sandbox import retailer
from include.sandbox.world import World
from tests.e2e import steps
from tests.e2e.demo_process import wait_for

OUTLET, OUTLET_ID, UNITS = "OUTLET", "4712", 23


def test_failed_rows_are_retried_once_their_cause_is_mended(world: World, oms: Connection) -> None:
    product = retailer.products()[70]
    header = "Item,externalFacilityId,availableQty,idValue"
    name = steps.drop(world, "outlet", f"{header}\n,{OUTLET_ID},{UNITS},{product.netsuite_id}\n")
    log = steps.filed(oms, name)
    assert log["status_id"] == "FINISHED_WITH_ERRORS"
    oms.execute(
        b"INSERT INTO facility (facility_id, facility_name, facility_type_id, external_id)"
        b" VALUES (%s, 'Outlet', 'RETAIL_STORE', %s)",
        [OUTLET, OUTLET_ID],
    )
    conf = {"dataManagerLogId": log["data_manager_log_id"], "action": "retry_failed_rows"}
    run_id = world.airflow.trigger("manage_imported_file", conf)
    assert world.airflow.wait("manage_imported_file", run_id) == "success"

    def stock() -> tuple[int] | None:
        return oms.execute(
            b"SELECT available_to_promise_total::integer FROM inventory_item WHERE facility_id = %s", [OUTLET]
        ).fetchone()

    wait_for("the rows to be applied", lambda: stock() == (UNITS,))
    run_id = world.airflow.trigger("manage_imported_file", conf)
    assert world.airflow.wait("manage_imported_file", run_id) == "failed"
    path = f"/dags/manage_imported_file/dagRuns/{run_id}/taskInstances/manage_file/logs/1"
    assert "is not there any more: it has been tried again" in str(world.airflow.get(path, full_content=True))


def test_health_fails_with_all_that_is_wrong(world: World, oms: Connection) -> None:
    oms.execute(b"UPDATE data_manager_log SET finished_at = finished_at - interval '2 days' WHERE status_id = 'FAILED'")
    run_id = world.airflow.trigger("inventory_health")
    assert world.airflow.wait("inventory_health", run_id) == "success"

    misplaced = world.sftp_root / "netsuite" / "inventoryitem" / "lost.csv"
    misplaced.write_text("Item,externalFacilityId,availableQty,idValue\n")
    (world.sftp_root / "hotwax" / "restock" / "restock.xlsx").write_bytes(b"PK\x03\x04")
    run_id = world.airflow.trigger("inventory_health")
    assert world.airflow.wait("inventory_health", run_id) == "failed"
    (task,) = world.airflow.task_instances("inventory_health", run_id)
    assert task["try_number"] == 1, "it is not tried again"
    log = world.airflow.log("inventory_health", run_id, "look_at_files")
    for told in (
        "2 things are wrong with the files",  # the alert, and before it each of them
        "netsuite/inventoryitem/lost.csv on FTP_CONFIG lies where no feed looks",
        "RESET_INVENTORY (netsuite/inventoryitem/csv)",
        "hotwax/restock/restock.xlsx on FTP_CONFIG is not taken",
    ):
        assert told in log


def test_what_somebody_finds_is_recorded_once_with_reason_comment_and_user(world: World, oms: Connection) -> None:
    product = retailer.products()[71]
    conf = {"product": product.sku, "facility": "RENO_WH", "count": 17, "reason": "CYCLE_COUNT", "comment": "aisle 4"}
    run_id = world.airflow.trigger("record_inventory_variance", conf)
    assert world.airflow.wait("record_inventory_variance", run_id) == "success"
    found = oms.execute(
        b"SELECT item.quantity_on_hand_total::integer, found.variance_reason_id, found.general_comments, found.party_id"
        b" FROM physical_inventory AS found INNER JOIN inventory_item AS item USING (product_id, facility_id)"
    ).fetchall()
    assert found == [(17, "CYCLE_COUNT", "aisle 4", "admin")]
    run_id = world.airflow.trigger("record_inventory_variance", conf | {"reason": "CYCLE"})
    assert world.airflow.wait("record_inventory_variance", run_id) == "failed"
    log = world.airflow.log("record_inventory_variance", run_id, "record_finding")
    assert "reason 'CYCLE': no such reason in variance_reason" in log
