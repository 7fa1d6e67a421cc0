"""### Push Updated Inventory Deltas

Computes what each Shopify location should show, and plans the difference to what we believe it shows.

| | |
|---|---|
| HotWax job | `Push Updated Inventory Deltas to Shopify`, `JOB_ADJ_INV` |
| Input | products marked in `dirty_product` |
| Output | targets in `inventory_level`; frozen batches of at most 250 rows in `outbox_batch` |
| Then | `process_uploads_to_ecommerce` |

It pushes `target - position` and reads nothing from Shopify. Orders that Shopify has and we have not imported are in
neither number, so a damaged unit lowers Shopify by one, whatever was sold there meanwhile. A level that is under way is
not planned again until its batch is settled. A run without a difference ends as *skipped*.
New launches are left out: see `docs/restocks.md`.

With `dryRun` nothing is planned: the log shows what would be, and `reportFolder` gets all of it as CSV.

A plan that looks like an accident (settings `approval_*` of the shop in `shopify_shop`: too large a share of the stock
would vanish, or ten times the usual rows would change) is kept as `HELD` and sends nothing; `approve_uploads` asks.
Quantities whose reasons may not be pushed (`pushed_reasons`) wait for `hard_sync`.

#### When it fails

Only the database takes part: see the task's log. Clear the task to try again; planning twice plans nothing twice.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.assets import POSITIONS_OBSERVED, STOCK_CHANGED, TARGETS_CHANGED
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.uploads import plan_uploads, refresh_online_atp


@dag(
    schedule=woken_by(STOCK_CHANGED, POSITIONS_OBSERVED, TARGETS_CHANGED, or_every="*/5 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "push", "hotwax:JOB_ADJ_INV"],
    doc_md=__doc__,
    params={
        "dryRun": params.plan_dry_run(),
        "reportFolder": params.plan_folder(),
        "propertyResource": params.property_resource(),
    },
)
def push_updated_inventory_deltas() -> None:
    """Targets first, then the plan."""
    refresh_online_atp() >> plan_uploads()


push_updated_inventory_deltas()
