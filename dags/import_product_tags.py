"""### Import Product Tags

Takes tags and features of products into the data manager's queue: what the conditions of the ATP rules look at.

| | |
|---|---|
| HotWax job | none of its own: HotWax has tags from its import of Shopify's products |
| MDM configuration | `IMP_PRODUCT_TAG` |
| Input | `hotwax/producttag/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `product-sku`, and `tags` or `features` or both |
| Output | `product_tag`, `product_feature_appl`: of each product in the file those that it names, and no others |
| Then | `process_bulk_imported_files`, then `apply_atp_rules` |

#### When it fails

- *no product*: the row is in the reject file; correct it, or set the product up and retry the failed rows.
- *is no feature*: write it as TYPE/description, such as COLOR/Blue, in the reject file and drop that.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_product_tags",
    config_id="IMP_PRODUCT_TAG",
    tags=["atp"],
    doc_md=__doc__,
)
