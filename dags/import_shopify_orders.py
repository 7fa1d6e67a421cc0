"""### Import Shopify Orders

Reserves and issues stock for Shopify's orders, by their present state: importing again changes nothing.

| | |
|---|---|
| HotWax job | order download |
| Input | orders changed since the last import; the versions of all orders changed in the day before it |
| Output | reservations, issues and returns in the stock ledger; positions moved by what Shopify has already done |
| Then | `push_updated_inventory_deltas` |

What an order has taken or given back, Shopify shows already: the transaction that moves the stock moves the position as
well, and nothing is pushed for the order's own location. Cancellations, refunds, edits, moves between locations and
sales at tills are all read from the order's fulfilment orders and refunds. Orders are imported 250 at a time: what a
run that fails has imported stays. A run without news ends as *skipped*.

Set `sales_reach_erp_after` in `shopify_shop` if it is known how long after a sale the ERP's figures lack its units:
then a sale at a till is not deducted from a snapshot that contains it.

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *HTTP 401*, *Access denied*: the token or its scope `read_orders`. Correct the Airflow connection of the shop.
- Anything else is tried again by itself; the next import reads whatever this one has missed.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS, every
from include.jobs.shops import RUNS_AT_ONCE, find_shops, tell_troubles
from include.jobs.uploads import import_orders


@dag(
    schedule=every("*/15 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=RUNS_AT_ONCE,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "import", "orders"],
    doc_md=__doc__,
)
def import_shopify_orders() -> None:
    """Import what has changed in each shop."""
    import_orders.expand(shop_id=find_shops()) >> tell_troubles()


import_shopify_orders()
