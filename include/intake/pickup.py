"""Takes whole files off the drop folder: waits until they are whole, notes them in the log, then moves them away.

NetSuite writes straight to the final name, so a file may still be growing when it is first seen. What tells that it is
whole is the feed's setting `arrival`: two looks some seconds apart that find the same size and time, a rename at the
end of the upload, or a `.done` file beside it. Taking is a rename on the server into `processing/`, noted before it is
done, so a process may die at any point and the next run picks up where it stopped.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import paramiko

from include.db.connection import Connection, exclusive
from include.errors import NeedsAction
from include.intake import cut_files, data_manager, names, remote
from include.intake.data_manager import Config, Log
from include.intake.remote import RemoteFile

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settling:
    """How long a file must hold still: seconds between two looks, and seconds after which growing files are left."""

    pause: float = 5.0
    patience: float = 300.0


class FolderUnusable(NeedsAction):
    """The drop folder is not there, or cannot be listed."""

    @classmethod
    def missing(cls, config_id: str, folder: str, login_folder: str) -> "FolderUnusable":
        """There is no such folder below the one that the login starts in."""
        return cls(
            f"SFTP folder {folder!r} of {config_id} is not there (looked from {login_folder!r}); make it, or correct"
            " import_path in data_manager_config"
        )

    @classmethod
    def forbidden(cls, config_id: str, folder: str) -> "FolderUnusable":
        """The server does not let this login see what is in it."""
        return cls(
            f"SFTP folder {folder!r} of {config_id} may not be listed with this login; let the server's operator permit"
            " reading, renaming and writing in it"
        )


@dataclass(slots=True)
class Pickup:
    """What one visit to the drop folder brought.

    Attributes:
        taken: Files that now wait in the queue.
        still_growing: Names that were left because they did not hold still.
        incomplete: Cut files that were left, and what is missing of each.
        refused: Names that are no names.
        strangers: Names that do not belong to the feed.
    """

    taken: list[Log] = field(default_factory=list)
    still_growing: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def take_whole_files(
    connection: Connection,
    sftp: paramiko.SFTPClient,
    config: Config,
    settling: Settling,
    sleep: Callable[[float], None] = time.sleep,
) -> Pickup:
    """Take every file of a feed that is whole, and leave it PENDING in the data manager's log.

    Args:
        connection: Trueup's database.
        sftp: The server with the drop folder.
        config: Which folder, which names, and when a file is whole.
        settling: When a file has come to rest.
        sleep: How to wait; replaced in tests.

    Raises:
        LockedElsewhere: Another pickup of this feed is under way.
        FolderUnusable: The drop folder is not there, or cannot be listed.
    """
    with exclusive(connection, f"pickup of {config.config_id}"):
        pickup = Pickup(taken=_finish_claims(connection, sftp, config))
        until = time.monotonic() + settling.patience
        before: dict[str, RemoteFile] = {}
        while now := _look(sftp, config, pickup):
            whole = [file for name, file in now.items() if config.arrival != "STABLE" or before.get(name) == file]
            pickup.incomplete = _take_complete(connection, sftp, config, whole, pickup)
            pickup.still_growing = sorted(now.keys() - {file.name for file in whole})
            if not (left := pickup.still_growing + pickup.incomplete):
                break
            if before and time.monotonic() > until:
                logger.warning("%s: left for the next run: %s", config.import_path, left)
                break
            before = now
            sleep(settling.pause)
    return pickup


def forecast(connection: Connection, sftp: paramiko.SFTPClient, config: Config) -> list[str]:
    """Tell what would be taken now, without taking it, and what is the matter with the other files; a line each.

    Args:
        connection: Trueup's database.
        sftp: The server with the drop folder.
        config: The feed.

    Raises:
        FolderUnusable: The drop folder is not there, or cannot be listed.
    """
    pickup = Pickup()
    files = list(_look(sftp, config, pickup).values())
    complete, incomplete = cut_files.complete(connection, config, files)
    return [
        *(f"{log.file_name}: noted as log {log.data_manager_log_id} before; taking it would be finished"
          for log in data_manager.claimed(connection, config)),
        *(f"{part.file.name}: {part.file.size:,} bytes; would be taken once it is whole" for part in complete),
        *map(str, incomplete),
        *(f"{name}: not a file of {config.config_id}; would be left alone" for name in pickup.strangers),
        *(f"{name}: no file name; would be left alone until it is renamed" for name in pickup.refused),
    ]  # fmt: skip


def matches(config: Config, name: str) -> bool:
    """Tell whether a file name belongs to a feed, in any case."""
    return names.matches(config.file_name_pattern, name)


def take(
    connection: Connection,
    sftp: paramiko.SFTPClient,
    config: Config,
    file: RemoteFile,
    source_path: str,
    set_name: str | None = None,
    parent_log_id: int | None = None,
) -> Log:
    """Take one whole file into the queue: noted, moved, and noted as moved.

    Args:
        connection: Trueup's database.
        sftp: The server.
        config: The feed.
        file: The file under the name, size and time that it is to be known by.
        source_path: Where it lies.
        set_name: The cut file that it is a part of.
        parent_log_id: The file that it tries again.
    """
    log = data_manager.claim(connection, config, file, source_path, set_name, parent_log_id)
    marker = f"{source_path}{names.DONE}"
    if config.arrival == "DONE_FILE" and remote.exists(sftp, marker):
        sftp.remove(marker)  # before the move: a marker left behind would vouch for the next file of this name
    remote.move(sftp, source_path, log.remote_file_path)
    data_manager.set_pending(connection, log)
    logger.info("took %s (%s bytes) as log %s", file.name, f"{file.size:,}", log.data_manager_log_id)
    return log


def _look(sftp: paramiko.SFTPClient, config: Config, pickup: Pickup) -> dict[str, RemoteFile]:
    """The feed's files that may be taken, by name; what is wrong with the others goes into `pickup`."""
    files = {file.name: file for file in _list(sftp, config)}
    for name in sorted(files.keys() - names.markers(config.arrival, files)):
        if names.is_unfinished(name):
            continue
        if not matches(config, name):
            _note(pickup.strangers, f"{config.import_path}: not a file of {config.config_id}, left alone: %s", name)
        elif not names.is_decent(name):
            _note(pickup.refused, f"{config.import_path}: file name refused, rename the file: %s", repr(name))
    return {name: files[name] for name in names.takeable(config.file_name_pattern, config.arrival, files)}


