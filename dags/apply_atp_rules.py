"""### Apply ATP Rules

Works out what the ATP rules say of every product and facility, and writes what differs for `import_product_facility`.

| | |
|---|---|
| HotWax job | the ATP app's rule groups (`RG_THRESHOLD`, `RG_SAFETY_STOCK`, `RG_SHIPPING_*`, `RG_PICKUP_*`) |
| Input | the rules' file `include/atp_rules.yaml`, or the one that the Airflow Variable `atp_rules_file` names |
| Output | `hotwax/available-to-promise/PRODUCT_FACILITY_*.csv` on the SFTP server, one file for each type of rules |
| Then | `import_product_facility` |

It is woken when a file has changed tags or features of products, and runs daily, as rules and dates change as well.
The rules are tried in their order, and the last that matches decides; where none matches, a value is what it would be
without rules, so a rule or tag that is gone leaves nothing behind. Only what differs is written, nothing at all where
nothing does. docs/atp-rules.md describes the file, and how to see what a change of it would do.

The result of `find_changes` counts the changes of each rule. With `dryRun` nothing is taken or written, and it lists
the first fifty changes as well.

#### When it fails

- *no rule was taken*: the message names each mistake in the file, with its group, rule and field. Correct the file and
  clear the task; until then the rules of the last run stay.
- *no facility*, *no facility group*: correct the name, or set up what it names.
- *the SFTP server's key is not pinned*: enter `host_key` in the extra of the Airflow connection.
- Whatever was noted before a failure is written by the next run: clear the task, or leave it to the schedule.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.assets import TAGS_CHANGED
from include.jobs.atp_rules import find_changes, write_files
from include.jobs.defaults import DEFAULT_ARGS, woken_by


@dag(
    schedule=woken_by(TAGS_CHANGED, or_every="30 0 * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    deadline=deadline(minutes=30),
    default_args=DEFAULT_ARGS,
    tags=["atp"],
    doc_md=__doc__,
    params={
        "ruleGroup": params.rule_group(),
        "propertyResource": params.property_resource(),
        "dryRun": params.dry_run(),
    },
)
def apply_atp_rules() -> None:
    """What changes, then the files that say so."""
    find_changes() >> write_files()


apply_atp_rules()
