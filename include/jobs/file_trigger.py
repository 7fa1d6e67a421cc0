"""Watches a feed's folder on the SFTP server from the triggerer, where waiting holds no worker.

In place of the provider's SFTPTrigger, which knows one pattern, in one case, opens a connection for every look and
gives up at the first exception that it does not know.
"""

import asyncio
import logging
import os
import random
import stat
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncssh
import psycopg
from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from include.errors import NeedsAction
from include.intake import data_manager, names
from include.intake.data_manager import Config
from include.intake.pickup import FolderUnusable
from include.jobs import connections
from include.jobs.defaults import GRACE

if TYPE_CHECKING:
    from asyncssh import SFTPClient

logger = logging.getLogger(__name__)

SECONDS_TO_ANSWER = 60.0
"""How long the server may take to list the folder."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the first try to reach the server again, and at most; each pause is twice the one before."""

TROUBLE = (OSError, EOFError, asyncssh.Error, psycopg.OperationalError)
"""What a lost or refused connection raises. Worth another try."""


class ServerOutOfReach(NeedsAction):
    """The SFTP server could not be reached for as long as the sensor may wait."""


class FileTrigger(BaseTrigger):
    """Ends the task as successful as soon as a file of the feed may be taken, and as skipped if none comes in time.

    What needs somebody to act comes back to the task as an event with the message, so that it fails as any other task.

    Args:
        config_id: The feed's data manager configuration.
        sftp_conn_id: Airflow connection of the server.
        poll_seconds: Between two looks.
        waits: "no" ends the task at once.
    """

    timeout_after: datetime
    """Set by the triggerer: when Airflow takes the waiting for stuck, which is `GRACE` after its end."""

    def __init__(self, *, config_id: str, sftp_conn_id: str, poll_seconds: float, waits: str = "yes") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.config_id, self.sftp_conn_id, self.poll_seconds, self.waits = config_id, sftp_conn_id, poll_seconds, waits

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger from."""
        kept = ("config_id", "sftp_conn_id", "poll_seconds", "waits")
        return f"{__name__}.FileTrigger", {name: getattr(self, name) for name in kept}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait; yields one event."""
        if self.waits == "no":
            yield TaskSuccessEvent()
            return
        try:
            found = await self._wait()
        except NeedsAction as need:
            yield TriggerEvent({"needs_action": str(need)})  # type: ignore[no-untyped-call]
            return
        if found:
            logger.info("%s: %s", self.config_id, found)
            yield TaskSuccessEvent()
        else:
            logger.info("%s: no file has come", self.config_id)
            yield TaskSkippedEvent()

    async def _wait(self) -> list[str]:
        """The names of files that may be taken, as soon as there are any; none if none came in time.

        Raises:
            NeedsAction: The connection or the folder is not as it should be, or the server is out of reach to the end.
        """
        out_since: float | None = None
        pause = FIRST_PAUSE
        while True:
            try:
                feed = await asyncio.to_thread(_feed, self.config_id)
                async with connections.sftp_for_watching(self.sftp_conn_id) as sftp:
                    while True:
                        found = names.takeable(feed.file_name_pattern, feed.arrival, await _list(sftp, feed))
                        if out_since is not None:
                            logger.info("%s answers again", self.sftp_conn_id)
                        out_since, pause = None, FIRST_PAUSE
                        if found or not await self._pause(self.poll_seconds):
                            return found
            except TROUBLE as trouble:
                if out_since is None:
                    out_since = time.time()
                    logger.warning("%s or the database: %r; trying again", self.sftp_conn_id, trouble)
                if not await self._pause(pause * random.uniform(0.75, 1.25)):  # noqa: S311  # not a secret
                    raise self._out_of_reach(out_since, trouble) from trouble
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _pause(self, seconds: float) -> bool:
        """Pause, but not beyond the end of the waiting; tells whether it has not come yet."""
        until = (self.timeout_after - GRACE).timestamp()
        await asyncio.sleep(max(0.0, min(seconds, until - time.time())))
        return time.time() < until

    def _out_of_reach(self, since: float, trouble: BaseException) -> ServerOutOfReach:
        return ServerOutOfReach(
            f"Airflow connection {self.sftp_conn_id!r}: the SFTP server has been out of reach since"
            f" {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%S} UTC ({trouble!r}), so the folder of"
            f" {self.config_id} could not be watched. Check the server, the network, and host and port of the"
            " connection; the next run tries again by itself"
        )


def _feed(config_id: str) -> Config:
    """Read a feed's configuration; in a thread, as it waits for the database."""
    with connections.oms() as oms:
        return data_manager.config(oms, config_id)


async def _list(sftp: "SFTPClient", feed: Config) -> list[str]:
    """The names of the plain files in a feed's folder."""
    try:
        async with asyncio.timeout(SECONDS_TO_ANSWER):
            entries = [entry async for entry in sftp.scandir(feed.import_path.encode())]
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory) as error:
        raise FolderUnusable.missing(feed.config_id, feed.import_path, str(await sftp.realpath("."))) from error
    except asyncssh.SFTPPermissionDenied as error:
        raise FolderUnusable.forbidden(feed.config_id, feed.import_path) from error
    # A name that is no text is left to the pickup, which refuses it.
    return [
        os.fsencode(entry.filename).decode(errors="replace")
        for entry in entries
        if stat.S_ISREG(entry.attrs.permissions or 0)
    ]
