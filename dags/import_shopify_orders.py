"""### Import Shopify Orders

Reserves stock for Shopify's orders, by their present state: importing again changes nothing.

| | |
|---|---|
| HotWax job | order download |
| Input | orders changed since the last import, and those of the five minutes before it once more |
| Output | reservations in the stock ledger; positions moved by what Shopify has already taken |
| Then | `push_updated_inventory_deltas` |

What an order has taken, Shopify shows already: the transaction that reserves the stock moves the position as well, and
nothing is pushed for the order's own location. A run without news ends as *skipped*.

#### When it fails

- *HTTP 401*, *Access denied*: the token or its scope `read_orders`. Correct the Airflow connection of the shop.
- Anything else is tried again by itself; the next import reads whatever this one has missed.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS, every
from include.jobs.uploads import import_orders


@dag(
    schedule=every("*/15 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "import", "orders"],
    doc_md=__doc__,
)
def import_shopify_orders() -> None:
    """Import what has changed."""
    import_orders()


import_shopify_orders()
