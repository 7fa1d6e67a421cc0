"""### Process Bulk Imported Files

Works off the data manager's queue: checks each file's rows, posts the differences to the stock ledger, keeps bad rows.

| | |
|---|---|
| HotWax job | `Process Bulk Imported Files`, `JOB_PRC_PND_DML`, service `processPendingDataManagerJob` |
| Input | files with status `PENDING` in `data_manager_log` |
| Output | `inventory_item_detail` and `inventory_item`; the file in `archive/` or `failed/`; bad rows in `error/` |
| Then | `push_updated_inventory_deltas` |

First in, first out per feed, one transaction per file: a worker that dies leaves nothing behind, and the next run
does the file again. Each log knows the SFTP server that its file is on. A run without a waiting file ends as *skipped*.

#### When it fails

- *not an inventory reset file*, *the file is empty* ...: the file is in `failed/`, nothing of it was applied. Correct
  it and drop it into the feed's folder again; if the fault was not in the file, retry it (`manage_imported_file`).
- A file that ended `FINISHED_WITH_ERRORS` does not fail the run, it alerts (unless the feed's `notify_on_failure` is
  false): its bad rows are in `error/`, with line and reason. Correct them and drop that file into the feed's folder; or
  set up what they lacked and retry the failed rows (`manage_imported_file`).
- *the worker died 3 times*: the status is `CRASHED`; look at the task's log before you retry the file.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs.alerts import deadline
from include.jobs.assets import FILES_WAITING
from include.jobs.data_manager import process_waiting_files
from include.jobs.defaults import DEFAULT_ARGS, woken_by


@dag(
    schedule=woken_by(FILES_WAITING, or_every="*/5 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    deadline=deadline(minutes=60),
    default_args=DEFAULT_ARGS,
    tags=["import", "stock", "hotwax:JOB_PRC_PND_DML"],
    doc_md=__doc__,
)
def process_bulk_imported_files() -> None:
    """Process what waits."""
    process_waiting_files()


process_bulk_imported_files()
