"""### Manage Scheduled Restock

Reschedules, renames, edits or cancels a restock that still waits for its moment.

| | |
|---|---|
| HotWax job | the Import App's page of a scheduled restock |
| Input | the restock's `shipmentId`, what to do with it, and what that needs |
| Output | the restock as it is then, in the result of `manage_restock` |
| Then | `start_scheduled_restocks`; a run of `schedule_restock` that waits already follows the new moment |

The restocks that wait:

    SELECT shipment_id, restock_name, facility_id, shop_id, scheduled_at FROM scheduled_restock
    WHERE status_id = 'SCHEDULED' ORDER BY scheduled_at;

To receive one at once, reschedule it to a moment a few seconds ahead.

#### When it fails

- *received at ...*, *cancelled at ...*: it cannot be changed any more; schedule another one.
- *is in the past*: give a moment to come.
- *expected scheduledAt*, and the like: the action needs that field of the form.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params_shipments
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS
from include.jobs.restocks import manage_restock


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
        "shipmentId": params_shipments.shipment_id(),
        "restockAction": params_shipments.restock_action(),
        "scheduledAt": params_shipments.restock_moment(is_required=False),
        "restockName": params_shipments.restock_name(),
        "product": params_shipments.restock_product(),
        "quantity": params_shipments.restock_quantity(is_required=False),
    },
)
def manage_scheduled_restock() -> None:
    """Do it."""
    manage_restock()


manage_scheduled_restock()
