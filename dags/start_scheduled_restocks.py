"""### Start Scheduled Restocks

Starts a run of `schedule_restock` for each restock whose moment comes within a day, and tells of those that are late.

| | |
|---|---|
| HotWax job | what the Import App does when it schedules `JOB_SCHEDULED_RSTK` |
| Input | restocks with status `SCHEDULED` in `scheduled_restock` |
| Output | runs of `schedule_restock` |
| Then | each run waits for its restock's moment |

It is woken when restocks were scheduled or changed, and looks every five minutes in case nobody woke it. A restock has
one run at a time; one whose run failed gets another after a quarter of the time that is left, at least 15 minutes.

#### When it fails

- *restocks are overdue* (`look_for_overdue`): a restock was not received within five minutes of its moment. The message
  names its last run, whose log says why. Failing here is the alert; the next look, in five minutes, says what is left.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs.alerts import deadline
from include.jobs.assets import RESTOCKS_CHANGED
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.restocks import find_restocks, look_for_overdue, start_runs


@dag(
    schedule=woken_by(RESTOCKS_CHANGED, or_every="*/5 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["shipment", "operations"],
    doc_md=__doc__,
)
def start_scheduled_restocks() -> None:
    """Start runs; apart from that, look for late ones."""
    start_runs(find_restocks())
    look_for_overdue()


start_scheduled_restocks()
