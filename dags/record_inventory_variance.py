"""### Record Inventory Variance

Records what somebody has found of one product at one facility: so many more or fewer, or a count.

| | |
|---|---|
| HotWax job | the Product Inventory View's *Record variance*; files of them: `import_inventory_variance`, `import_cycle_count` |
| Input | product, facility, a quantity or a count, a reason of `variance_reason`, a comment |
| Output | a row of `physical_inventory`, and in the ledger the difference on QOH and ATP, with reason, comment and user |
| Then | `push_updated_inventory_deltas` |

A quantity is added to both totals and never takes more than there is on hand. A count becomes the quantity on hand; what
is reserved stays reserved, and files about an earlier moment change that product there no more. A run counts once,
however often its task is cleared. To undo it, record the opposite.

#### When it fails

- *no product has it*, *no WAREHOUSE or RETAIL_STORE has this id*: the message names what is called like it.
- *no such reason*: use one that it names, or add yours to `variance_reason`.
- *would leave ... on hand*: count, and record the count.
"""  # noqa: E501 - a table's row is one line

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS
from include.jobs.variances import record_finding


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["count", "operations"],
    doc_md=__doc__,
    params={
        "product": params.product(),
        "facility": params.facility(),
        "quantity": params.variance_quantity(),
        "count": params.count(),
        "reason": params.variance_reason(),
        "comment": params.comment(),
    },
)
def record_inventory_variance() -> None:
    """Record it."""
    record_finding()


record_inventory_variance()
