"""Files once more: a failed file, only its failed rows, or what lies in the archive.

Taking a file again is taking it from another folder. It gets a log of its own that names the one it comes from, and
what was applied before is recognised by content and line (`repeats`), so that nothing counts twice.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from posixpath import basename

import paramiko

from include.db.connection import Connection, exclusive
from include.db.sql import statement
from include.intake import data_manager, pickup, remote
from include.intake.data_manager import Config, Log, LogNotInState
from include.intake.remote import RemoteFile

logger = logging.getLogger(__name__)

_LOG_ID_IN_FRONT = re.compile(r"^(\d+)-")


@dataclass(frozen=True, slots=True)
class Archived:
    """A file in a feed's archive. `log` is None if this database does not know it.

    `came_at` is when it was taken for the first time, or else when it was written.
    """

    path: str
    file: RemoteFile
    came_at: datetime
    log: Log | None

    def forecast(self) -> str:
        """What reading it again would do, in words."""
        if self.log is None:
            return f"{self.file.name}: not known here; all its rows would be tried"
        if self.log.failed_record_count:
            return (
                f"{self.file.name}: applied as log {self.log.data_manager_log_id}; only those of its"
                f" {self.log.failed_record_count:,} refused rows would be tried that have not been since"
            )
        return f"{self.file.name}: applied as log {self.log.data_manager_log_id}; nothing would change"


def retry_file(connection: Connection, sftp: paramiko.SFTPClient, data_manager_log_id: int) -> Log:
    """Put a file that failed, crashed or was cancelled into the queue again, as it is.

    Returns:
        The log of the new attempt.

    Raises:
        LogNotInState: The file is in another state, or no longer where it was left.
    """
    log = data_manager.read_log(connection, data_manager_log_id)
    if log.status_id not in ("FAILED", "CRASHED", "CANCELLED") or not log.filed_away:
        raise LogNotInState(
            f"{log.file_name} (log {data_manager_log_id}) is {log.status_id}; expected a file that is FAILED, CRASHED"
            " or CANCELLED and lies in the failed folder. Of a file that finished with errors, retry the failed rows"
        )
    return _take_again(connection, sftp, log, log.remote_file_path, log.file_name, log.file_modified_at)


def retry_failed_rows(connection: Connection, sftp: paramiko.SFTPClient, data_manager_log_id: int) -> Log:
    """Put the rows that a file was refused into the queue again, once their cause is mended.

    Returns:
        The log of the new attempt.

    Raises:
        LogNotInState: The file has no reject file, or it is no longer there: tried again already, or by hand.
    """
    log = data_manager.read_log(connection, data_manager_log_id)
    if log.status_id != "FINISHED_WITH_ERRORS" or log.error_file_path is None:
        raise LogNotInState(
            f"{log.file_name} (log {data_manager_log_id}) is {log.status_id}; expected a file that is"
            " FINISHED_WITH_ERRORS and has been filed away. A file that failed as a whole is retried as a whole"
        )
    return _take_again(connection, sftp, log, log.error_file_path, basename(log.error_file_path), log.file_modified_at)


def archived(
    connection: Connection, sftp: paramiko.SFTPClient, config: Config, start: datetime, end: datetime
) -> list[Archived]:
    """Find what came in an interval and lies in the feed's archive.

    Args:
        connection: Trueup's database.
        sftp: The server.
        config: The feed.
        start: Files that were taken at or after this moment; unknown ones, that were written then.
        end: And before this one.

    Returns:
        The files in the order in which they came.
    """
    folder = f"{config.import_path}/archive"
    if not remote.exists(sftp, folder):
        return []
    found = [each for each in _archive(connection, sftp, config, folder) if start <= each.came_at < end]
    return sorted(found, key=lambda each: each.came_at)


def read_again(
    connection: Connection, sftp: paramiko.SFTPClient, config: Config, start: datetime, end: datetime
) -> list[Log]:
    """Put what came in an interval and lies in the archive into the queue again.

    Raises:
        LockedElsewhere: A pickup of this feed is under way.
    """
    with exclusive(connection, f"pickup of {config.config_id}", patience=60):
        return [
            pickup.take(
                connection,
                sftp,
                config,
                each.file,
                each.path,
                each.log.set_name if each.log else None,
                each.log.data_manager_log_id if each.log else None,
            )
            for each in archived(connection, sftp, config, start, end)
        ]


def _take_again(
    connection: Connection, sftp: paramiko.SFTPClient, log: Log, path: str, name: str, modified_at: datetime
) -> Log:
    config = data_manager.config(connection, log.config_id)
    with exclusive(connection, f"pickup of {log.config_id}", patience=60):
        if not remote.exists(sftp, path):
            raise LogNotInState(
                f"{log.file_name} (log {log.data_manager_log_id}): {path} is not there any more: it has been tried"
                f" again, or taken away. Upload the file to {log.import_path}"
            )
        file = RemoteFile(name, remote.size_of(sftp, path), modified_at)
        return pickup.take(connection, sftp, config, file, path, parent_log_id=log.data_manager_log_id)


def _archive(connection: Connection, sftp: paramiko.SFTPClient, config: Config, folder: str) -> Iterator[Archived]:
    parameters = {"property_resource": config.property_resource, "folder": f"{folder}/%"}
    rows = connection.execute(statement(__file__, "select_archived"), parameters).fetchall()
    known = {path: (log_id, came_at) for path, log_id, came_at in rows}
    for file in remote.list_files(sftp, folder):
        path = f"{folder}/{file.name}"
        if path in known:
            log_id, came_at = known[path]
            log = data_manager.read_log(connection, log_id)
            yield Archived(path, RemoteFile(log.file_name, file.size, log.file_modified_at), came_at, log)
        elif pickup.matches(config, file.name):
            name = _LOG_ID_IN_FRONT.sub("", file.name)
            yield Archived(path, RemoteFile(name, file.size, file.modified_at), file.modified_at, None)
