"""### Import Inventory Transfer

Takes NetSuite's transfers between locations into the data manager's queue.

| | |
|---|---|
| HotWax job | `Import Inventory Transfer`, `JOB_INV_TRANS`, service `ftpImportFile` |
| MDM configuration | `IMP_INV_TRANS` |
| Input | `netsuite/inventorytransfer/import/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `externalFacilityId,idValue,idType,availableDelta,comments`, two rows for each line of a transfer |
| Output | the signed delta of each row on ATP and QOH |
| Then | `process_bulk_imported_files` |

#### When it fails

- *legs add up to ...*: applied as it is, and reported: the other leg may be in another file, or the fault in NetSuite.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_inventory_transfer",
    config_id="IMP_INV_TRANS",
    tags=["netsuite", "hotwax:JOB_INV_TRANS"],
    doc_md=__doc__,
)
