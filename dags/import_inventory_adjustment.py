"""### Import Inventory Adjustment

Takes NetSuite's inventory adjustments into the data manager's queue.

| | |
|---|---|
| HotWax job | `Import Inventory Adjustment`, `JOB_INV_ADJUST`, service `ftpImportFile` |
| MDM configuration | `IMP_INV_ADJUST` |
| Input | `netsuite/inventoryadjustment/import/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `externalFacilityId,idValue,idType,availableDelta,comments`, or with `locationSeqId,varianceReasonId` |
| Output | the signed delta of each row on ATP and QOH |
| Then | `process_bulk_imported_files` |

#### When it fails

- *reason ... is not known*: add it to `variance_reason`, then retry the failed rows (`manage_imported_file`).
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_inventory_adjustment",
    config_id="IMP_INV_ADJUST",
    tags=["netsuite", "hotwax:JOB_INV_ADJUST"],
    doc_md=__doc__,
)
