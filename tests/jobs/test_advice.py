"""What is advised where the database or a disk is the trouble; real ones are in tests/scenarios/test_full_disk.py."""

import errno
import os

import psycopg
import pytest

from include.jobs.advice import LOOK_AT_DATABASE, MAKE_ROOM_FOR_DATABASE, MAKE_ROOM_FOR_WORKER, advice


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (psycopg.errors.DiskFull("could not extend file"), MAKE_ROOM_FOR_DATABASE),
        (psycopg.OperationalError("FATAL: could not write init file: No space left on device"), MAKE_ROOM_FOR_DATABASE),
        (psycopg.OperationalError("connection refused"), LOOK_AT_DATABASE),
        (psycopg.errors.AdminShutdown("terminating connection"), LOOK_AT_DATABASE),
        (psycopg.errors.CrashShutdown("another process has crashed"), LOOK_AT_DATABASE),
        (psycopg.errors.DeadlockDetected("deadlock"), None),
        (psycopg.errors.UndefinedTable("no such table"), None),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), MAKE_ROOM_FOR_WORKER),
        (OSError("a server's answer: no space left on device"), None),
        (ConnectionResetError(errno.ECONNRESET, "reset"), None),
        ("the worker was lost", None),
    ],
)
def test_a_disk_and_a_database_are_told_from_other_troubles(trouble: object, expected: str | None) -> None:
    assert advice(trouble) == expected
