"""An SFTP server in a process of its own, in place of NetSuite's.

As a program: `python -m include.sandbox.sftp --root DIR --keys DIR [--port N] [--faults FILE]` prints one
JSON line, `{"host", "port", "host_key"}`, when it is ready, and serves until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from include.sandbox import process, readiness
from include.sandbox.process import Child
from include.sandbox.sftp_server import USER, Fault, serve

__all__ = ["USER", "Fault", "SftpServer", "running", "start"]

_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SftpServer:
    """A running SFTP server.

    Attributes:
        host: Always 127.0.0.1.
        port: The TCP port.
        user: The one user it lets in.
        host_key: Its public key, `ssh-ed25519 AAAA...`: the value of the Airflow connection's extra
            `host_key`.
        client_key: The user's private key file (OpenSSH form, mode 0600).
        pid: Its process id.
        root: The local folder that clients see as `/`.
    """

    host: str
    port: int
    user: str
    host_key: str
    client_key: Path
    pid: int
    root: Path
    _faults: Path = field(repr=False)
    _child: Child = field(repr=False)

    def fail(self, *faults: Fault) -> None:
        """Sets the faults for files opened from now on; without arguments: all is well again."""
        process.write_atomically(self._faults, json.dumps([asdict(fault) for fault in faults]))

    def stop(self) -> bool:
        """Stops the server; open connections are closed."""
        return self._child.stop()


def start(root: Path, keys: Path, *, port: int = 0) -> SftpServer:
    """Starts the server and waits until it is ready (about a third of a second).

    Args:
        root: The folder that clients see as `/`; made if missing.
        keys: The folder for keys, log, port and faults; made if missing. Start with no faults.
        port: The TCP port; 0: the one of the last run if it is free, else any free one.

    Raises:
        SandboxError: It did not come up; with the end of its log.
    """
    keys.mkdir(parents=True, exist_ok=True)
    faults, last = keys.resolve() / "faults.json", keys / "port"
    faults.unlink(missing_ok=True)
    if not port and (remembered := process.remembered_port(last)) is not None:
        port = remembered if process.free_port(remembered) == remembered else 0
    command = [
        *(sys.executable, "-m", "include.sandbox.sftp", "--root", str(root.resolve())),
        *("--keys", str(keys.resolve()), "--faults", str(faults), "--port", str(port)),
    ]
    child = process.start("sftp", command, log=keys / "sftp.log", cwd=_PROJECT, grace_s=5.0, capture=True)
    try:
        ready = readiness.ready_line(child)
    except BaseException:
        child.stop()
        raise
    process.write_atomically(last, str(ready["port"]))
    return SftpServer(
        host=ready["host"],
        port=ready["port"],
        user=USER,
        host_key=ready["host_key"],
        client_key=keys.resolve() / "client_ed25519",
        pid=child.pid,
        root=root.resolve(),
        _faults=faults,
        _child=child,
    )


@contextmanager
def running(root: Path, keys: Path, *, port: int = 0) -> Iterator[SftpServer]:
    """A server for the length of a `with` block; the arguments are those of `start`.

    Raises:
        SandboxError: It did not come up; with the end of its log.
    """
    server = start(root, keys, port=port)
    try:
        yield server
    finally:
        server.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """The program: serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox.sftp", description="A local SFTP server.")
    parser.add_argument("--root", type=Path, required=True, help="the folder that clients see as /")
    parser.add_argument("--keys", type=Path, required=True, help="where the keys are, or will be made")
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--faults", type=Path, help="a JSON list of faults (default: KEYS/faults.json)")
    options = parser.parse_args(arguments)
    faults = options.faults or options.keys / "faults.json"
    try:
        asyncio.run(serve(options.root, options.keys, options.port, faults))
    except OSError as error:
        print(f"sftp: cannot listen on {process.HOST}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
