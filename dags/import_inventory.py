"""### Import Inventory

Takes NetSuite's inventory reset files from SFTP into the data manager's queue, whole files only, each once.

| | |
|---|---|
| HotWax job | `Import Inventory`, `JOB_IMP_INV`, service `ftpImportFile` |
| Input | `netsuite/inventoryitem/csv/*.csv` on the SFTP server: `Item,externalFacilityId,availableQty,idValue` |
| Output | a waiting file in `data_manager_log` (`RESET_INVENTORY`), moved to `processing/` on the server |
| Then | `process_bulk_imported_files` |

A run waits until a file arrives, at most a quarter of an hour (then it ends as *skipped*), and having taken one starts
the next run, so that somebody always waits. A file that is still growing is left until it holds still.

#### When it fails

- *the SFTP server's key is not pinned*: enter `host_key` in the extra of the Airflow connection.
- *SFTP folder ... is not there*: make it on the server, or correct `import_path` in `data_manager_config`.
- Connection trouble is tried again by itself. Nothing is ever half taken; clear the task to try at once.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import Asset, dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.file_import import FileSensor, take_files

TAKEN = Asset(name="import_inventory_took_files", uri="trueup://import_inventory/taken")


@dag(
    schedule=woken_by(TAKEN, or_every="*/15 * * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=45),
    default_args=DEFAULT_ARGS,
    tags=["import", "netsuite", "hotwax:JOB_IMP_INV"],
    doc_md=__doc__,
    params={
        "configId": params.config_id("RESET_INVENTORY"),
        "propertyResource": params.property_resource(),
        "settleSeconds": params.settle_seconds(),
    },
)
def import_inventory() -> None:
    """Wait for a file, then take what has come to rest."""
    arrived = FileSensor(
        task_id="wait_for_file",
        config_id="{{ params.configId }}",
        sftp_conn_id="{{ params.propertyResource }}",
    )
    arrived >> take_files(TAKEN)()


import_inventory()
