"""### Import QOH Inventory

Takes resets of quantity on hand from the ERP into the data manager's queue: the reserved units stay reserved.

| | |
|---|---|
| HotWax job | `Import QOH Inventory from the ERP`, `JOB_IMP_INV_QOH`, service `ftpImportFile` |
| MDM configuration | `STORE_INV_RESET` |
| Input | `netsuite/inventoryitem/qoh/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `externalFacilityId,netsuiteProductId,quantity` |
| Output | the difference between the file's quantity and QOH, as of the file's moment, on ATP and QOH |
| Then | `process_bulk_imported_files` |

#### When it fails

- ATP below zero afterwards is no fault: more is reserved than the ERP has counted.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_qoh_inventory",
    config_id="STORE_INV_RESET",
    tags=["netsuite", "hotwax:JOB_IMP_INV_QOH"],
    doc_md=__doc__,
)
