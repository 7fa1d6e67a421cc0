"""### Export Inventory Variances

Tells the ERP of changes of stock that were born elsewhere, as a CSV file on the SFTP server: cycle counts, variances by
hand, and units that were rejected on arrival.

| | |
|---|---|
| HotWax job | `Generate_Inventory_Var_Feed` |
| Input | ledger rows and receipts that are in no file yet (`exported_variance`) |
| Output | `netsuite/inventoryadjustment/csv/*.csv` on the SFTP server (Airflow connection `FTP_CONFIG`) |
| Columns | `Reference No,Adjustment Account,Item,Adjust Qty By,Location,Date,Memo,Subsidiary,HC Inventory Adj Id` |
| Then | the ERP books them |

Each is told once. A file's bytes are frozen in `variance_file`, with its rows, before it is uploaded: a run that died
is repeated with the same bytes under the same name. What is told, and how, are settings: see `docs/restocks.md`.

#### When it fails

- *variance_feed.adjustment_account is empty*, and the like: enter it, as the message says. Nothing was frozen.
- *product ... has no NETSUITE_PRODUCT_ID*, *facility ... has no external_id* (an alert, the run goes on): enter it; the
  next run tells of these as well.
- *the SFTP server ...*: tried again by itself; what is frozen is uploaded by the next run.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params_shipments
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS, every
from include.jobs.variance_feed import freeze_variances, upload_variances


@dag(
    schedule=every("0 0 * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["export", "count", "hotwax:Generate_Inventory_Var_Feed"],
    doc_md=__doc__,
    params={"varianceFeedId": params_shipments.variance_feed_id(), "dryRun": params_shipments.dry_run_of_export()},
)
def export_inventory_variances() -> None:
    """Freeze, then upload."""
    freeze_variances() >> upload_variances()


export_inventory_variances()
