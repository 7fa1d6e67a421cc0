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
from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from include.errors import NeedsAction
from include.intake import names
from include.intake.pickup import FolderUnusable
from include.jobs import connections

if TYPE_CHECKING:
    from asyncssh import SFTPClient

logger = logging.getLogger(__name__)

SECONDS_TO_ANSWER = 60.0
"""How long the server may take to list the folder."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the first try to reach the server again, and at most; each pause is twice the one before."""

TROUBLE = (OSError, EOFError, asyncssh.Error)
"""What a lost or refused connection raises. Worth another try."""


class ServerOutOfReach(NeedsAction):
    """The SFTP server could not be reached for as long as the sensor may wait."""


class FileTrigger(BaseTrigger):
    """Ends the task as successful as soon as a file of the feed may be taken, and as skipped if none comes.

    What needs somebody to act comes back to the task as an event with the message, so that it fails as any other task.

    Args:
        config_id: The feed's data manager configuration, for messages.
        folder: Its folder on the server.
        patterns: Which names belong to it.
        arrival: When a file of it is whole.
        connection_id: Airflow connection of the server.
        poll_seconds: Between two looks.
        until: When to end the waiting, in seconds of the Unix epoch.
    """

    def __init__(
        self,
        *,
        config_id: str,
        folder: str,
        patterns: str,
        arrival: str,
        connection_id: str,
        poll_seconds: float,
        until: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.config_id, self.folder, self.patterns, self.arrival = config_id, folder, patterns, arrival
        self.connection_id, self.poll_seconds, self.until = connection_id, poll_seconds, until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger from."""
        kept = ("config_id", "folder", "patterns", "arrival", "connection_id", "poll_seconds", "until")
        return f"{__name__}.FileTrigger", {name: getattr(self, name) for name in kept}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait; yields one event."""
        try:
            found = await self._wait()
        except NeedsAction as need:
            yield TriggerEvent({"needs_action": str(need)})  # type: ignore[no-untyped-call]
            return
        if found:
            logger.info("%s: %s", self.folder, found)
            yield TaskSuccessEvent()
        else:
            logger.info("%s: no file of %s has come", self.folder, self.config_id)
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
                async with connections.sftp_for_watching(self.connection_id) as sftp:
                    while True:
                        found = names.takeable(self.patterns, self.arrival, await self._list(sftp))
                        if out_since is not None:
                            logger.info("the SFTP server of %s answers again", self.connection_id)
                        out_since, pause = None, FIRST_PAUSE
                        if found or not await self._pause(self.poll_seconds):
                            return found
            except TROUBLE as trouble:
                if out_since is None:
                    out_since = time.time()
                    logger.warning("the SFTP server of %s: %r; trying again", self.connection_id, trouble)
                if not await self._pause(pause * random.uniform(0.75, 1.25)):  # noqa: S311  # not a secret
                    raise self._out_of_reach(out_since, trouble) from trouble
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _pause(self, seconds: float) -> bool:
        """Pause, but not beyond the end of the waiting; tells whether it has not come yet."""
        await asyncio.sleep(max(0.0, min(seconds, self.until - time.time())))
        return time.time() < self.until

    async def _list(self, sftp: "SFTPClient") -> list[str]:
        """The names of the plain files in the folder."""
        try:
            async with asyncio.timeout(SECONDS_TO_ANSWER):
                entries = [entry async for entry in sftp.scandir(self.folder.encode())]
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory) as error:
            login_folder = str(await sftp.realpath("."))
            raise FolderUnusable.missing(self.config_id, self.folder, login_folder) from error
        except asyncssh.SFTPPermissionDenied as error:
            raise FolderUnusable.forbidden(self.config_id, self.folder) from error
        # A name that is no text is left to the pickup, which refuses it.
        return [
            os.fsencode(entry.filename).decode(errors="replace")
            for entry in entries
            if stat.S_ISREG(entry.attrs.permissions or 0)
        ]

    def _out_of_reach(self, since: float, trouble: BaseException) -> ServerOutOfReach:
        return ServerOutOfReach(
            f"Airflow connection {self.connection_id!r}: the SFTP server has been out of reach since"
            f" {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%S} UTC ({trouble!r}), so {self.folder!r} of"
            f" {self.config_id} could not be watched. Check the server, the network and the connection's host and port;"
            " the next run tries again by itself"
        )
