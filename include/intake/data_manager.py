"""The data manager's log: one row per file, and the statuses it goes through.

CLAIMED -> PENDING -> RUNNING -> FINISHED | FINISHED_WITH_ERRORS | FAILED | CRASHED
              +-> CANCELLED
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from psycopg.rows import class_row, dict_row

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.intake.remote import RemoteFile
from include.intake.snapshot_time import SnapshotTime

MOST_ATTEMPTS = 3
"""Times that a file may take its worker down before it is put aside as CRASHED."""


@dataclass(frozen=True, slots=True)
class Config:
    """How one feed is read. `import_path` is the folder on the SFTP server, `delimiter` one character."""

    config_id: str
    import_path: str
    file_name_pattern: str
    delimiter: str
    default_id_type: str
    snapshot_offset: timedelta


@dataclass(frozen=True, slots=True)
class Log:
    """One file in the data manager's hands."""

    data_manager_log_id: int
    config_id: str
    status_id: str
    import_path: str
    file_name: str
    remote_file_path: str
    file_size: int
    file_modified_at: datetime
    as_of: datetime | None
    failed_record_count: int | None
    error_file_path: str | None
    message: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a file's records."""

    total: int
    changed: int
    unchanged: int
    superseded: int
    failed: int


class UnknownConfig(NeedsAction):
    """No data manager configuration has this id."""


def config(connection: Connection, config_id: str) -> Config:
    """Read one feed's configuration.

    Raises:
        UnknownConfig: There is none; the message lists those there are.
    """
    found = {each.config_id: each for each in configs(connection)}
    if config_id not in found:
        raise UnknownConfig(f"configId {config_id!r}: no such data manager configuration; there are {sorted(found)}")
    return found[config_id]


def configs(connection: Connection) -> list[Config]:
    """Read all feeds' configurations, those to be processed first at the front."""
    with connection.cursor(row_factory=class_row(Config)) as cursor:
        return cursor.execute(statement(__file__, "select_configs")).fetchall()


def claim(connection: Connection, feed: Config, file: RemoteFile) -> Log:
    """Note that a file is being taken, before it is moved, and where it will lie while it waits."""
    return _one(
        connection,
        "claim_file",
        _columns(feed)
        | {
            "file_name": file.name,
            "file_size": file.size,
            "file_modified_at": file.modified_at,
        },
    )


def claimed(connection: Connection, feed: Config) -> list[Log]:
    """Files noted as taken whose move is not known to have happened: a process died in between."""
    return _all(connection, "select_claimed", _columns(feed))


def set_pending(connection: Connection, log: Log) -> None:
    """The file lies where the log says: it may be processed."""
    connection.execute(
        b"UPDATE data_manager_log SET status_id = 'PENDING' WHERE data_manager_log_id = %s AND status_id = 'CLAIMED'",
        [log.data_manager_log_id],
    )


def withdraw_claim(connection: Connection, log: Log) -> None:
    """The file is gone or has changed since it was noted: whatever lies there now is taken as a file of its own."""
    connection.execute(
        b"UPDATE data_manager_log SET status_id = 'CANCELLED', filed_away = TRUE, finished_at = now(),"
        b" message = 'gone or changed before it could be taken; what lies there now is taken as a new file'"
        b" WHERE data_manager_log_id = %s",
        [log.data_manager_log_id],
    )


def give_up_crashed(connection: Connection, feed: Config) -> list[Log]:
    """Put aside as CRASHED what has taken its worker down `MOST_ATTEMPTS` times. The caller holds the feed's lock."""
    return _all(connection, "give_up_crashed", {"config_id": feed.config_id, "most": MOST_ATTEMPTS})


def start_next(connection: Connection, feed: Config) -> Log | None:
    """Take the oldest waiting file of a feed, first in, first out. The caller holds the feed's lock.

    A file found RUNNING was left by a process that died: it is taken again.
    """
    found = _all(connection, "start_next", {"config_id": feed.config_id})
    return found[0] if found else None


def put_back(connection: Connection, log: Log, message: str, file_size: int | None = None) -> None:
    """The file could not be read this time, through no fault of its own: it waits for the next run.

    Args:
        connection: Trueup's database.
        log: The file.
        message: Why.
        file_size: Its size in bytes where that has turned out to be another than noted.
    """
    connection.execute(
        b"UPDATE data_manager_log SET status_id = 'PENDING', attempts = attempts - 1, message = %s,"
        b" file_size = coalesce(%s, file_size) WHERE data_manager_log_id = %s",
        [message, file_size, log.data_manager_log_id],
    )


def finish(
    connection: Connection,
    log: Log,
    sha256: str,
    snapshot: SnapshotTime,
    counts: Counts,
    message: str | None = None,
) -> None:
    """Note the outcome of a file, in the transaction that applied it."""
    connection.execute(statement(__file__, "finish"), {
        "data_manager_log_id": log.data_manager_log_id, "file_sha256": sha256, "message": message,
        "as_of": snapshot.as_of, "as_of_source": snapshot.source,
        "total": counts.total, "changed": counts.changed, "unchanged": counts.unchanged,
        "superseded": counts.superseded, "failed": counts.failed,
    })  # fmt: skip


def fail(connection: Connection, log: Log, message: str) -> None:
    """Note that the file as a whole was refused."""
    connection.execute(
        b"UPDATE data_manager_log SET status_id = 'FAILED', message = %s, finished_at = now()"
        b" WHERE data_manager_log_id = %s",
        [message, log.data_manager_log_id],
    )


def already_applied(connection: Connection, log: Log, sha256: str, as_of: datetime) -> int | None:
    """The log id under which the very same file, by name, content and moment, was applied before."""
    row = connection.execute(
        b"SELECT min(data_manager_log_id) FROM data_manager_log"
        b" WHERE file_sha256 = %s AND config_id = %s AND file_name = %s AND as_of = %s"
        b" AND status_id IN ('FINISHED', 'FINISHED_WITH_ERRORS')",
        [sha256, log.config_id, log.file_name, as_of],
    ).fetchone()
    assert row is not None
    found: int | None = row[0]
    return found


def to_file_away(connection: Connection, feed: Config) -> list[Log]:
    """Files that are done with, but not yet in their last folder."""
    return _all(connection, "select_to_file_away", {"config_id": feed.config_id})


def filed_away(connection: Connection, log: Log, path: str, error_file: str | None) -> None:
    """Note where the file and its error file have been put for good."""
    connection.execute(
        b"UPDATE data_manager_log SET filed_away = TRUE, remote_file_path = %s, error_file_path = %s"
        b" WHERE data_manager_log_id = %s",
        [path, error_file, log.data_manager_log_id],
    )


def _columns(feed: Config) -> dict[str, object]:
    return {"config_id": feed.config_id, "import_path": feed.import_path}


def _one(connection: Connection, name: str, parameters: dict[str, object]) -> Log:
    (log,) = _all(connection, name, parameters)
    return log


def _all(connection: Connection, name: str, parameters: dict[str, object]) -> list[Log]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement(__file__, name), parameters).fetchall()
    return [Log(**{each.name: row[each.name] for each in fields(Log)}) for row in rows]
