"""The sandbox's SFTP server: key authentication, one user, a root that cannot be left, faults on demand.

The faults are read from a JSON file, a list of objects with the fields of `Fault`. It is read again at each
opening of a file whenever it has changed, so a test may write it at any time; an opened file keeps its fault.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, cast

import asyncssh

from include.sandbox import process

USER = "netsuite"


@dataclass(frozen=True)
class Fault:
    """What goes wrong when a file is read.

    Attributes:
        name: The file's name, or a pattern of names (`*.csv`).
        drop_after: The connection is dropped at the first read that would pass this many bytes of the file.
        stall_after: The first read that would pass this many bytes gets no answer for `stall_s` seconds.
        stall_s: How long a stall lasts, in seconds.
        latency_s: What each read takes longer, in seconds.
        times: To how many openings of a file the fault applies; None: to all.
    """

    name: str
    drop_after: int | None = None
    stall_after: int | None = None
    stall_s: float = 3600.0
    latency_s: float = 0.0
    times: int | None = None


class Faults:
    """The faults in force, read from a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._faults: list[Fault] = []
        self._left: list[int | None] = []

    def at_opening(self, path: str) -> Fault | None:
        """The fault of a file that is being opened, counted against its `times`."""
        self._refresh()
        for index, fault in enumerate(self._faults):
            left = self._left[index]
            if left == 0 or not fnmatch(Path(path).name, fault.name):
                continue
            if left is not None:
                self._left[index] = left - 1
            return fault
        return None

    def _refresh(self) -> None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._seen, self._faults, self._left = None, [], []
            return
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        if version != self._seen:
            self._faults = [Fault(**one) for one in json.loads(self._file.read_text(encoding="utf-8"))]
            self._left = [fault.times for fault in self._faults]
            self._seen = version


class _Login(asyncssh.SSHServer):
    """Lets in one user with one key."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key.export_public_key()

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key.export_public_key().split()[:2] == self._key.split()[:2]


class _Files(asyncssh.SFTPServer):
    """The files below a folder, with faults."""

    def __init__(self, channel: Any, root: Path, faults: Faults) -> None:
        super().__init__(channel, chroot=os.fsencode(root))
        self._faults = faults
        self._faulty: dict[object, tuple[Fault, int]] = {}

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        handle = super().open(path, pflags, attrs)
        if pflags & asyncssh.FXF_READ and (fault := self._faults.at_opening(os.fsdecode(path))):
            size = os.fstat(cast(io.FileIO, handle).fileno()).st_size
            self._faulty[handle] = (fault, size)
        return handle

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        known = self._faulty.get(file_obj)
        if known is not None:
            await self._spoil(known[0], min(offset + size, known[1]))
        return bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type]

    async def _spoil(self, fault: Fault, reaches: int) -> None:
        if fault.latency_s:
            await asyncio.sleep(fault.latency_s)
        if fault.stall_after is not None and reaches > fault.stall_after:
            await asyncio.sleep(fault.stall_s)
        if fault.drop_after is not None and reaches > fault.drop_after:
            self.channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("dropped on demand")

    def close(self, file_obj: object) -> None:
        self._faulty.pop(file_obj, None)
        super().close(file_obj)


def key(folder: Path, name: str) -> asyncssh.SSHKey:
    """The ed25519 key of that name in a folder, made (mode 0600, with its `.pub` beside it) on first use."""
    file = folder / f"{name}_ed25519"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = asyncssh.generate_private_key("ssh-ed25519", comment=f"trueup sandbox {name}")
        process.write_atomically(file.with_suffix(".pub"), fresh.export_public_key().decode(), mode=0o644)
        process.write_atomically(file, fresh.export_private_key().decode())
    return asyncssh.read_private_key(str(file))


def public_line(one: asyncssh.SSHKey) -> str:
    """A key's public half, `ssh-ed25519 AAAA...`: the form of an Airflow connection's `host_key`."""
    return " ".join(one.export_public_key().decode().split()[:2])


async def serve(root: Path, keys: Path, port: int, faults: Path) -> None:
    """Serves until SIGTERM or SIGINT; prints a JSON line with host, port and host_key when ready.

    Args:
        root: The folder that clients see as `/`.
        keys: Where the host's and the client's keys are, or will be made.
        port: The TCP port on 127.0.0.1; 0: any.
        faults: The file with the faults; it need not exist.

    Raises:
        OSError: The port is taken.
    """
    root.mkdir(parents=True, exist_ok=True)
    host_key, client_key, known_faults = key(keys, "host"), key(keys, "client"), Faults(faults)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await asyncssh.listen(
        process.HOST,
        port,
        server_factory=lambda: _Login(client_key),
        server_host_keys=[host_key],
        sftp_factory=lambda channel: _Files(channel, root.resolve(), known_faults),
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        allow_scp=False,
    )
    ready = {"host": process.HOST, "port": server.get_port(), "host_key": public_line(host_key)}
    print(json.dumps(ready), flush=True)
    await stop.wait()
    server.close()
