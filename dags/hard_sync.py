"""### Hard Sync

Compares all that Shopify shows with what Trueup believes that it shows, once a day, and plans whatever is not as it
should be.

| | |
|---|---|
| HotWax job | `Upload Inventory` (Hard Sync), `JOB_UL_INV`, service `bulkResetShopifyInventoryLevel` |
| Input | all levels of each shop, by a bulk query; orders; `inventory_level` |
| Output | positions taken over where that is safe; each drift with its cause in `inventory_drift`; frozen batches |
| Then | `process_uploads_to_ecommerce` |

The export tells where to look. Each level that differs is then read twice between two imports of orders, and taken over
only where nothing unseen can hide in it: no push of it can still arrive, it stood still, no order touched it, and what
Shopify has committed is what the imported orders say. So Shopify is never raised over orders that were not imported.
Levels that keep moving wait: `upload_recent_inventory_changes` looks at them again. What is pushed then is `target -
position`, as by the other two jobs; new launches as well, which those leave alone (`docs/restocks.md`).

Both models of locations work: one to one, and all facilities to one virtual location (`inventory_channel`).

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *no such facility group*, *no Shopify location is left*: correct the parameters.
- *ACCESS_DENIED*: grant the app `read_inventory`, `read_products` and `read_locations`.
- *drift* in the report (the run goes on): `docs/sync.md` says what each cause means, and what to do.
- Clearing `compare_with_shopify` reads the same export again, clearing `request_levels` asks for a new one. Neither
  does anything twice.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task_group

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.bulk_wait import WaitForBulkOperations
from include.jobs.defaults import DEFAULT_ARGS, every
from include.jobs.shops import tell_troubles
from include.jobs.sync import (
    LEVELS,
    choose_locations,
    compare_with_shopify,
    plan_locations,
    report_drift,
    request_levels,
)


@dag(
    schedule=every("30 3 * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    deadline=deadline(minutes=180),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "push", "hotwax:JOB_UL_INV"],
    doc_md=__doc__,
    params={
        "facilityGroupId": params.facility_group_id(),
        "shopifyFacilityGroupId": params.shopify_facility_group_id(),
        "excludeFacilityIds": params.exclude_facility_ids(),
        "includeAll": params.include_all(),
        "useValidATP": params.use_valid_atp(),
        "reportFolder": params.report_folder(),
        "propertyResource": params.property_resource(),
    },
)
def hard_sync() -> None:
    """Ask each shop for all levels, compare, look, plan, report."""

    @task_group(prefix_group_id=False)
    def one_shop(shop_id: Any, location_ids: Any) -> None:
        exported = WaitForBulkOperations(
            task_id="wait_for_levels", shop_id=shop_id, operations=request_levels(shop_id=shop_id), query=LEVELS
        )
        observed = compare_with_shopify(shop_id=shop_id, location_ids=location_ids, operations=exported.output)
        observed >> plan_locations(shop_id=shop_id, location_ids=location_ids, with_held=True)
        report_drift(shop_id=shop_id, observed=observed)

    one_shop.expand_kwargs(choose_locations()) >> tell_troubles()


hard_sync()
