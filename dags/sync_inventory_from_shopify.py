"""### Sync Inventory from Shopify

Once a day, resets the stock of stores and warehouses to what Shopify shows, where Shopify is master.

| | |
|---|---|
| HotWax job | `Sync Inventory from Shopify`, `JOB_SYNC_INV_FRM_SHPY`, service `bulkInventorySyncFromShopify` |
| Input | levels of locations with `inventory_master` SHOPIFY in `inventory_channel`, by a bulk query; orders |
| Output | a reset file for each shop in `shopify/inventorylevel/csv` on the SFTP server |
| Then | `import_shopify_inventory`, `process_bulk_imported_files` |

Nothing is pushed to such a location. It must show one store or warehouse in which its orders reserve. The file speaks
of the moment before the levels were read; a level that an order has touched since, or of which Shopify has committed
something else than the imported orders say, is left out, and the next file has it. Where Trueup is master everywhere
the run ends as *skipped*.

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *inventory_master is SHOPIFY, so it must show one store or warehouse*: correct `inventory_channel`.
- *ACCESS_DENIED*: grant the app `read_inventory`, `read_products` and `read_locations`.
- Clearing the first task begins anew. A file taken twice counts once.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task_group

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.bulk_wait import WaitForBulkOperations
from include.jobs.defaults import DEFAULT_ARGS, every
from include.jobs.shopify_master import request_master_levels, write_reset_file
from include.jobs.shops import find_shops, tell_troubles
from include.jobs.sync import LEVELS


@dag(
    schedule=every("0 4 * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    deadline=deadline(minutes=180),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "import", "hotwax:JOB_SYNC_INV_FRM_SHPY"],
    doc_md=__doc__,
    params={"propertyResource": params.property_resource()},
)
def sync_inventory_from_shopify() -> None:
    """Ask each shop for all levels, write its file."""

    @task_group(prefix_group_id=False)
    def one_shop(shop_id: Any) -> None:
        started: Any = request_master_levels(shop_id=shop_id)
        exported = WaitForBulkOperations(
            task_id="wait_for_levels", shop_id=shop_id, operations=started["operations"], query=LEVELS
        )
        write_reset_file(shop_id=shop_id, started=started, operations=exported.output)

    one_shop.expand(shop_id=find_shops()) >> tell_troubles()


sync_inventory_from_shopify()
