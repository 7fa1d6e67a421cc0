"""### Import Inventory Variance

Takes changes of stock that people hand in into the data manager's queue: damaged, lost, found.

| | |
|---|---|
| HotWax job | `Import Inventory Variance` (the Import App's `Adjust by amount`), `JOB_INV_VAR`, service `ftpImportFile` |
| MDM configuration | `MDM_INV_VARIANCE` |
| Input | `hotwax/inventoryvariance/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `facilityId,externalFacilityId,idType,idValue,availableDelta,varianceReasonId,comments` |
| Output | the signed delta of each row on ATP and QOH; never below zero on hand |
| Then | `process_bulk_imported_files` |

#### When it fails

- *below zero*: the row takes more than there is; count, correct it in the reject file and drop that file here.
- *reason ... is not known*: add it to `variance_reason`, then retry the failed rows (`manage_imported_file`).
"""  # noqa: E501 - a table's row is one line

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_inventory_variance",
    config_id="MDM_INV_VARIANCE",
    tags=["hotwax", "hotwax:JOB_INV_VAR"],
    doc_md=__doc__,
)
