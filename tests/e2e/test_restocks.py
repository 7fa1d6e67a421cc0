"""A restock with Airflow in charge: the shop is checked before, the moment is met, and nothing is sent twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include.db.connection import Connection
from include.sandbox import retailer, story
from include.sandbox.world import World
from include.stock.inbound import restocks
from include.stock.inbound.restocks import Restock
from tests.e2e import steps
from tests.e2e.demo_process import wait_for

DAG = "schedule_restock"
FOLDER = "hotwax/restock"
UNITS = 31


def restock(oms: Connection, name: str) -> Restock | None:
    row = oms.execute(b"SELECT shipment_id FROM scheduled_restock WHERE restock_name = %s", [name]).fetchone()
    return restocks.read(oms, row[0]) if row else None


def run_state(world: World, run_id: str) -> str | None:
    runs = {run["dag_run_id"]: str(run["state"]) for run in world.airflow.runs(DAG)}
    return runs.get(run_id)


def test_a_restock_of_a_file_is_checked_rescheduled_received_and_pushed_once(world: World, oms: Connection) -> None:
    product = retailer.products()[90]
    before, history = steps.stock(oms), len(world.emulator.history())
    scopes = world.emulator.settings()["scopes"]
    world.emulator.settings(scopes=[scope for scope in scopes if scope != "write_inventory"])
    try:
        tomorrow = datetime.now(UTC) + timedelta(hours=20)
        (world.sftp_root / FOLDER / "launch.csv").write_text(
            "Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name\n"
            f"{product.sku},{UNITS},{tomorrow:%Y-%m-%dT%H:%M:%SZ},Broadway,Trueup,demo,Launch\n"
        )
        wait_for("the file to schedule the restock", lambda: restock(oms, "Launch") is not None, 120)
        found = restock(oms, "Launch")
        assert found is not None
        first, second = (f"restock__{found.shipment_id}__{number}" for number in (1, 2))
        wait_for("the shop to be found read-only", lambda: run_state(world, first) == "failed", 120)
    finally:
        world.emulator.settings(scopes=scopes)
    log = world.airflow.log(DAG, first, "check_shop_access")
    assert "the app lacks the access scope write_inventory" in log
    assert steps.stock(oms) == before

    moment = datetime.now(UTC) + timedelta(seconds=30)
    conf = {"shipmentId": found.shipment_id, "restockAction": "reschedule", "scheduledAt": moment.isoformat()}
    run_id = world.airflow.trigger("manage_scheduled_restock", conf)
    assert world.airflow.wait("manage_scheduled_restock", run_id) == "success"
    wait_for("the restock to be pushed", lambda: run_state(world, second) == "success", 150)
    received = restocks.read(oms, found.shipment_id)
    assert received.status_id == "RECEIVED"
    assert received.closed_at is not None
    assert received.closed_at >= moment

    wait_for("the demo to be at rest", lambda: steps.is_at_rest(oms))
    after = before | {(product.product_id, "BROADWAY"): before[product.product_id, "BROADWAY"] + UNITS}
    assert steps.stock(oms) == after
    assert story.numbers(world.emulator) == steps.promised(oms, after)
    sent = [
        (one["inventoryItemId"], one["delta"])
        for one in world.emulator.history()[history:]
        if one["kind"] == "adjust" and one["name"] == "available"
    ]
    assert sent == [(product.inventory_item_id, UNITS)] * 2, "online, and in the store"
