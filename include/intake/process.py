"""Processes the files that wait in the data manager's log: first in, first out per feed, each in one transaction.

Per file: staging, row checks, stock, rejects and the log's outcome are committed together or not at all. Only then is
the file moved to its last folder and the reject file written, which the next run completes if this one dies before.
"""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import paramiko
import psycopg

from include.db.connection import Connection, exclusive
from include.errors import NeedsAction
from include.intake import (
    data_manager,
    json_records,
    lines,
    rejects,
    remote,
    repeats,
    rule_files,
    snapshot_time,
    staging,
    text,
    wrong_feed,
)
from include.intake.data_manager import Config, Counts, Log
from include.intake.errors import FileRefused, FileStillGrowing, NotFiledAway
from include.intake.feed import Feed, JsonFeed, StagedFile
from include.intake.feeds import service
from include.intake.fingerprint import Fingerprint
from include.intake.json_records import Record
from include.intake.snapshot_time import SnapshotTime
from include.intake.staging import Header, JsonRow

logger = logging.getLogger(__name__)

PROGRESS_EVERY = 64 << 20
"""Bytes between two lines of progress."""

NO_FAULT_OF_THE_FILE = (
    psycopg.errors.DiskFull,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
)
"""What keeps the database from taking a file in, and would keep it from any other."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `counts` is None where the file as a whole was refused."""

    data_manager_log_id: int
    config_id: str
    file_name: str
    status_id: str
    counts: Counts | None
    message: str | None


def process_all(
    connection: Connection, open_server: Callable[[str], AbstractContextManager[paramiko.SFTPClient]]
) -> tuple[list[Outcome], list[Exception]]:
    """Process all waiting files of all feeds. One feed's trouble does not stop the next.

    Args:
        connection: Trueup's database.
        open_server: Opens the SFTP server of that name (`data_manager_config.property_resource`).

    Returns:
        One outcome per file that was dealt with, and what has kept others waiting.
    """
    outcomes: list[Outcome] = []
    troubles: list[Exception] = []
    for config in data_manager.with_open_files(connection):
        try:
            with open_server(config.property_resource) as sftp:
                _work_off(connection, sftp, config, outcomes)
        except Exception as trouble:
            logger.exception("%s", config.config_id)
            troubles.append(trouble)
    return outcomes, troubles


def process_waiting(connection: Connection, sftp: paramiko.SFTPClient, config: Config) -> list[Outcome]:
    """Process all waiting files of one feed.

    Args:
        connection: Trueup's database.
        sftp: The server on which the files lie.
        config: The feed.

    Returns:
        One outcome per file, in the order of processing.

    Raises:
        LockedElsewhere: Another process is at work on this feed.
        paramiko.SSHException, OSError, EOFError: The connection failed. The file waits, nothing of it is applied.
    """
    outcomes: list[Outcome] = []
    _work_off(connection, sftp, config, outcomes)
    return outcomes


def _work_off(connection: Connection, sftp: paramiko.SFTPClient, config: Config, outcomes: list[Outcome]) -> None:
    """Process all waiting files of one feed; what became of each is in the list before anything else can fail."""
    with exclusive(connection, f"processing of {config.config_id}"):
        outcomes += [
            _outcome(crashed, "CRASHED", None, f"{crashed.file_name}: {crashed.message}")
            for crashed in data_manager.give_up_crashed(connection, config)
        ]
        while (log := data_manager.start_next(connection, config)) is not None:
            outcomes.append(_process(connection, sftp, config, log))
            file_away(connection, sftp, config)
        file_away(connection, sftp, config)


def _process(connection: Connection, sftp: paramiko.SFTPClient, config: Config, log: Log) -> Outcome:
    try:
        with connection.transaction():
            outcome = _apply(connection, sftp, config, log)
    except FileRefused as refusal:
        return _refused(connection, log, str(refusal))
    except FileNotFoundError as loss:
        return _refused(
            connection,
            log,
            f"{log.file_name}: gone from {log.remote_file_path} before it was processed ({loss}); upload it again",
        )
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        logger.exception("%s", log.file_name)
        return _refused(
            connection,
            log,
            f"{log.file_name}: the database refused its rows ({error.diag.message_primary}); nothing of it was applied."
            " This is a fault of Trueup: report it with the file",
        )
    except NO_FAULT_OF_THE_FILE as trouble:
        _wait_for_database(connection, log, trouble)
        raise
    except NeedsAction as need:
        data_manager.put_back(connection, log, f"{need}. The file waits")
        raise
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
    logger.info("%s %s: %s %s", log.file_name, outcome.status_id.lower(), outcome.counts, outcome.message or "")
    return outcome