def _list(sftp: paramiko.SFTPClient, config: Config) -> list[RemoteFile]:
    try:
        return remote.list_files(sftp, config.import_path)
    except UnicodeDecodeError as error:
        raise FolderUnusable(
            f"SFTP folder {config.import_path!r} of {config.config_id}: a file name is not UTF-8 ({error}); rename it"
        ) from error
    except FileNotFoundError as error:
        raise FolderUnusable.missing(config.config_id, config.import_path, sftp.normalize(".")) from error
    except PermissionError as error:
        raise FolderUnusable.forbidden(config.config_id, config.import_path) from error


def _note(noted: list[str], warning: str, name: str) -> None:
    if name not in noted:
        noted.append(name)
        logger.warning(warning, name)


def _take_complete(
    connection: Connection, sftp: paramiko.SFTPClient, config: Config, whole: list[RemoteFile], pickup: Pickup
) -> list[str]:
    """Take what needs to wait for nothing else; returns what is missing of cut files."""
    complete, incomplete = cut_files.complete(connection, config, whole)
    for part in complete:
        source = f"{config.import_path}/{part.file.name}"
        file = replace(part.file, modified_at=part.modified_at)
        pickup.taken.append(take(connection, sftp, config, file, source, part.set_name))
    return [str(each) for each in incomplete]


def _finish_claims(connection: Connection, sftp: paramiko.SFTPClient, config: Config) -> list[Log]:
    """Complete what a process that died had begun to take."""
    finished: list[Log] = []
    for log in data_manager.claimed(connection, config):
        if not remote.exists(sftp, log.remote_file_path):
            if not remote.exists(sftp, log.source_path) or remote.size_of(sftp, log.source_path) != log.file_size:
                data_manager.withdraw_claim(connection, log)
                continue
            remote.move(sftp, log.source_path, log.remote_file_path)
        data_manager.set_pending(connection, log)
        finished.append(log)
    return finished
