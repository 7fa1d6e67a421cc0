"""### Schedule Restock

Waits for a restock's moment, then receives it and pushes it to Shopify. One run is one restock.

| | |
|---|---|
| HotWax job | `Schedule Restock`, `JOB_SCHEDULED_RSTK`, service `receiveAndUpdateInventoryToShopify` |
| Input | a shipment that waits in `scheduled_restock`: from a file, or from the form of `create_scheduled_restock` |
| Output | its units in the ledger, reason `VAR_SCH_SHIP_RECV`; the shop's new numbers, planned and sent at once |
| Then | nothing; `process_uploads_to_ecommerce` sends what this run could not |

`start_scheduled_restocks` starts it a day before the moment, or at once where less time is left; it may be triggered by
hand as well. First it looks whether the app may write the shop's inventory. Then it waits, by the second, and follows
the restock if `manage_scheduled_restock` gives it another moment. However many runs there are, and wherever one dies,
the restock is received once, and every adjustment is sent once.

#### When it fails

- *the app lacks the access scope write_inventory*: do what the message says. Another run follows by itself, after a
  quarter of the time that is left, at least 15 minutes; or trigger this DAG with the same `shipmentId`.
- *will not be shown in full* (an alert, the run goes on): the shop lacks a product, or no location sells from the
  facility. Put it right before the moment.
- *there is no such restock*: `shipmentId` is that of another kind of shipment, or mistyped. The waiting ones:
  `SELECT * FROM scheduled_restock WHERE status_id = 'SCHEDULED'`.
- After the receipt the units are stock; what was not pushed is pushed by `push_updated_inventory_deltas`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag

from include.jobs import params_shipments
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS
from include.jobs.restocks import RestockSensor, check_shop_access, receive_restock
from include.jobs.uploads import deliver_batches, plan_uploads, refresh_online_atp


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=200,
    dagrun_timeout=timedelta(hours=28),
    deadline=deadline(minutes=25 * 60),
    default_args=DEFAULT_ARGS,
    tags=["shipment", "push", "hotwax:JOB_SCHEDULED_RSTK"],
    doc_md=__doc__,
    params={"shipmentId": params_shipments.shipment_id()},
)
def schedule_restock() -> None:
    """Check, wait, receive, push."""
    moment = RestockSensor(task_id="wait_for_its_moment", shipment_id="{{ params.shipmentId }}")
    push = deliver_batches.override(trigger_rule="none_failed", priority_weight=100)  # first in the pool's queue
    received: Any = receive_restock()
    (
        check_shop_access()
        >> moment
        >> received
        >> refresh_online_atp()
        >> plan_uploads()
        >> push(shop_id=received["shop_id"])
    )


schedule_restock()
