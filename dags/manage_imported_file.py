"""### Manage Imported File

Cancels a file that waits, or puts one that failed, or only its failed rows, into the queue again.

| | |
|---|---|
| HotWax job | the MDM file history: *Cancel*, *Retry* |
| Input | the file's number in `data_manager_log`, and what to do with it |
| Output | `cancel`: the file in `failed/`. `retry_file`, `retry_failed_rows`: a new log that names the old one |
| Then | `process_bulk_imported_files` |

The number of a file is in the results of `process_waiting_files`, in the alerts, and here:

    SELECT data_manager_log_id, config_id, file_name, status_id, failed_record_count, message
    FROM data_manager_log ORDER BY data_manager_log_id DESC LIMIT 20;

Nothing counts twice: rows that were applied before are recognised, whichever way a file comes back.

#### When it fails

- *is FINISHED; expected ...*: the file is in another state than the action is for; the message names both.
- *is not there any more*: it has been tried again already, or was taken away by hand. Upload it to its feed's folder.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.data_manager import manage_file
from include.jobs.defaults import DEFAULT_ARGS


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["import", "operations"],
    doc_md=__doc__,
    params={"dataManagerLogId": params.data_manager_log_id(), "action": params.action()},
)
def manage_imported_file() -> None:
    """Do it."""
    manage_file()


manage_imported_file()
