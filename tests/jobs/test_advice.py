"""What is advised where the database or a disk is the trouble; real ones are in tests/scenarios/test_full_disk.py."""

import errno
import os
from types import SimpleNamespace

import psycopg
import pytest

from include.jobs import shops
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


def test_the_last_task_of_a_run_advises_it_for_each_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's disk was taken for an address that cannot be reached, as both are an OSError."""
    left: dict[str, str] = {}
    task = SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}))
    monkeypatch.setattr(shops, "get_current_context", lambda: {"ti": task})
    with pytest.raises(OSError, match="No space left"), shops.told("demo"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert left == {
        shops.TROUBLE: f"shop demo: OSError: [Errno 28] No space left on device. {MAKE_ROOM_FOR_WORKER}",
    }
