"""### Import Shopify Inventory

Takes the reset files that come from Shopify, where it is master, into the data manager's queue.

| | |
|---|---|
| HotWax job | `Sync Inventory from Shopify`, `JOB_SYNC_INV_FRM_SHPY`: its second half |
| MDM configuration | `SHOPIFY_INV_RESET` |
| Input | `shopify/inventorylevel/csv/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `facilityId,productId,availableQty` |
| Output | the difference between the file's quantity and ATP, as of the file's moment, on ATP and QOH |
| Then | `process_bulk_imported_files` |

`sync_inventory_from_shopify` and `shopify_webhooks` write these files.

#### When it fails

"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_shopify_inventory",
    config_id="SHOPIFY_INV_RESET",
    tags=["shopify", "hotwax:JOB_SYNC_INV_FRM_SHPY"],
    doc_md=__doc__,
)
