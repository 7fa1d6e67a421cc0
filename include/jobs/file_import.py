"""The tasks of every import DAG: wait for a file, then take whole files into the data manager's queue.

A run of a backfill does not wait: it takes from the feed's archive what came in its interval. With `dryRun` nothing is
taken at all, and the result says what would be.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseSensorOperator, task
from airflow.sdk.exceptions import AirflowSkipException
from airflow.triggers.base import StartTriggerArgs

from include.errors import NeedsAction
from include.jobs.assets import FILES_WAITING
from include.jobs.defaults import GRACE

if TYPE_CHECKING:
    import paramiko

    from include.db.connection import Connection
    from include.intake.data_manager import Config

logger = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(minutes=14, seconds=50)
"""A little less than the quarter of an hour between two runs."""

Report = dict[str, Any]
"""What a pickup brought, as its task's result shows it."""


class CannotWatch(NeedsAction):
    """The feed's folder cannot be watched until somebody has acted on the message."""


class FileSensor(BaseSensorOperator):
    """Waits in the triggerer, and takes no worker, until a feed's folder has a file that may be taken.

    It only wakes the pickup, which looks for itself. A quarter of an hour without a file ends as skipped. Runs of a
    backfill and dry runs do not wait.

    Args:
        config_id: The feed's data manager configuration.
        sftp_conn_id: Airflow connection of the SFTP server.
        poll_seconds: Between two looks.
    """

    template_fields: Sequence[str] = ("config_id", "sftp_conn_id", "waits")
    start_from_trigger = True

    def __init__(self, *, config_id: str, sftp_conn_id: str, poll_seconds: float = 15.0, **kwargs: Any) -> None:
        super().__init__(timeout=LONGEST_WAIT.total_seconds(), poke_interval=poll_seconds, **kwargs)
        self.config_id = config_id
        self.sftp_conn_id = sftp_conn_id
        self.waits = "{{ 'no' if params.dryRun or dag_run.run_type == 'backfill' else 'yes' }}"
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="include.jobs.file_trigger.FileTrigger",
            trigger_kwargs={
                "config_id": config_id,
                "sftp_conn_id": sftp_conn_id,
                "poll_seconds": poll_seconds,
                "waits": self.waits,
            },
            next_method="fail",
            timeout=LONGEST_WAIT + GRACE,
        )

    def execute(self, context: Any) -> None:
        """Hand the waiting over to the triggerer, where the scheduler has not done so."""
        from include.jobs.file_trigger import FileTrigger

        self.defer(
            timeout=LONGEST_WAIT + GRACE,
            trigger=FileTrigger(
                config_id=self.config_id,
                sftp_conn_id=self.sftp_conn_id,
                poll_seconds=self.poke_interval,
                waits=self.waits,
            ),
            method_name="fail",
        )

    def fail(self, context: Any, event: dict[str, str]) -> None:
        """Fail with what the triggerer has found.

        Raises:
            CannotWatch: Always: the triggerer ends the task in all other cases.
        """
        raise CannotWatch(event["needs_action"])


def take_files(taken_asset: Asset) -> Any:
    """The pickup task of a feed.

    Args:
        taken_asset: Wakes the same DAG again, so that somebody always waits for the next file.
    """

    @task(task_id="take_whole_files", outlets=[FILES_WAITING, taken_asset])
    def take_whole_files(
        params: dict[str, Any] | None = None,
        dag_run: Any = None,
        data_interval_start: datetime | None = None,
        data_interval_end: datetime | None = None,
        ti: Any = None,
    ) -> Report:
        """Take files that have come to rest, or those of the archive, into the data manager's queue.

        Raises:
            AirflowSkipException: Nothing was taken, so nothing is to be woken. The result is there all the same.
        """
        from dataclasses import replace

        from include.intake import data_manager
        from include.jobs import connections

        assert params is not None
        with connections.oms() as oms, connections.sftp(params["propertyResource"]) as sftp:
            feed = replace(data_manager.config(oms, params["configId"]), property_resource=params["propertyResource"])
            if _is_backfill(dag_run):
                assert data_interval_start is not None
                assert data_interval_end is not None
                report = _take_again(oms, sftp, feed, data_interval_start, data_interval_end, dry=params["dryRun"])
            else:
                report = _take(oms, sftp, feed, params["settleSeconds"], dry=params["dryRun"])
        for name, lines in report.items():
            logger.info("%s: %s", name, lines or "none")
        if not report.get("taken"):
            ti.xcom_push("return_value", report)
            raise AirflowSkipException("nothing was taken")
        return report

    return take_whole_files


def _is_backfill(dag_run: Any) -> bool:
    return bool(dag_run.run_type == "backfill")


def _take(
    oms: "Connection", sftp: "paramiko.SFTPClient", feed: "Config", settle_seconds: float, *, dry: bool
) -> Report:
    from include.intake import pickup
    from include.intake.pickup import Settling

    if dry:
        return {"would_take": pickup.forecast(oms, sftp, feed)}
    visit = pickup.take_whole_files(oms, sftp, feed, Settling(pause=settle_seconds))
    return {
        "taken": [log.file_name for log in visit.taken],
        "still_growing": visit.still_growing,
        "incomplete": visit.incomplete,
        "names_refused": visit.refused,
        "not_of_this_feed": visit.strangers,
    }


def _take_again(
    oms: "Connection", sftp: "paramiko.SFTPClient", feed: "Config", start: datetime, end: datetime, *, dry: bool
) -> Report:
    from include.intake import again

    if dry:
        return {"would_read_again": [each.forecast() for each in again.archived(oms, sftp, feed, start, end)]}
    return {"taken": [log.file_name for log in again.read_again(oms, sftp, feed, start, end)]}
