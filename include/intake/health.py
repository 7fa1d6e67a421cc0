"""What is wrong with the files: feeds gone quiet, files that wait or failed, files where none belong.

The files' half of the seed page Inventory Synchronization Errors (scenarios 1 and 2). Every finding is one line that
says where and what, and what to do next.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from posixpath import dirname
from typing import TypeVar

import paramiko

from include.db.connection import Connection
from include.db.sql import statement
from include.intake import cut_files, data_manager, names, remote, wrong_feed
from include.intake.data_manager import Config
from include.intake.feeds import SERVICES
from include.intake.remote import RemoteFile

T = TypeVar("T")

LONGEST_WAIT = timedelta(hours=1)
"""How long a file may wait to be processed, or for the other parts of a cut file."""

FAILED_LATELY = timedelta(hours=24)
"""How long a failed file is reported."""

MOST_NAMED = 20
"""Findings of one kind that are named; of the others there is the count."""

START = 4096
"""Bytes of a misplaced file that are looked at."""


def servers(connection: Connection) -> list[str]:
    """The Airflow connections of the SFTP servers that the feeds are on."""
    return sorted({feed.property_resource for feed in data_manager.configs(connection)})


def look_at_queue(connection: Connection) -> list[str]:
    """Find what the data manager's log tells: feeds gone quiet, files that wait too long, files that failed.

    Args:
        connection: Trueup's database.
    """
    now = datetime.now(UTC)
    quiet = connection.execute(statement(__file__, "find_quiet_feeds")).fetchall()
    waiting = connection.execute(statement(__file__, "find_waiting_files"), {"before": now - LONGEST_WAIT}).fetchall()
    failed = connection.execute(statement(__file__, "find_failed_files"), {"since": now - FAILED_LATELY}).fetchall()
    return [
        *_some(quiet, lambda row: _quiet(*row)),
        *_some(waiting, lambda row: _waiting(*row)),
        *_some(failed, lambda row: _failed(*row)),
    ]


def _quiet(config_id: str, folder: str, quiet_after: timedelta, last: datetime | None) -> str:
    came = "no file has ever come" if last is None else f"no file has come since {last:%Y-%m-%d %H:%M} UTC"
    return (
        f"{config_id}: {came}, expected one at least every {quiet_after} (quiet_after). Check the export and its upload"
        f" to {folder}"
    )


def _waiting(log_id: int, config_id: str, name: str, status: str, since: datetime, message: str | None) -> str:
    dag = "the import DAG of the feed" if status == "CLAIMED" else "process_bulk_imported_files"
    return (
        f"{name} (log {log_id}, {config_id}) has been {status} since {since:%Y-%m-%d %H:%M} UTC"
        f"{f' ({message})' if message else ''}. See the latest run of {dag}"
    )


def _failed(log_id: int, config_id: str, name: str, status: str, message: str | None) -> str:
    return (
        f"{name} (log {log_id}, {config_id}) {status}: {message}. Then upload it again, or run manage_imported_file"
        f" with dataManagerLogId {log_id} and action retry_file"
    )


def look_at_server(connection: Connection, sftp: paramiko.SFTPClient, property_resource: str) -> list[str]:
    """Find what lies on a server: parts of cut files whose others do not come, and files where none belong.

    Files do not belong into the folder that a login starts in, nor into the folder above a feed's; and into a feed's
    only under names that its pattern matches.

    Args:
        connection: Trueup's database.
        sftp: The server.
        property_resource: Its Airflow connection.
    """
    feeds = [feed for feed in data_manager.configs(connection) if feed.property_resource == property_resource]
    own = {feed.import_path for feed in feeds}
    above = {dirname(folder) or "." for folder in own} | {"."}
    found: list[str] = []
    for folder in sorted(own):
        files = _files(sftp, folder)
        if files is None:
            found.append(
                f"SFTP folder {folder!r} on {property_resource} is not there, or may not be listed: make it, or correct"
                " import_path in data_manager_config"
            )
            continue
        here = [feed for feed in feeds if feed.import_path == folder]
        found += _some(_incomplete(connection, here, files), str)
        patterns = " and ".join(f"{feed.file_name_pattern} of {feed.config_id}" for feed in here)
        why = f"is not taken: its name does not match {patterns}"
        found += _misplaced(connection, sftp, folder, _strangers(here, files), f"on {property_resource} {why}")
    for folder in sorted(above - own):
        files = [file for file in _files(sftp, folder) or [] if not names.is_unfinished(file.name)]
        found += _misplaced(connection, sftp, folder, files, f"on {property_resource} lies where no feed looks")
    return found


def _incomplete(connection: Connection, feeds: list[Config], files: list[RemoteFile]) -> Iterator[str]:
    before = datetime.now(UTC) - LONGEST_WAIT
    for feed in feeds:
        mine = set(names.takeable(feed.file_name_pattern, feed.arrival, [file.name for file in files]))
        _, missing = cut_files.complete(connection, feed, [file for file in files if file.name in mine])
        yield from (f"{feed.import_path}: {each} ({feed.config_id})" for each in missing if each.since < before)


def _strangers(feeds: list[Config], files: list[RemoteFile]) -> list[RemoteFile]:
    """The files in a folder that belong to none of the feeds that have it."""
    present = [file.name for file in files]
    vouching = set().union(*(names.markers(feed.arrival, present) for feed in feeds))
    return [
        file
        for file in files
        if file.name not in vouching
        and not names.is_unfinished(file.name)
        and not any(names.matches(feed.file_name_pattern, file.name) for feed in feeds)
    ]


def _misplaced(
    connection: Connection, sftp: paramiko.SFTPClient, folder: str, files: list[RemoteFile], why: str
) -> list[str]:
    def describe(file: RemoteFile) -> str:
        return f"{folder}/{file.name} {why}. {_advice(connection, sftp, folder, file)}"

    return _some(files, describe)


def _advice(connection: Connection, sftp: paramiko.SFTPClient, folder: str, file: RemoteFile) -> str:
    """Where a misplaced file belongs, by its content."""
    try:
        with sftp.open(f"{folder}/{file.name}", "rb") as opened:
            start = _text(opened.read(START)).lstrip()
    except (FileNotFoundError, PermissionError) as error:
        return f"It cannot be read ({error}): move it away, or to the feed that it belongs to"
    if start.startswith(("[", "{")):
        feeds = [
            feed
            for feed in data_manager.configs(connection)
            if (service := SERVICES.get(feed.import_service_name)) is not None and service.json is not None
        ]
    else:
        feeds = wrong_feed.likely_feeds(connection, start.partition("\n")[0].rstrip("\r").encode())
    if not feeds:
        return "Its content fits no feed: move it away, or to the feed that it belongs to"
    if [feed.import_path for feed in feeds] == [folder]:
        return f"It looks like a file of {feeds[0].config_id}: rename it"
    return f"It looks like a file of {wrong_feed.folders(feeds)}: move it there"


def _text(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return start.decode("utf-16", errors="replace")
    return start.decode("utf-8-sig", errors="replace")


def _files(sftp: paramiko.SFTPClient, folder: str) -> list[RemoteFile] | None:
    try:
        return remote.list_files(sftp, folder)
    except (FileNotFoundError, PermissionError):
        return None


def _some(items: Iterable[T], describe: Callable[[T], str]) -> list[str]:
    """Describe the first findings of a kind, and say how many more there are."""
    found = list(items)
    described = [describe(item) for item in found[:MOST_NAMED]]
    return [*described, f"and {len(found) - MOST_NAMED:,} more like these"] if found[MOST_NAMED:] else described
