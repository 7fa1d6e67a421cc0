"""### Import Kit Components

Takes the components of kits from NetSuite into the data manager's queue.

| | |
|---|---|
| HotWax job | the import of kits and their components, `PRODUCT_COMPONENT` |
| MDM configuration | `IMP_KIT_COMPONENT` |
| Input | `netsuite/product/kit/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `productId,productIdTo,quantity,productAssocTypeId`, or `kit-sku,component-sku,quantity` |
| Output | the components of each kit, from which its stock is computed |
| Then | `process_bulk_imported_files`, then `push_updated_inventory_deltas` |

#### When it fails

- *a cycle*: a kit contains itself, by the chain that is named; correct the kit in NetSuite.
"""

from include.jobs.import_dag import import_dag

dag = import_dag(
    "import_kit_components",
    config_id="IMP_KIT_COMPONENT",
    tags=["netsuite", "kit"],
    doc_md=__doc__,
)
