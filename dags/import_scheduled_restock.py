"""### Import Scheduled Restock

Takes scheduled restocks into the data manager's queue: stock of a launch that is to be for sale at a set moment.

| | |
|---|---|
| HotWax job | the file of `Schedule Restock`, `JOB_SCHEDULED_RSTK`, service `receiveAndUpdateInventoryToShopify` |
| MDM configuration | `IMP_SCHEDULED_RSTK` |
| Input | `hotwax/restock/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name` |
| Output | a shipment that waits for its moment; no stock moves before |
| Then | `process_bulk_imported_files`, and at the moment `schedule_restock` |

#### When it fails

- *Schedule Time*: the moment has gone by, or is no time; correct it in the reject file and drop that file here.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_scheduled_restock",
    config_id="IMP_SCHEDULED_RSTK",
    tags=["shipment", "hotwax:JOB_SCHEDULED_RSTK"],
    doc_md=__doc__,
)
