"""The data manager's log: one row per file, and the statuses it goes through.

CLAIMED -> PENDING -> RUNNING -> FINISHED | FINISHED_WITH_ERRORS | FAILED | CRASHED
              +-> CANCELLED
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.intake.remote import RemoteFile
from include.intake.snapshot_time import SnapshotTime

MOST_ATTEMPTS = 3
"""Times that a file may take its worker down before it is put aside as CRASHED."""


@dataclass(frozen=True, slots=True)
class Config:
    """How one feed is read: a row of data_manager_config, whose column comments say what each setting means.

    `property_resource` is the Airflow connection of the SFTP server on which the feed is being looked at just now.
    """

    config_id: str
    import_service_name: str
    property_resource: str
    import_path: str
    file_name_pattern: str
    delimiter: str
    encoding: str
    default_id_type: str
    arrival: str
    set_pattern: str | None
    event_time: str
    snapshot_offset: timedelta
    time_zone: str
    day_first: bool
    error_policy: str
    quiet_after: timedelta | None
    notify_on_failure: bool
    reset_by: str
    reason_enum_id: str
    below_zero: str
    keeps_comments: bool
    is_told_to_erp: bool
    is_of_erp: bool

    def zone(self) -> ZoneInfo:
        """The time zone of dates and times that name none.

        Raises:
            ConfigInvalid: There is no such zone.
        """
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigInvalid(
                f"data_manager_config {self.config_id}: time_zone {self.time_zone!r} is not known; expected a name such"
                " as 'UTC' or 'America/New_York'"
            ) from error


@dataclass(frozen=True, slots=True)
class Log:
    """One file in the data manager's hands."""

    data_manager_log_id: int
    config_id: str
    status_id: str
    property_resource: str
    import_path: str
    source_path: str
    file_name: str
    remote_file_path: str
    file_size: int
    file_modified_at: datetime
    set_name: str | None
    parent_log_id: int | None
    created_at: datetime
    as_of: datetime | None
    failed_record_count: int | None
    error_file_path: str | None
    message: str | None
    attempts: int
    filed_away: bool


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


class ConfigInvalid(NeedsAction):
    """A data manager configuration says something that cannot be."""


class LogNotInState(NeedsAction):
    """What was asked of a file cannot be done with it in its present state."""


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


def read_log(connection: Connection, data_manager_log_id: int) -> Log:
    """Read one file's log.

    Raises:
        LogNotInState: There is none with this id.
    """
    found = _all(connection, "select_log", {"data_manager_log_id": data_manager_log_id})
    if not found:
        raise LogNotInState(f"data_manager_log_id {data_manager_log_id}: no such file in the data manager's log")
    return found[0]


def with_open_files(connection: Connection) -> list[Config]:
    """The feeds that have files to process or to file away, once per SFTP server, the most urgent first."""
    places = connection.execute(
        b"SELECT DISTINCT config_id, property_resource FROM data_manager_log"
        b" WHERE NOT filed_away AND status_id <> 'CLAIMED' ORDER BY property_resource"
    ).fetchall()
    return [
        replace(each, property_resource=server)
        for each in configs(connection)
        for config_id, server in places
        if config_id == each.config_id
    ]


def claim(
    connection: Connection,
    config: Config,
    file: RemoteFile,
    source_path: str,
    set_name: str | None = None,
    parent_log_id: int | None = None,
) -> Log:
    """Note that a file is being taken, before it is moved, and where it will lie while it waits.

    Args:
        connection: Trueup's database.
        config: The feed.
        file: The file under the name, size and time that it is to be known by.
        source_path: Where it lies now.
        set_name: The cut file that it is a part of.
        parent_log_id: The file that it tries again.
    """
    return _one(
        connection,
        "claim_file",
        {
            "config_id": config.config_id,
            "property_resource": config.property_resource,
            "import_path": config.import_path,
            "source_path": source_path,
            "file_name": file.name,
            "file_size": file.size,
            "file_modified_at": file.modified_at,
            "set_name": set_name,
            "parent_log_id": parent_log_id,
        },
    )


def claimed(connection: Connection, config: Config) -> list[Log]:
    """Files noted as taken whose move is not known to have happened: a process died in between."""
    return _all(connection, "select_claimed", _feed(config))


