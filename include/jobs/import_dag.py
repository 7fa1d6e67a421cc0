"""What all import DAGs are: a schedule, a sensor and a pickup. A DAG file adds its feed and its documentation."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset

from include.jobs import params
from include.jobs.alerts import deadline
from include.jobs.defaults import DEFAULT_ARGS, woken_by
from include.jobs.file_import import FileSensor, take_files

COMMON = """
- *the SFTP server's key is not pinned*: enter `host_key` in the extra of the Airflow connection.
- *SFTP folder ... is not there*: make it on the server, or correct `import_path` in `data_manager_config`.
- *the SFTP server has been out of reach since ...*: for the whole quarter of an hour. The next run tries again.
- Nothing is ever half taken; clear the task to try at once.

#### What a run does

It waits until a file arrives, at most a quarter of an hour (then it ends as *skipped*), and having taken one starts the
next run, so that somebody always waits. A file that is still growing is left until it holds still, a part of a cut file
until the others are there. The result of `take_whole_files` names what was taken, and what was left and why; a pickup
that took nothing ends as *skipped*. With `dryRun` it only says what it would do.

#### Files once more

A backfill reads again what came in an interval and lies in `archive/`: rows that were applied are not applied again,
stock that has changed since is not undone, and rows that were refused get another chance. In the form behind *Trigger*
choose *Backfill*, the interval, and *All Runs*, or:

    airflow backfill create --dag-id {dag_id} --from-date 2026-11-01T00:00Z --to-date 2026-11-02T00:00Z
        --reprocess-behavior completed --max-active-runs 1 --dag-run-conf '{{"dryRun": true}}'

With `dryRun` nothing is read again: the result of each run's `take_whole_files` says of each file what would become of
it. A single file that failed, or its failed rows: `manage_imported_file`.
"""
"""What the documentation of all import DAGs ends with, behind the list of what may fail."""


def import_dag(dag_id: str, *, config_id: str, tags: list[str], doc_md: str, poll_seconds: float = 15.0) -> DAG:
    """The DAG that imports the files of one feed.

    Args:
        dag_id: Its name, which is that of its file.
        config_id: The feed's data manager configuration; another one may be given for a run.
        tags: Beside `import`.
        doc_md: What it is for, in Markdown, with a list of what may fail at its end.
        poll_seconds: Between two looks into the feed's folder.
    """
    taken = Asset(name=f"{dag_id}_took_files", uri=f"trueup://{dag_id}/taken")
    with DAG(
        dag_id,
        schedule=woken_by(taken, or_every="*/15 * * * *"),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(minutes=90),
        deadline=deadline(minutes=45),
        default_args=DEFAULT_ARGS,
        tags=["import", *tags],
        doc_md=doc_md.rstrip() + COMMON.format(dag_id=dag_id),
        params={
            "configId": params.config_id(config_id),
            "propertyResource": params.property_resource(),
            "settleSeconds": params.settle_seconds(),
            "dryRun": params.dry_run(),
        },
    ) as dag:
        arrived = FileSensor(
            task_id="wait_for_file",
            config_id="{{ params.configId }}",
            sftp_conn_id="{{ params.propertyResource }}",
            poll_seconds=poll_seconds,
        )
        arrived >> take_files(taken)()
    return dag
