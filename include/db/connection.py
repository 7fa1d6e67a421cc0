"""Connections to Trueup's database, and the locks by which its jobs keep out of each other's way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.rows import TupleRow

from include.errors import TryAgain

Connection = psycopg.Connection[TupleRow]


class LockedElsewhere(TryAgain):
    """Another process holds the lock, and is doing the work."""


def connect(dsn: str) -> Connection:
    """Open a connection whose transactions are the `with connection.transaction()` blocks, and nothing else.

    Args:
        dsn: A libpq connection string or URL.
    """
    return prepare(
        psycopg.connect(dsn, autocommit=True, keepalives_idle=30, keepalives_interval=10, keepalives_count=3)
    )


def prepare(connection: Connection) -> Connection:
    """Give an open connection the settings that the library counts on: autocommit, UTC and no endless waits."""
    connection.autocommit = True
    connection.execute(b"SET TimeZone = 'UTC'")
    # A lost host is noticed within a minute, rather than the system's two hours: its locks must not outlive it.
    connection.execute(b"SET tcp_keepalives_idle = 30")
    connection.execute(b"SET tcp_keepalives_interval = 10")
    connection.execute(b"SET tcp_keepalives_count = 3")
    connection.execute(b"SET idle_in_transaction_session_timeout = '15min'")
    return connection


@contextmanager
def exclusive(connection: Connection, name: str, patience: float = 0.0) -> Iterator[None]:
    """Hold a named lock for the length of the block; it vanishes with the connection if the process dies.

    Args:
        connection: Where the lock lives. It outlasts transactions.
        name: What is locked, such as `shop demo`.
        patience: Seconds to wait for it.

    Raises:
        LockedElsewhere: Another connection holds it, and did not let go in time.
    """
    until = time.monotonic() + patience
    while connection.execute(b"SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone() != (True,):
        if time.monotonic() >= until:
            raise LockedElsewhere(f"{name}: another process is at work on it")
        time.sleep(0.1)
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError):  # a connection that broke has let go of the lock by itself
            connection.execute(b"SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
