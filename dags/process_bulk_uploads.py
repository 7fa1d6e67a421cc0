"""### Process Bulk Uploads

Sends huge plans to Shopify as files: uploaded, carried out by bulk operations, and read back line by line.

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

- *nothing was written*: the message names the scopes to grant, or what else to correct.
- *the upload was answered by HTTP ...*: tried again by itself; nothing was started.
- A run that was stopped in the middle: start another one. It finds operations again by the name that they carry.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs.alerts import deadline
from include.jobs.assets import UPLOADS_PLANNED
from include.jobs.bulk_uploads import WaitForOperations, collect_results, start_files
from include.jobs.defaults import DEFAULT_ARGS, woken_by


@dag(
    schedule=woken_by(UPLOADS_PLANNED, or_every="*/15 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=26),
    deadline=deadline(minutes=360),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "push", "hotwax:JOB_UL_PRCS"],
    doc_md=__doc__,
)
def process_bulk_uploads() -> None:
    """Start, wait, collect."""
    waiting = WaitForOperations(task_id="wait_for_operations", operations=start_files())
    waiting >> collect_results()


process_bulk_uploads()