def was_taken(connection: Connection, config: Config, file_name: str) -> bool:
    """Tell whether a file of this name has ever been taken from a feed's folder, whatever became of it."""
    return (
        connection.execute(
            b"SELECT FROM data_manager_log WHERE config_id = %s AND property_resource = %s AND file_name = %s LIMIT 1",
            [config.config_id, config.property_resource, file_name],
        ).fetchone()
        is not None
    )


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


def give_up_crashed(connection: Connection, config: Config) -> list[Log]:
    """Put aside as CRASHED what has taken its worker down `MOST_ATTEMPTS` times. The caller holds the feed's lock."""
    return _all(connection, "give_up_crashed", _feed(config) | {"most": MOST_ATTEMPTS})


def start_next(connection: Connection, config: Config) -> Log | None:
    """Take the oldest waiting file of a feed, first in, first out. The caller holds the feed's lock.

    A file found RUNNING was left by a process that died: it is taken again.
    """
    found = _all(connection, "start_next", _feed(config))
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
    status_id: str,
    sha256: str,
    moment: SnapshotTime,
    counts: Counts,
    message: str,
    duplicate_of_log_id: int | None,
) -> None:
    """Note the outcome of a file, in the transaction that applied it."""
    connection.execute(statement(__file__, "finish"), {
        "data_manager_log_id": log.data_manager_log_id, "status_id": status_id, "file_sha256": sha256,
        "message": message or None, "duplicate_of_log_id": duplicate_of_log_id,
        "as_of": moment.as_of, "as_of_source": moment.source,
        "total": counts.total, "changed": counts.changed, "unchanged": counts.unchanged,
        "superseded": counts.superseded, "failed": counts.failed,
    })  # fmt: skip


def note_header(connection: Connection, log: Log, fields: tuple[tuple[str, str], ...]) -> None:
    """Note the header of a CSV file as written, with the staging column of each field, for its reject file."""
    connection.execute(
        b"UPDATE data_manager_log SET file_header = %s WHERE data_manager_log_id = %s",
        [Jsonb(fields), log.data_manager_log_id],
    )


def fail(connection: Connection, log: Log, message: str) -> None:
    """Note that the file as a whole was refused."""
    connection.execute(
        b"UPDATE data_manager_log SET status_id = 'FAILED', message = %s, finished_at = now()"
        b" WHERE data_manager_log_id = %s",
        [message, log.data_manager_log_id],
    )


def cancel(connection: Connection, data_manager_log_id: int) -> None:
    """Take a waiting file out of the queue. It is moved to the failed folder and can be retried from there.

    Raises:
        LogNotInState: It does not wait: being processed already, or done with.
    """
    cancelled = connection.execute(
        b"UPDATE data_manager_log SET status_id = 'CANCELLED', finished_at = now(),"
        b" message = 'cancelled while it waited; nothing of it was applied'"
        b" WHERE data_manager_log_id = %s AND status_id = 'PENDING'",
        [data_manager_log_id],
    ).rowcount
    if not cancelled:
        found = read_log(connection, data_manager_log_id)
        raise LogNotInState(
            f"{found.file_name} (log {data_manager_log_id}) is {found.status_id}; only a file that is PENDING can be"
            " cancelled"
        )


def to_file_away(connection: Connection, config: Config) -> list[Log]:
    """Files that are done with, but not yet in their last folder."""
    return _all(connection, "select_to_file_away", _feed(config))


def filed_away(connection: Connection, log: Log, path: str, error_file: str | None) -> None:
    """Note where the file and its error file have been put for good."""
    connection.execute(
        b"UPDATE data_manager_log SET filed_away = TRUE, remote_file_path = %s, error_file_path = %s"
        b" WHERE data_manager_log_id = %s",
        [path, error_file, log.data_manager_log_id],
    )


def _feed(config: Config) -> dict[str, object]:
    return {"config_id": config.config_id, "property_resource": config.property_resource}


def _one(connection: Connection, name: str, parameters: dict[str, object]) -> Log:
    (log,) = _all(connection, name, parameters)
    return log


def _all(connection: Connection, name: str, parameters: dict[str, object]) -> list[Log]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement(__file__, name), parameters).fetchall()
    return [Log(**{each.name: row[each.name] for each in fields(Log)}) for row in rows]
