"""### Inventory Health

Looks for what is wrong before somebody misses stock, and fails with all of it, so that it is alerted.

| | |
|---|---|
| HotWax job | none: the pages Inventory Synchronization Errors and Troubleshoot Inventory Sync |
| Input | `data_manager_config`, `data_manager_log`, the feeds' folders on their SFTP servers and those above them |
| Output | success if nothing is wrong; else one message, a line for each finding, with what to do next |
| Then | an alert |

It names feeds from which no file has come for longer than their `quiet_after`, files that have waited for over an
hour, files that failed in the last day and were not tried again, cut files of which a part has not come for an hour,
and files that lie where they do not belong: in the login folder, above a feed's folder, or in one under a name that
is none of the feed's. What a misplaced file begins with tells which feed it is for.

#### When it fails

Do what each line says. The next run, within the hour, says what is left; *Trigger* looks at once.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS, every
from include.jobs.health import look_at_files


@dag(
    schedule=every("7 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["operations"],
    doc_md=__doc__,
)
def inventory_health() -> None:
    """Look at the files."""
    look_at_files()


inventory_health()
