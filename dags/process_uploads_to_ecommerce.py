"""### Process Uploads to eCommerce

Sends the planned batches to Shopify, each at most once, and finds out by looking what became of those that got no
answer. Each shop on its own: one that is slow or in trouble holds up no other, and the next run begins meanwhile.

| | |
|---|---|
| HotWax job | `Process Uploads to eCommerce`, `JOB_UL_PRCS` |
| Input | batches with status `PLANNED` or `UNKNOWN` in `outbox_batch`; levels that were never seen |
| Output | Shopify's numbers; confirmed positions in `inventory_level` |

Sent with an idempotency key and the quantity that each level is expected to change from. An outcome that is unknown (a
timeout, a lost connection, a 5xx) is **never** sent again: once the request can no longer arrive, the level is read
between two imports of orders, and where none touched it, what it shows is the truth.

#### When it fails

`tell_troubles` names each shop that something is wrong with, and what to do; for the others everything was done.

- *nothing was written*: before the first write the app's scopes and the API version are checked. The message names
  what to grant or to correct; what was not sent stays planned.
- *HTTP 401*: the token. Correct the Airflow connection of the shop.
- *no connection*: tried again by itself; nothing was sent.
- *rows put into quarantine* (in the log, the run goes on): `inventory_level.quarantine_reason` says why. Each is looked
  at again after an hour, then after two, at most a day, and released once item and location are in order. To be quicker
  about it set the reason to NULL.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task_group

from include.jobs.alerts import deadline
from include.jobs.assets import UPLOADS_PLANNED
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.shops import RUNS_AT_ONCE, find_shops, tell_troubles
from include.jobs.uploads import deliver_batches, observe_levels


@dag(
    schedule=woken_by(UPLOADS_PLANNED, or_every="*/5 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=RUNS_AT_ONCE,
    dagrun_timeout=timedelta(hours=2),
    deadline=deadline(minutes=60),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "push", "hotwax:JOB_UL_PRCS"],
    doc_md=__doc__,
)
def process_uploads_to_ecommerce() -> None:
    """Send each shop what is planned, then look at what is open."""

    @task_group(prefix_group_id=False)
    def one_shop(shop_id: Any) -> None:
        deliver_batches(shop_id=shop_id) >> observe_levels(shop_id=shop_id)

    one_shop.expand(shop_id=find_shops()) >> tell_troubles()


process_uploads_to_ecommerce()
