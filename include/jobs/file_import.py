"""The tasks of every import DAG: wait for a file, then take whole files into the data manager's queue."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, BaseSensorOperator, task

from include.jobs.assets import FILES_WAITING

POLL_SECONDS = 2.0
LONGEST_WAIT = timedelta(minutes=14, seconds=50)
"""A little less than the quarter of an hour between two runs."""


class FileSensor(BaseSensorOperator):
    """Waits, without holding a worker, until a feed's folder on the SFTP server has a file with a matching name.

    It only wakes the pickup, which looks for itself. A quarter of an hour without a file ends as skipped.

    Args:
        config_id: The feed's data manager configuration.
        sftp_conn_id: Airflow connection of the SFTP server.
    """

    template_fields: Sequence[str] = ("config_id", "sftp_conn_id")

    def __init__(self, *, config_id: str, sftp_conn_id: str, **kwargs: Any) -> None:
        super().__init__(timeout=LONGEST_WAIT.total_seconds(), poke_interval=POLL_SECONDS, soft_fail=True, **kwargs)
        self.config_id = config_id
        self.sftp_conn_id = sftp_conn_id

    def execute(self, context: Any) -> None:
        """Hand the waiting over to the triggerer."""
        from airflow.providers.sftp.triggers.sftp import SFTPTrigger

        from include.intake import data_manager
        from include.jobs import connections

        connections.require_pinned_host_key(self.sftp_conn_id)
        with connections.oms() as oms:
            feed = data_manager.config(oms, self.config_id)
        self.defer(
            timeout=timedelta(seconds=self.timeout),
            trigger=SFTPTrigger(
                path=feed.import_path,
                file_pattern=feed.file_name_pattern,
                sftp_conn_id=self.sftp_conn_id,
                poke_interval=self.poke_interval,
            ),
            method_name="resume",
        )

    def resume(self, context: Any, event: dict[str, Any]) -> None:
        """Go on to the pickup.

        Raises:
            RuntimeError: The folder could not be watched.
        """
        if event.get("status") != "success":
            raise RuntimeError(f"the folder of {self.config_id} could not be watched: {event.get('message')}")


def take_files(taken_asset: Asset) -> Any:
    """The pickup task of a feed.

    Args:
        taken_asset: Wakes the same DAG again, so that somebody always waits for the next file.
    """

    @task(task_id="take_whole_files", outlets=[FILES_WAITING, taken_asset])
    def take_whole_files(params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take files that have come to rest into the data manager's queue."""
        from include.intake import data_manager, pickup
        from include.intake.pickup import Settling
        from include.jobs import connections

        assert params is not None
        with connections.oms() as oms, connections.sftp(params["propertyResource"]) as sftp:
            feed = data_manager.config(oms, params["configId"])
            visit = pickup.take_whole_files(oms, sftp, feed, Settling(pause=params["settleSeconds"]))
        return {
            "taken": [log.file_name for log in visit.taken],
            "still_growing": visit.still_growing,
            "names_refused": visit.refused,
        }

    return take_whole_files
