"""### Bulk Recent Kit Product Inventory Setup

Computes what kits can promise: at each facility as many as the scarcest component makes.

| | |
|---|---|
| HotWax job | `Bulk recent kit product inventory setup`, `BLK_RCNT_KIT_INV`; `UPD_KIT_PRDCT_TYPE` |
| Input | kits and their components (`import_kit_components`), stock, rules |
| Output | product types in `product`; targets in `inventory_level` |
| Then | `push_updated_inventory_deltas` |

A product that has components becomes a kit (`MARKETING_PKG_PICK`), and is again what it was once nobody names any. At
a facility a kit is worth the smallest of `floor(component ATP / quantity per kit)`; online, the sum over facilities,
with the kit's own safety stock, threshold and switches. Kits within kits and components by date are taken into account.
Every refresh of targets computes the kits of which something has changed; this run does so even where nothing else
does. `includeAll` computes all kits, and changes nothing unless somebody wrote targets by hand.

A shop that uses Shopify's Bundles app keeps its own kit numbers: set `shopify_shop.keeps_kit_numbers`. A kit that is
assembled beforehand is an ordinary product: set `product.kit_is_stocked`.

#### When it fails

Only the database takes part: see the task's log. Clear the task to try again; computing twice changes nothing twice.
A kit that shows 0 although its parts are there has a component without stock at the same facility, or no components
now: `SELECT * FROM kit_component_of('PRODUCT_ID')`.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.assets import STOCK_CHANGED
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.kits import keep_kit_product_types, set_up_kit_inventory


@dag(
    schedule=woken_by(STOCK_CHANGED, or_every="0 */6 * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    params={"includeAll": params.include_all_kits()},
    tags=["kit", "hotwax:BLK_RCNT_KIT_INV", "hotwax:UPD_KIT_PRDCT_TYPE"],
    doc_md=__doc__,
)
def bulk_recent_kit_product_inventory_setup() -> None:
    """What is a kit first, then what kits can promise."""
    keep_kit_product_types() >> set_up_kit_inventory()


bulk_recent_kit_product_inventory_setup()
