"""### Import Shipment Receipt

Takes what stores have received of inbound shipments into the data manager's queue.

| | |
|---|---|
| HotWax job | the Receiving App's receipts, service `receiveShipmentItem` |
| MDM configuration | `RECEIVE_SHIP_ITEMS` |
| Input | `hotwax/shipmentreceipt/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `external-shipment-id,product-sku,quantity-accepted,quantity-rejected,rejection-reason,received-date` |
| Output | the accepted quantity on ATP and QOH, and the shipment's receipt |
| Then | `process_bulk_imported_files` |

#### When it fails

- *no such shipment*: import the shipment first (`import_inbound_shipment`), then retry the failed rows.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_shipment_receipt",
    config_id="RECEIVE_SHIP_ITEMS",
    tags=["shipment"],
    doc_md=__doc__,
)
