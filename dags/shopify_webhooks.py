"""### Shopify Webhooks

Works off what Shopify has told of changed inventory levels.

| | |
|---|---|
| HotWax job | webhook `Inventory level update` |
| Input | `shopify_webhook`, which `POST /shopify/webhooks` of Airflow's api-server fills |
| Output | levels marked for the next comparison; where Shopify is master, a reset file of levels read anew |
| Then | `upload_recent_inventory_changes`, `import_shopify_inventory` |

A message is a prompt to look and never data: it may be late, doubled, out of order or the echo of our own write. One
that says what Trueup believes already is an echo. Shopify does not promise to deliver: keep the daily comparison.
Subscribe with `manage_shopify_webhooks`.

The triggerer looks for messages every second and wakes this DAG for their shops. The schedule is for when it cannot: a
run without messages ends as *skipped*.

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *inventory_master is SHOPIFY, so it must show one store or warehouse*: correct `inventory_channel`.
- Anything else is tried again by itself; messages wait until they are worked off.
- No messages come: see `docs/sync.md`.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.assets import WEBHOOKS_WAITING
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.shopify_master import work_off_webhooks
from include.jobs.shops import RUNS_AT_ONCE, find_shops, tell_troubles


@dag(
    schedule=woken_by(WEBHOOKS_WAITING, or_every="*/5 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=RUNS_AT_ONCE,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "webhooks"],
    doc_md=__doc__,
    params={"propertyResource": params.property_resource()},
)
def shopify_webhooks() -> None:
    """Work off the inbox of each shop."""
    work_off_webhooks.expand(shop_id=find_shops()) >> tell_troubles()


shopify_webhooks()
