"""### Import Product Facility

Takes safety stock, thresholds, brokering and pickup switches into the data manager's queue: what the ATP rules came to,
or what somebody has entered by hand.

| | |
|---|---|
| HotWax job | `Import Product Facility`, `JOB_IMP_PROD_FAC`, service `ftpImportCSVFile` |
| MDM configuration | `IMP_PROD_FACILITY` |
| Input | `hotwax/available-to-promise/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `product-id,facility-id`, and of `facility-safety-stock`, `allow-brokering`, `allow-pickup` at least one |
| Output | `product_facility`: safety stock per facility, threshold and switches per channel |
| Then | `process_bulk_imported_files`, then `push_updated_inventory_deltas` |

#### When it fails

- *no product*, *no facility*: the row is in the reject file; correct it, or set up what it names and retry the failed
  rows.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_product_facility",
    config_id="IMP_PROD_FACILITY",
    tags=["atp", "hotwax:JOB_IMP_PROD_FAC"],
    doc_md=__doc__,
)
