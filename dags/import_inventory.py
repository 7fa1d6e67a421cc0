"""### Import Inventory

Takes NetSuite's inventory reset files from SFTP into the data manager's queue, whole files only, each once.

| | |
|---|---|
| HotWax job | `Import Inventory` (`Read Reset Inventory File From SFTP`), `JOB_IMP_INV`, service `ftpImportFile` |
| MDM configuration | `RESET_INVENTORY` |
| Input | `netsuite/inventoryitem/csv/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `Item,externalFacilityId,availableQty,idValue` |
| Output | the difference between the file's quantity and ATP, as of the file's moment, on ATP and QOH |
| Then | `process_bulk_imported_files` |

#### When it fails

- *not an inventory reset file*: the run of `process_bulk_imported_files` says what it found and where the file belongs.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_inventory",
    config_id="RESET_INVENTORY",
    tags=["netsuite", "hotwax:JOB_IMP_INV"],
    doc_md=__doc__,
    poll_seconds=2.0,
)
