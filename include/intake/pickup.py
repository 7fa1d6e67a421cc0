"""Takes whole files off the drop folder: looks twice, notes the file in the log, then moves it out of the way.

NetSuite writes straight to the final name, so a file may still be growing when it is first seen. It is taken once two
looks some seconds apart find the same size and time. Taking is a rename on the server into `processing/`, noted
before it is done, so a process may die at any point and the next run picks up where it stopped.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import paramiko

from include.db.connection import Connection, exclusive
from include.errors import NeedsAction
from include.intake import data_manager, remote
from include.intake.data_manager import Config, Log
from include.intake.remote import RemoteFile

logger = logging.getLogger(__name__)

LONGEST_NAME = 160
"""Bytes of a file name. What we put in front of it and behind it has to fit into the 255 of most file systems."""


@dataclass(frozen=True, slots=True)
class Settling:
    """How long a file must hold still: seconds between two looks, and seconds after which growing files are left."""

    pause: float = 5.0
    patience: float = 300.0


class FolderUnusable(NeedsAction):
    """The drop folder is not there, or cannot be listed."""


@dataclass(slots=True)
class Pickup:
    """What one visit to the drop folder brought."""

    taken: list[Log] = field(default_factory=list)
    still_growing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def take_whole_files(
    connection: Connection,
    sftp: paramiko.SFTPClient,
    feed: Config,
    settling: Settling,
    sleep: Callable[[float], None] = time.sleep,
) -> Pickup:
    """Take every file of a feed that has come to rest, and leave it PENDING in the data manager's log.

    Args:
        connection: Trueup's database.
        sftp: The server with the drop folder.
        feed: Which folder and which names.
        settling: When a file counts as whole.
        sleep: How to wait; replaced in tests.

    Raises:
        LockedElsewhere: Another pickup of this feed is under way.
        FolderUnusable: The drop folder is not there, or cannot be listed.
    """
    with exclusive(connection, f"pickup of {feed.config_id}"):
        pickup = Pickup(taken=_finish_claims(connection, sftp, feed))
        until = time.monotonic() + settling.patience
        before: dict[str, RemoteFile] = _look(sftp, feed, pickup)
        while before:
            sleep(settling.pause)
            now = _look(sftp, feed, pickup)
            for file in [file for name, file in now.items() if before.get(name) == file]:
                pickup.taken.append(_take(connection, sftp, feed, file))
                del now[file.name]
            if now and time.monotonic() > until:
                pickup.still_growing = sorted(now)
                logger.warning("%s: still growing, left for the next run: %s", feed.import_path, sorted(now))
                break
            before = now
    return pickup


def _look(sftp: paramiko.SFTPClient, feed: Config, pickup: Pickup) -> dict[str, RemoteFile]:
    try:
        files = remote.list_files(sftp, feed.import_path)
    except UnicodeDecodeError as error:
        raise FolderUnusable(
            f"SFTP folder {feed.import_path!r} of {feed.config_id}: a file name is not UTF-8 ({error}); rename it"
        ) from error
    except FileNotFoundError as error:
        raise FolderUnusable(
            f"SFTP folder {feed.import_path!r} of {feed.config_id} is not there (looked from {sftp.normalize('.')!r});"
            " make it, or correct import_path in data_manager_config"
        ) from error
    matching = [file for file in files if fnmatchcase(file.name.lower(), feed.file_name_pattern.lower())]
    crooked = [file.name for file in matching if not _is_decent(file.name)]
    for name in crooked:
        if repr(name) not in pickup.refused:
            pickup.refused.append(repr(name))
            logger.warning("%s: file name refused, rename the file: %r", feed.import_path, name)
    return {file.name: file for file in matching if file.name not in crooked}


def _is_decent(name: str) -> bool:
    """NetSuite's names hold spaces, colons and brackets; a path or a control character is no name."""
    return name.isprintable() and "/" not in name and "\\" not in name and len(name.encode()) <= LONGEST_NAME


def _take(connection: Connection, sftp: paramiko.SFTPClient, feed: Config, file: RemoteFile) -> Log:
    log = data_manager.claim(connection, feed, file)
    remote.move(sftp, f"{feed.import_path}/{file.name}", log.remote_file_path)
    data_manager.set_pending(connection, log)
    logger.info("took %s (%s bytes) as log %s", file.name, f"{file.size:,}", log.data_manager_log_id)
    return log


def _finish_claims(connection: Connection, sftp: paramiko.SFTPClient, feed: Config) -> list[Log]:
    """Complete what a process that died had begun to take."""
    finished: list[Log] = []
    for log in data_manager.claimed(connection, feed):
        source = f"{log.import_path}/{log.file_name}"
        if not remote.exists(sftp, log.remote_file_path):
            if not remote.exists(sftp, source) or remote.size_of(sftp, source) != log.file_size:
                data_manager.withdraw_claim(connection, log)
                continue
            remote.move(sftp, source, log.remote_file_path)
        data_manager.set_pending(connection, log)
        finished.append(log)
    return finished