def _wait_for_database(connection: Connection, log: Log, trouble: psycopg.OperationalError) -> None:
    """Let a file wait for a database that could not take it in, and count no attempt.

    A server that ran out of room for its WAL has gone away, and cannot write this down either: then the next run finds
    the file RUNNING.
    """
    todo = (
        "make room on the disk of the database"
        if isinstance(trouble, psycopg.errors.DiskFull)
        else "nothing is to be done"
    )
    with suppress(psycopg.OperationalError):
        data_manager.put_back(
            connection,
            log,
            f"{log.file_name}: the database could not take it in this time ({trouble.diag.message_primary}); nothing of"
            f" it was applied, the next run reads it again: {todo}",
        )


def _refused(connection: Connection, log: Log, message: str) -> Outcome:
    data_manager.fail(connection, log, message)
    logger.error("refused: %s", message)
    return _outcome(log, "FAILED", None, message)


def _outcome(log: Log, status_id: str, counts: Counts | None, message: str | None) -> Outcome:
    return Outcome(log.data_manager_log_id, log.config_id, log.file_name, status_id, counts, message)


def _apply(connection: Connection, sftp: paramiko.SFTPClient, config: Config, log: Log) -> Outcome:
    connection.execute(b"SET LOCAL work_mem = '64MB'")
    # Of a temporary table the planner needs to know the size and little else.
    connection.execute(b"SET LOCAL default_statistics_target = 10")
    content = Fingerprint(size for _, size, _ in repeats.possible_beginnings(connection, log))
    # Closed here: the garbage collector would do it in any thread, and two that wait for the server's answers hang.
    with closing(_read_whole(sftp, log, content)) as raw:
        feed, header, total = _stage(connection, config, log, raw)
    file = StagedFile(connection, config, log, header, _moment(config, log), total)
    repeated = repeats.leave_out(file, content, speaks_of_a_moment=feed.LAYOUT.speaks_of_a_moment)
    if total == 0:
        raise FileRefused(
            f"{log.file_name}: no rows behind the header; expected at least one. An empty file says nothing: check the"
            " export and upload the file again"
        )
    file = replace(file, rows=total - repeated.rows, is_rest=repeated.of_log_id is not None)
    failed = feed.check(file)
    if failed and config.error_policy == "ALL_OR_NOTHING":
        status, counts = "FAILED", Counts(total, 0, 0, 0, failed)
        message = (
            f"{log.file_name}: {failed:,} of {total:,} rows were refused, and {config.config_id} takes all rows of a"
            " file or none: nothing was applied. The reject file names them; correct the file and upload it again"
        )
        return _finish(file, content.sha256(), status, counts, message)
    posted = feed.post(file)
    repeats.note_retries(file, repeated)
    counts = Counts(total, posted.changed, posted.unchanged, posted.superseded + repeated.rows, failed)
    status = "FINISHED_WITH_ERRORS" if failed else "FINISHED"
    notes = [note for note in (repeated.note(total), *posted.notes) if note]
    return _finish(file, content.sha256(), status, counts, "; ".join(notes), repeated.of_same_file())


def _finish(
    file: StagedFile, sha256: str, status: str, counts: Counts, message: str, duplicate_of: int | None = None
) -> Outcome:
    data_manager.finish(file.connection, file.log, status, sha256, file.moment, counts, message, duplicate_of)
    return _outcome(file.log, status, None if status == "FAILED" else counts, message or None)


