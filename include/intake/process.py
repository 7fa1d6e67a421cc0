"""Processes the files that wait in the data manager's log: first in, first out per feed, each in one transaction.

Per file: staging, row checks, stock, rejects and the log's outcome are committed together or not at all. Only then is
the file moved to its last folder and the reject file written, which the next run completes if this one dies before.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType

import paramiko
import psycopg
from psycopg.types.json import Jsonb

from include.db.connection import Connection, exclusive
from include.intake import data_manager, rejects, remote, snapshot_time, staging
from include.intake.data_manager import Config, Counts, Log
from include.intake.errors import FileRefused, FileStillGrowing
from include.intake.feeds import reset_inventory

logger = logging.getLogger(__name__)

FEEDS: dict[str, ModuleType] = {"RESET_INVENTORY": reset_inventory}
"""The module of each feed: `TABLE`, `COLUMNS`, `create_staging`, `check_header` and `apply`."""

PROGRESS_EVERY = 64 << 20
"""Bytes between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `counts` is None where the file as a whole was refused."""

    data_manager_log_id: int
    file_name: str
    status_id: str
    counts: Counts | None
    message: str | None


def process_waiting(connection: Connection, sftp: paramiko.SFTPClient, feed: Config) -> list[Outcome]:
    """Process all waiting files of one feed.

    Args:
        connection: Trueup's database.
        sftp: The server on which the files lie.
        feed: The feed.

    Returns:
        One outcome per file, in the order of processing.

    Raises:
        LockedElsewhere: Another process is at work on this feed.
        paramiko.SSHException, OSError, EOFError: The connection failed. The file waits, nothing of it is applied.
    """
    outcomes: list[Outcome] = []
    with exclusive(connection, f"processing of {feed.config_id}"):
        outcomes += [
            _outcome(crashed, "CRASHED", None, f"{crashed.file_name}: {crashed.message}")
            for crashed in data_manager.give_up_crashed(connection, feed)
        ]
        while (log := data_manager.start_next(connection, feed)) is not None:
            outcomes.append(_process(connection, sftp, feed, log))
            file_away(connection, sftp, feed)
        file_away(connection, sftp, feed)
    return outcomes


def _process(connection: Connection, sftp: paramiko.SFTPClient, feed: Config, log: Log) -> Outcome:
    try:
        with connection.transaction():
            counts, message = _apply(connection, sftp, feed, log)
    except FileRefused as refusal:
        data_manager.fail(connection, log, str(refusal))
        logger.error("refused: %s", refusal)
        return _outcome(log, "FAILED", None, str(refusal))
    except FileNotFoundError as loss:
        message = f"{log.file_name}: gone from {log.remote_file_path} before it was processed; upload it again"
        data_manager.fail(connection, log, message)
        logger.error("%s (%s)", message, loss)
        return _outcome(log, "FAILED", None, message)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        message = (
            f"{log.file_name}: the database refused its rows ({error.diag.message_primary}); nothing of it was applied."
            " This is a fault of Trueup: report it with the file"
        )
        data_manager.fail(connection, log, message)
        logger.exception(message)
        return _outcome(log, "FAILED", None, message)
    except FileStillGrowing as growth:
        data_manager.put_back(connection, log, str(growth), remote.size_of(sftp, log.remote_file_path))
        raise
    except remote.TROUBLE as trouble:
        if not connection.closed:
            data_manager.put_back(
                connection,
                log,
                f"{log.file_name}: the SFTP connection failed while the file was read ({trouble!r});"
                " nothing of it was applied, the next run reads it again",
            )
        raise
    status = "FINISHED_WITH_ERRORS" if counts.failed else "FINISHED"
    logger.info("%s %s: %s", log.file_name, status.lower(), counts)
    return _outcome(log, status, counts, message)


def _outcome(log: Log, status_id: str, counts: Counts | None, message: str | None) -> Outcome:
    return Outcome(log.data_manager_log_id, log.file_name, status_id, counts, message)


def _apply(connection: Connection, sftp: paramiko.SFTPClient, feed: Config, log: Log) -> tuple[Counts, str | None]:
    feed_module = FEEDS[feed.config_id]
    connection.execute(b"SET LOCAL work_mem = '64MB'")
    digest = hashlib.sha256()
    blocks = _read_whole(sftp, log, digest)
    header_line, rows = staging.read_header(blocks, log.file_name)
    header = staging.match_header(header_line, feed.delimiter, feed_module.COLUMNS, log.file_name)
    feed_module.check_header(header, log.file_name)
    feed_module.create_staging(connection)
    staging.copy_records(connection, feed_module.TABLE, header, feed.delimiter, rows)
    connection.execute(
        b"UPDATE data_manager_log SET file_header = %s WHERE data_manager_log_id = %s",
        [Jsonb(header.fields), log.data_manager_log_id],
    )
    moment = snapshot_time.of_file(log.file_name, log.file_modified_at, feed.snapshot_offset, datetime.now(UTC))
    message = None
    sha256 = digest.hexdigest()
    if (earlier := data_manager.already_applied(connection, log, sha256, moment.as_of)) is not None:
        counts = Counts(0, 0, 0, 0, 0)
        message = f"the same file, by name, content and moment, as log {earlier}: not applied again"
    else:
        counts = feed_module.apply(connection, feed, log, header, moment)
        if counts.total == 0:
            raise FileRefused(
                f"{log.file_name}: no rows behind the header; expected at least one. An empty snapshot says nothing"
                " about stock: check the export and upload the file again"
            )
    data_manager.finish(connection, log, sha256, moment, counts, message)
    return counts, message


def _read_whole(sftp: paramiko.SFTPClient, log: Log, digest: "hashlib._Hash") -> Iterator[bytes]:
    """Read a file from its first byte to its last, and make sure that the last was really the last."""
    path = log.remote_file_path
    read = 0
    for block in remote.read_blocks(sftp, path, log.file_size):
        digest.update(block)
        if read // PROGRESS_EVERY != (read := read + len(block)) // PROGRESS_EVERY:
            logger.info("%s: %s of %s bytes read", log.file_name, f"{read:,}", f"{log.file_size:,}")
        yield block
    size = remote.size_of(sftp, path)
    if read != log.file_size or size != log.file_size:
        raise FileStillGrowing(
            f"{log.file_name}: {log.file_size:,} bytes when it was taken, {size:,} now, {read:,} read: somebody is"
            " still writing it. Nothing of it was applied, the next run reads it again"
        )


def file_away(connection: Connection, sftp: paramiko.SFTPClient, feed: Config) -> None:
    """Move files that are done with to `archive/` or `failed/`, and write their reject files to `error/`."""
    for log in data_manager.to_file_away(connection, feed):
        error_file = rejects.write_reject_file(connection, sftp, feed, log) if log.failed_record_count else None
        folder = "archive" if log.status_id.startswith("FINISHED") else "failed"
        target = f"{log.import_path}/{folder}/{log.data_manager_log_id}-{log.file_name}"
        if remote.exists(sftp, log.remote_file_path):
            remote.move(sftp, log.remote_file_path, target)
        data_manager.filed_away(connection, log, target, error_file)
