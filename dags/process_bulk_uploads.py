"""### Process Bulk Uploads

Sends huge plans to Shopify as files: uploaded, carried out by bulk operations, and read back line by line. What the
results do not say, or what cannot be read of them, is found out by looking.

| | |
|---|---|
| HotWax job | `Process Uploads to eCommerce`, `JOB_UL_PRCS`: the GraphQL file |
| Input | batches with status `PLANNED` and transport `BULK` in `outbox_batch`; files in `outbox_file` |
| Output | Shopify's numbers; confirmed positions in `inventory_level` |

Which way a plan goes, and why, is in `outbox_plan.transport_reason`, and in the log of the task that planned it. Direct
calls are faster up to several 100,000 rows. `transport` and `bulk_least_rows` of the shop in `shopify_shop` decide.

At most five operations run at a time in a shop. The states are those of direct calls: a stale or refused line goes on
by calls with `process_uploads_to_ecommerce`, and one without a result is settled there by looking, never sent again.

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *nothing was written*: the message names the scopes to grant, or what else to correct.
- *the upload was answered by HTTP ...*: tried again by itself; nothing was started.
- *unreadable* in the result of `collect_results`: lines of results that are cut off or no JSON. Nothing is lost or sent
  again: batches without a readable line count as *unknown*, and `process_uploads_to_ecommerce` looks at their levels.
- *overtaken during each of 3 uploads* (in the log): targets kept falling; the file's batches go on by calls.
- A run that was stopped in the middle: start another one. It finds operations again by the name that they carry.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task_group

from include.jobs.alerts import deadline
from include.jobs.assets import UPLOADS_PLANNED
from include.jobs.bulk_uploads import collect_results, start_files
from include.jobs.bulk_wait import WaitForBulkOperations
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.shops import RUNS_AT_ONCE, find_shops, tell_troubles


@dag(
    schedule=woken_by(UPLOADS_PLANNED, or_every="*/15 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=RUNS_AT_ONCE,
    dagrun_timeout=timedelta(hours=26),
    deadline=deadline(minutes=360),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "push", "hotwax:JOB_UL_PRCS"],
    doc_md=__doc__,
)
def process_bulk_uploads() -> None:
    """Start, wait, collect, for each shop."""

    @task_group(prefix_group_id=False)
    def one_shop(shop_id: Any) -> None:
        waiting = WaitForBulkOperations(
            task_id="wait_for_operations", shop_id=shop_id, operations=start_files(shop_id=shop_id)
        )
        waiting >> collect_results(shop_id=shop_id)

    one_shop.expand(shop_id=find_shops()) >> tell_troubles()


process_bulk_uploads()
