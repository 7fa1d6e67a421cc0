"""Files on the SFTP server: listing, reading in blocks, moving, writing. Paramiko does the talking."""

import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from posixpath import dirname

import paramiko

from include.intake.errors import NotWritten

BLOCK = 32 * 1024
"""Bytes per read request: what every SFTP server grants."""

WINDOW = 16 << 20
"""Bytes requested ahead of the reader: enough to keep the wire busy, and the bound on memory."""

SECONDS_TO_ANSWER = 60.0
"""How long the server may be silent while an answer is due. Paramiko by itself waits for ever."""

TROUBLE = (paramiko.SSHException, EOFError, OSError)
"""What a lost or refused connection raises. Worth another try."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the server lists it. `modified_at` is by the server's clock, to the second."""

    name: str
    size: int
    modified_at: datetime


def limit_waiting(sftp: paramiko.SFTPClient, seconds: float = SECONDS_TO_ANSWER) -> None:
    """Let a connection fail with a TimeoutError, which is an OSError, when the server falls silent.

    Args:
        sftp: An open connection.
        seconds: How long it may be silent.
    """
    channel = sftp.get_channel()
    assert channel is not None
    channel.settimeout(seconds)


def is_lost(sftp: paramiko.SFTPClient, trouble: BaseException) -> bool:
    """Tell a connection that was lost, or a server that fell silent, from a server that refused what was asked of it.

    Args:
        sftp: The connection.
        trouble: One of `TROUBLE` that was raised while it was used.
    """
    if isinstance(trouble, paramiko.SSHException | EOFError | TimeoutError | ConnectionError):
        return True
    if isinstance(trouble, OSError) and trouble.errno is not None:  # the server's answer, such as "no such file"
        return False
    channel = sftp.get_channel()
    return channel is None or channel.closed or not channel.get_transport().is_active()


def list_files(sftp: paramiko.SFTPClient, folder: str) -> list[RemoteFile]:
    """List the plain files of a folder, by name."""
    return [
        RemoteFile(entry.filename, entry.st_size or 0, datetime.fromtimestamp(entry.st_mtime or 0, UTC))
        for entry in sorted(sftp.listdir_attr(folder), key=lambda entry: entry.filename)
        if stat.S_ISREG(entry.st_mode or 0)
    ]


def exists(sftp: paramiko.SFTPClient, path: str) -> bool:
    """Tell whether a path is there."""
    try:
        sftp.stat(path)
    except FileNotFoundError:
        return False
    return True


def read_blocks(sftp: paramiko.SFTPClient, path: str, size: int) -> Generator[bytes, None, None]:
    """Read the first `size` bytes of a file, with many requests under way at a time.

    Whoever stops reading before the end closes the generator, and with it the file.

    Yields:
        Blocks in order. Fewer bytes than asked for come where the file has become shorter.
    """
    with sftp.open(path, "rb") as file:
        for start in range(0, size, WINDOW):
            end = min(start + WINDOW, size)
            yield from file.readv([(at, min(BLOCK, end - at)) for at in range(start, end, BLOCK)])


def size_of(sftp: paramiko.SFTPClient, path: str) -> int:
    """The present size of a file in bytes."""
    return sftp.stat(path).st_size or 0


def move(sftp: paramiko.SFTPClient, source: str, target: str) -> None:
    """Rename a file in one step, making the target's folder if need be.

    Raises:
        NotWritten: The server refused. The file lies where it lay.
    """
    make_folder(sftp, dirname(target))
    with _naming(sftp, target):
        sftp.posix_rename(source, target)


def write(sftp: paramiko.SFTPClient, path: str, blocks: Iterator[bytes]) -> None:
    """Write a file so that nobody ever sees half of it: under another name first, then renamed.

    Raises:
        NotWritten: The server refused, or not all of it has arrived: what has arrived is removed, so that it takes up
            no room where there is none.
    """
    make_folder(sftp, dirname(path))
    unfinished = f"{path}.part"
    with _naming(sftp, unfinished):
        try:
            _write(sftp, unfinished, blocks)
        except OSError as refusal:
            if not is_lost(sftp, refusal):
                with suppress(*TROUBLE):
                    sftp.remove(unfinished)
            raise
    with _naming(sftp, path):
        sftp.posix_rename(unfinished, path)


def _write(sftp: paramiko.SFTPClient, path: str, blocks: Iterator[bytes]) -> None:
    with sftp.open(path, "wb") as file:
        file.set_pipelined(True)
        written = 0
        for block in blocks:
            file.write(block)
            written += len(block)
    # Paramiko throws the answers to pipelined writes away, and with them that a disk is full.
    if (arrived := size_of(sftp, path)) != written:
        raise OSError(f"{arrived:,} of {written:,} bytes could be written")


def make_folder(sftp: paramiko.SFTPClient, folder: str) -> None:
    """Make a folder and those above it where they are missing.

    Raises:
        NotWritten: The server refused.
    """
    if not folder or exists(sftp, folder):
        return
    make_folder(sftp, dirname(folder))
    with _naming(sftp, folder):
        try:
            sftp.mkdir(folder)
        except OSError:
            if not exists(sftp, folder):  # somebody else may have made it just now
                raise


@contextmanager
def _naming(sftp: paramiko.SFTPClient, path: str) -> Iterator[None]:
    """Say where, and whom to ask, if the server refuses: its own words are no more than "Failure" for a full disk."""
    try:
        yield
    except OSError as refusal:
        if is_lost(sftp, refusal) or isinstance(refusal, FileNotFoundError):
            raise
        raise NotWritten(
            f"{path}: {refusal}; let the server's operator look at its disk, quota and permissions"
        ) from refusal
