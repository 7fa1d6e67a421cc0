"""### Import Inbound Shipment

Takes inbound shipments of transfer orders into the data manager's queue, so that a store sees what is coming.

| | |
|---|---|
| HotWax job | `Import Inbound Shipment`, `JOB_IMP_TO_SHPMNT`, service `ftpImportFile` |
| MDM configuration | `IMP_TO_SHPMNT` |
| Input | `netsuite/transferorder/csv/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `external-shipment-id,product-sku,quantity,destination-facility-id,...`, a row for each item |
| Output | shipments and their items; no stock moves before they are received |
| Then | `process_bulk_imported_files`, and once received `import_shipment_receipt` |

#### When it fails

- *no facility*, *no product*: the row is in the reject file; set it up, then retry the failed rows.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_inbound_shipment",
    config_id="IMP_TO_SHPMNT",
    tags=["netsuite", "shipment", "hotwax:JOB_IMP_TO_SHPMNT"],
    doc_md=__doc__,
)
