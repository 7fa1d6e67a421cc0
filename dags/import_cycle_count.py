"""### Import Cycle Count

Takes the results of cycle counts into the data manager's queue: what was counted becomes quantity on hand.

| | |
|---|---|
| HotWax job | the Import App's `Cycle count`, service `ftpImportFile` |
| MDM configuration | `REC_INV_COUNT` |
| Input | `hotwax/cyclecount/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `facilityId,idType,idValue,availableQty` |
| Output | QOH set to the count; ATP keeps its distance to QOH, so what is reserved stays reserved |
| Then | `process_bulk_imported_files` |

#### When it fails

- *no facility*, *no product*: the row is in the reject file; set it up, then retry the failed rows
  (`manage_imported_file`).
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_cycle_count",
    config_id="REC_INV_COUNT",
    tags=["hotwax", "count"],
    doc_md=__doc__,
)
