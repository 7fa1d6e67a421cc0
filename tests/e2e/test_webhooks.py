"""A webhook from the shop to the DAG that works it off: it is woken within seconds, not with its schedule."""

from __future__ import annotations

from typing import Any

from include.db.connection import Connection
from include.sandbox import retailer, story
from include.sandbox.world import World
from tests.e2e.demo_process import wait_for

DAG = "shopify_webhooks"


def test_what_somebody_edits_in_shopify_is_looked_at_and_put_right(told: World, oms: Connection) -> None:
    product = retailer.products()[120]
    level = (product.inventory_item_id, retailer.ONLINE_LOCATION)
    shown = story.numbers(told.emulator)
    told.emulator.edit_level(*level, shown[level] + 50)

    def message() -> Any:
        return oms.execute(
            b"SELECT webhook_id, status_id, message FROM shopify_webhook"
            b" WHERE inventory_item_id = %s AND available = %s",
            [product.inventory_item_id, shown[level] + 50],
        ).fetchone()

    wait_for("the message to be worked off", lambda: (message() or ("", ""))[1] == "MARKED")
    runs = [run for run in told.airflow.runs(DAG) if run["run_type"] == "asset_triggered"]
    assert runs, "its schedule would have had it wait for up to five minutes"
    wait_for("the run to end", lambda: {run["state"] for run in told.airflow.runs(DAG)} == {"success"})
    found = told.airflow.get(f"/dags/{DAG}/dagRuns/{runs[0]['dag_run_id']}/upstreamAssetEvents")["asset_events"]
    assert {tuple(each["extra"]["payload"]["shops"]) for each in found} == {(retailer.SHOP,)}

    conf = {"facilityGroupId": "*"}
    run_id = told.airflow.trigger("upload_recent_inventory_changes", conf)
    assert told.airflow.wait("upload_recent_inventory_changes", run_id) == "success"
    wait_for("the edit to be put right", lambda: story.numbers(told.emulator) == shown)
