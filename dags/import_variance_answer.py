"""### Import Variance Answer

Takes NetSuite's answers to variance files into the data manager's queue: which adjustment it has made of each variance.

| | |
|---|---|
| HotWax job | the import of `ExportCycleCount` files, by which NetSuite answers to a variance feed |
| MDM configuration | `IMP_VARIANCE_ANSWER` |
| Input | `netsuite/inventoryadjustment/cycle_count/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `workEffortId` (the variance's `Reference No`), `externalId` |
| Output | `exported_variance`: what the ERP calls the adjustment, and since when it has it |
| Then | `process_bulk_imported_files` |

#### When it fails

- *nothing was told under this reference*: the answer is about somebody else's file; leave the row out.
- *the ERP has answered with ... before*: it may have booked a variance twice. Look at both adjustments in NetSuite.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_variance_answer",
    config_id="IMP_VARIANCE_ANSWER",
    tags=["count"],
    doc_md=__doc__,
)
