"""### Import Item Receipt

Takes what the warehouse has received, or fulfilled, from NetSuite into the data manager's queue. The file's content
tells which of the two it is.

| | |
|---|---|
| HotWax job | `Import Item Receipt`, `JOB_ITM_RECEIPT`, service `ftpImportFile` |
| MDM configuration | `IMP_ITM_RECEIPT` |
| Input | `netsuite/itemreceipt/csv/*.csv, *.json` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `externalFacilityId,idValue,idType,availableDelta,comments`; or JSON: a list of `{"orderMap": ...}` |
| Output | CSV: the signed delta on ATP and QOH. JSON: the items are completed, and leave QOH |
| Then | `process_bulk_imported_files` |

#### When it fails

- A file that was sent twice is no fault: it counts once, and its log says so.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_item_receipt",
    config_id="IMP_ITM_RECEIPT",
    tags=["netsuite", "hotwax:JOB_ITM_RECEIPT"],
    doc_md=__doc__,
)
