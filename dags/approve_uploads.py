"""### Approve Uploads

Asks somebody about each plan that looks like an accident, and sends or drops it as they say.

| | |
|---|---|
| HotWax job | none: HotWax pushes whatever it has computed |
| Input | plans with status `HELD` in `outbox_plan` |
| Output | its batches `PLANNED` or `REJECTED`; who decided, in `outbox_plan` |
| Then | `process_uploads_to_ecommerce` |

A plan of `approval_least_rows` (100) rows or more waits if more than `approval_share` (30 %) of all units that the shop
shows would vanish, or more than `approval_location_share` (90 %) of those at one location, as after an empty snapshot,
or if it has more than `approval_rows_factor` (10) times the usual rows. The settings are in `shopify_shop`, for each
shop. Meanwhile all other levels are pushed as always.

Answer under *Required Actions*, where each plan has a question of its own, in any order; a plan that comes while
others wait is asked about by another run. *Reject* holds the differences back until the next `hard_sync`; rows that
change again are pushed by what they change. From Python, `include.channel.planning.breaker` does the same by `approve`
and `reject`.

#### When it fails

- *ask* failed: nobody has answered for two days. The plan still waits, and the run after this one asks.
- Anything else is tried again by itself.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task_group

from include.jobs.alerts import deadline
from include.jobs.approval import MOST_RUNS, ask, decide, find_held_plans
from include.jobs.assets import UPLOADS_PLANNED
from include.jobs.defaults import DEFAULT_ARGS, woken_by


@dag(
    schedule=woken_by(UPLOADS_PLANNED, or_every="*/15 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=MOST_RUNS,
    dagrun_timeout=timedelta(days=3),
    deadline=deadline(minutes=240),
    default_args=DEFAULT_ARGS,
    tags=["shopify", "push", "approval"],
    doc_md=__doc__,
)
def approve_uploads() -> None:
    """Find the plans that wait, ask about each, keep each answer."""

    @task_group(prefix_group_id=False)
    def one_plan(plan_id: Any, subject: Any, body: Any) -> None:
        decide(plan_id=plan_id, answer=ask(subject, body).output)

    one_plan.expand_kwargs(find_held_plans())


approve_uploads()
