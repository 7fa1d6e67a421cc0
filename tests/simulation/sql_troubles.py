"""Troubles of Postgres that are really brought about, in the transaction of the process that runs into them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
from psycopg.pq import TransactionStatus

from include.db.connection import Connection, connect

RAISED = {"serialization failure": "40001", "full disk": "53100", "no memory": "53200"}
"""What Postgres may answer to any statement, with its code, and what cannot be had cheaply."""

SQL = b"CREATE TABLE clock.guard ()"
"""A table that nobody needs, to be locked."""

SECONDS_TO_BLOCK = 20.0


def bring_about(kind: str, connection: Connection, address: str) -> None:
    """Run into a trouble.

    Raises:
        psycopg.Error: As Postgres does.
    """
    if kind in RAISED:
        run = f"DO $$BEGIN RAISE 'simulated' USING ERRCODE = '{RAISED[kind]}'; END$$"
        psycopg.Cursor(connection).execute(run.encode())
    else:
        REAL[kind](connection, address)


def _statement_timeout(connection: Connection, _address: str) -> None:
    _within(connection, b"SET statement_timeout = '1ms'", b"SELECT pg_sleep(20)", b"RESET statement_timeout")


def _lock_timeout(connection: Connection, address: str) -> None:
    with connect(address) as other, other.transaction():
        other.execute(b"LOCK TABLE clock.guard")
        _within(connection, b"SET lock_timeout = '1ms'", b"SELECT FROM clock.guard", b"RESET lock_timeout")


def _deadlock(connection: Connection, address: str) -> None:
    """One holds a lock and asks for another's, who asks for the first one's; the process is the one to give way."""
    psycopg.Cursor(connection).execute(b"SELECT pg_advisory_lock(1)")
    with connect(address) as other:
        other.execute(b"SELECT pg_advisory_lock(2)")
        waits = threading.Thread(target=_ask, args=(other,))
        waits.start()
        try:
            _see_blocked(connection, other.info.backend_pid)
            _within(
                connection,
                b"SET deadlock_timeout = '1ms'",
                b"SELECT pg_advisory_lock(2)",
                b"RESET deadlock_timeout",
            )
        finally:
            other.cancel()
            waits.join()


def _ask(other: Connection) -> None:
    with suppress(psycopg.Error):
        other.execute(b"SET deadlock_timeout = '1min'")
        other.execute(b"SELECT pg_advisory_lock(1)")


def _see_blocked(connection: Connection, backend: int) -> None:
    until = time.monotonic() + SECONDS_TO_BLOCK
    query = b"SELECT FROM pg_locks WHERE NOT granted AND pid = %s"
    while psycopg.Cursor(connection).execute(query, [backend]).fetchone() is None:
        assert time.monotonic() < until, f"backend {backend} does not wait for the lock after {SECONDS_TO_BLOCK} s"
        time.sleep(0.001)


def _within(connection: Connection, limit: bytes, statement: bytes, back: bytes) -> None:
    """Run a statement under a limit. A transaction takes the limit back with itself."""
    cursor = psycopg.Cursor(connection)
    cursor.execute(limit)
    try:
        cursor.execute(statement)
    finally:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            cursor.execute(back)


REAL: dict[str, Callable[[Connection, str], None]] = {
    "deadlock": _deadlock,
    "lock timeout": _lock_timeout,
    "statement timeout": _statement_timeout,
}