def _stage(connection: Connection, config: Config, log: Log, raw: Iterator[bytes]) -> tuple[Feed, Header, int]:
    """Bring the file's rows into `staged`; returns the feed that fits its content, its header and how many they are."""
    readers = service(config.import_service_name)
    start, blocks = text.peek(text.as_utf8(raw, config.encoding, log.file_name), text.ENOUGH_TO_TELL)
    if text.looks_like_json(start) and readers.json is not None:
        return readers.json, *_stage_json(connection, readers.json, config, log, blocks)
    line, rest = staging.read_header(lines.with_line_feeds(blocks, log.file_name), log.file_name)
    header = staging.match_header(line, config.delimiter, readers.csv.LAYOUT.columns, log.file_name)
    if readers.csv.LAYOUT.missing(header.columns):
        raise wrong_feed.refusal(connection, readers.csv.LAYOUT, header, config.delimiter, log.file_name)
    staging.create(connection, header, readers.csv.LAYOUT.columns)
    total = staging.copy_records(connection, header, config.delimiter, rest)
    if "line" in header.columns or rule_files.is_ours(connection, config, log.file_name):
        staging.arm(connection, header.columns)
    data_manager.note_header(connection, log, header.fields)
    return readers.csv, header, total


def _stage_json(
    connection: Connection, feed: JsonFeed, config: Config, log: Log, blocks: Iterator[bytes]
) -> tuple[Header, int]:
    header = Header(tuple((column, column) for column in (*feed.STAGED, "line")))
    staging.create(connection, header, feed.LAYOUT.columns)
    rows: Iterator[tuple[JsonRow | None, Record]] = (
        (row, record)
        for record in json_records.records(blocks, log.file_name)
        for row in ([None] if record.malformed else feed.rows(record.value, config))
    )
    return header, staging.copy_rows(connection, header, rows)


def _moment(config: Config, log: Log) -> SnapshotTime:
    now = datetime.now(UTC)
    if config.event_time == "ARRIVAL":
        return SnapshotTime(now, "arrival, as configured")
    return snapshot_time.of_file(log.file_name, log.file_modified_at, config.snapshot_offset, config.zone(), now)


def _read_whole(sftp: paramiko.SFTPClient, log: Log, content: Fingerprint) -> Generator[bytes, None, None]:
    """Read a file from its first byte to its last, and make sure that the last was really the last."""
    path = log.remote_file_path
    read = 0
    with closing(remote.read_blocks(sftp, path, log.file_size)) as blocks:
        for block in blocks:
            content.feed(block)
            if read // PROGRESS_EVERY != (read := read + len(block)) // PROGRESS_EVERY:
                logger.info("%s: %s of %s bytes read", log.file_name, f"{read:,}", f"{log.file_size:,}")
            yield block
    size = remote.size_of(sftp, path)
    if read != log.file_size or size != log.file_size:
        raise FileStillGrowing(
            f"{log.file_name}: {log.file_size:,} bytes when it was taken, {size:,} now, {read:,} read: somebody is"
            " still writing it. Nothing of it was applied, the next run reads it again"
        )


def file_away(connection: Connection, sftp: paramiko.SFTPClient, config: Config) -> None:
    """Move files that are done with to `archive/` or `failed/`, and write their reject files to `error/`.

    Raises:
        NotFiledAway: The server refused. What the file has brought stays applied.
        paramiko.SSHException, OSError, EOFError: The connection was lost. The next run goes on with it.
    """
    for log in data_manager.to_file_away(connection, config):
        try:
            _file_away(connection, sftp, config, log)
        except OSError as trouble:
            if remote.is_lost(sftp, trouble):
                raise
            raise NotFiledAway(
                f"{log.file_name} (log {log.data_manager_log_id}) is {log.status_id}, but could not be moved out of"
                f" {log.import_path}/processing, or its reject file not be written: {trouble!r}. Let the server's"
                f" operator look at disk and permissions of archive, failed and error in {log.import_path}; the next"
                " run goes on with it, and applies nothing twice"
            ) from trouble


def _file_away(connection: Connection, sftp: paramiko.SFTPClient, config: Config, log: Log) -> None:
    error_file = rejects.write_reject_file(connection, sftp, config, log) if log.failed_record_count else None
    folder = "archive" if log.status_id.startswith("FINISHED") else "failed"
    target = f"{log.import_path}/{folder}/{log.data_manager_log_id}-{log.file_name}"
    if remote.exists(sftp, log.remote_file_path):
        remote.move(sftp, log.remote_file_path, target)
    data_manager.filed_away(connection, log, target, error_file)
