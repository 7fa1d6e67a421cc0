"""### Import Order Fulfillment

Takes NetSuite's fulfilments of sales orders into the data manager's queue.

| | |
|---|---|
| HotWax job | the import of order fulfilments, service `processOrderCompleteRequest` |
| MDM configuration | `IMP_ODR_ITM_FLFLMNT` |
| Input | `netsuite/salesorder/import/fulfillment/*.json, *.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `[{"orderMap": {"orderId": ..., "items": [{"orderItemSeqId", "externalFacilityId", "quantity", ...}]}}]` |
| Output | the items are completed: they leave QOH, and the reservation ends |
| Then | `process_bulk_imported_files` |

#### When it fails

- *no such order*: import the order first (`import_shopify_orders`), then retry the failed rows
  (`manage_imported_file`).
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_order_fulfillment",
    config_id="IMP_ODR_ITM_FLFLMNT",
    tags=["netsuite", "orders"],
    doc_md=__doc__,
)
