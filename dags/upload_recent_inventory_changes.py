"""### Upload Recent Inventory Changes

Compares the products whose online ATP has changed since the last look with what Shopify shows, and plans the
differences.

| | |
|---|---|
| HotWax job | `Upload Recent Inventory Changes`, `UL_RCNT_INV`, service `bulkRecentShopifyInventoryLevel` |
| Input | levels marked in `inventory_level`, read from Shopify 250 at a time; orders |
| Output | positions taken over where that is safe; each drift with its cause in `inventory_drift`; frozen batches |
| Then | `process_uploads_to_ecommerce` |

A level is marked in the transaction that changes its target: no change falls between two runs, whatever the clocks say.
It is read twice between two imports of orders, and taken over only where nothing unseen can hide in it, as by
`hard_sync`. Levels that keep moving stay marked for the next run.

`push_updated_inventory_deltas` pushes the same changes at once, without reading Shopify; this job finds what went wrong
on the way.

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *no such facility group*, *no Shopify location is left*: correct the parameters.
- *HTTP 401*, *Access denied*: the token or its scopes. Correct the Airflow connection of the shop.
- Anything else is tried again by itself; the marks stay until they were looked at.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task_group

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS, every
from include.jobs.shops import RUNS_AT_ONCE, tell_troubles
from include.jobs.sync import choose_locations, observe_recent_changes, plan_locations, report_drift


@dag(
    schedule=every("*/15 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=RUNS_AT_ONCE,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "push", "hotwax:UL_RCNT_INV"],
    doc_md=__doc__,
    params={
        "facilityGroupId": params.facility_group_id(is_required=True),
        "shopifyFacilityGroupId": params.shopify_facility_group_id(),
        "excludeFacilityIds": params.exclude_facility_ids(),
        "useValidATP": params.use_valid_atp(),
        "reportFolder": params.report_folder(),
        "propertyResource": params.property_resource(),
    },
)
def upload_recent_inventory_changes() -> None:
    """Look at what has changed in each shop, plan, report."""

    @task_group(prefix_group_id=False)
    def one_shop(shop_id: Any, location_ids: Any) -> None:
        observed = observe_recent_changes(shop_id=shop_id, location_ids=location_ids)
        observed >> plan_locations(shop_id=shop_id, location_ids=location_ids, with_held=False)
        report_drift(shop_id=shop_id, observed=observed)

    one_shop.expand_kwargs(choose_locations()) >> tell_troubles()


upload_recent_inventory_changes()
