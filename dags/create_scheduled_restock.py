"""### Create Scheduled Restock

Schedules a restock from the form behind *Trigger*, in place of a file: one product for one facility and shop.

| | |
|---|---|
| HotWax job | the Import App's *Schedule restock*, service `createIncomingShipment` |
| Input | product, quantity, facility, shop, moment, name |
| Output | a shipment that waits in `scheduled_restock`; no stock moves before its moment |
| Then | `start_scheduled_restocks`, and at the moment `schedule_restock` |

The result of `create_restock` names the restock's `shipmentId`. Another product with the same name, facility, shop and
moment joins the same restock; the same product again sets its quantity. Whether the app may write the shop's inventory
is looked at first.

#### When it fails

- *no product has it*, *no WAREHOUSE or RETAIL_STORE has this id*: the message names what is called like it.
- *nothing was scheduled*: the moment has passed, or the quantity is 0.
- *the app lacks the access scope write_inventory*: do what the message says, then trigger it again.
- *received on ...*, *cancelled on ...*: there was a restock of this name, facility, shop and moment. Give another name.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params, params_shipments
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS
from include.jobs.restocks import create_restock


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shipment", "operations", "hotwax:JOB_SCHEDULED_RSTK"],
    doc_md=__doc__,
    params={
        "product": params.product(),
        "quantity": params_shipments.restock_quantity(is_required=True),
        "facility": params.facility(),
        "shop": params_shipments.shop(),
        "scheduledAt": params_shipments.restock_moment(is_required=True),
        "restockName": params_shipments.restock_name(),
    },
)
def create_scheduled_restock() -> None:
    """Schedule it."""
    create_restock()


create_scheduled_restock()
