"""### Receive Shipment

Receives a shipment, or what has arrived of it, from the form behind *Trigger*.

| | |
|---|---|
| HotWax job | the Receiving App, service `receiveShipmentItem`; files of receipts: `import_shipment_receipt` |
| Input | the shipment; a product with accepted and rejected units, or nothing for all that is open |
| Output | accepted units in the ledger at the shipment's destination, reason `VAR_SHIP_RECV`; a `shipment_receipt` |
| Then | `push_updated_inventory_deltas`; rejected units are told to the ERP by `export_inventory_variances` |

What is still open: `SELECT * FROM incoming_item`. Units of a product fill its items one after the other; more than was
shipped is taken, and named in the result. A run counts once, however often its task is cleared.

#### When it fails

- *no shipment has this id or external id*: correct it, or import the shipment first.
- *nothing of it is open*: everything has come; name the product to receive more than was shipped.
- *is received by itself*: it is a restock; reschedule it with `manage_scheduled_restock`.
- *is cancelled*, *leaves*: it is not expected; import the shipment again as it should be.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params_shipments
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS
from include.jobs.shipments import receive_by_form


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shipment", "operations"],
    doc_md=__doc__,
    params={
        "shipment": params_shipments.shipment(),
        "product": params_shipments.arrived_product(),
        "accepted": params_shipments.accepted(),
        "rejected": params_shipments.rejected(),
        "rejectionReason": params_shipments.rejection_reason(),
    },
)
def receive_shipment() -> None:
    """Receive it."""
    receive_by_form()


receive_shipment()
