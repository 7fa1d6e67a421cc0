"""The task that processes a file is killed with SIGKILL: once it reads, once its postings are not yet committed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from include.db.connection import Connection, connect
from include.intake.remote import BLOCK
from include.sandbox import story
from include.sandbox.sftp import Fault
from include.sandbox.world import World
from include.stock import ledger
from tests.e2e import steps
from tests.e2e.demo_process import wait_for

CHANGES = 12
STALL_AFTER = 4 * BLOCK
"""Bytes: behind what is read ahead to tell the file's kind and header."""

Hold = Callable[[World, Connection], AbstractContextManager[None]]


@contextmanager
def held_while_it_is_read(world: World, _watcher: Connection) -> Iterator[None]:
    """The SFTP server stops answering in the midst of the file, with its rows half copied."""
    world.sftp.fail(Fault("*killed*.csv", stall_after=STALL_AFTER, stall_s=60))
    yield
    world.sftp.fail()


@contextmanager
def held_before_the_commit(world: World, watcher: Connection) -> Iterator[None]:
    """The ledger and the stock are written; marking the products as changed, which comes next, has to wait."""
    with connect(world.dsn_oms) as lock, lock.transaction():
        lock.execute(b"LOCK TABLE dirty_product IN SHARE MODE")
        yield
        waiting = watcher.execute(
            b"SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%dirty_product%%'"
        ).fetchall()
        assert len(waiting) == 1, "expected one task at the lock, after its postings"


def _has_come_to_the_hold(watcher: Connection, name: str, at: tuple[str, str, str]) -> bool:
    """The file is being processed, and its transaction waits at the statement where it is to be held."""
    row = watcher.execute(
        b"SELECT count(*) FROM data_manager_log, pg_stat_activity"
        b" WHERE file_name = %s AND status_id = 'RUNNING' AND backend_type = 'client backend'"
        b" AND query LIKE %s AND (wait_event = %s OR wait_event_type = %s)",
        [name, *at],
    ).fetchone()
    return row is not None and row[0] == 1


def _remarked(file: str) -> str:
    """The file with a wide column more, so that it takes many reads."""
    header, *rows = file.splitlines()
    return "\n".join([f"{header},comments", *(f"{row},{'counted on the floor ' * 12}" for row in rows), ""])


@pytest.mark.parametrize(
    ("hold", "at"),
    [
        pytest.param(held_while_it_is_read, ("COPY staged %", "ClientRead", ""), id="held_while_it_is_read"),
        pytest.param(held_before_the_commit, ("%dirty_product%", "", "Lock"), id="held_before_the_commit"),
    ],
)
def test_a_file_whose_task_is_killed_counts_once(
    world: World, oms: Connection, hold: Hold, at: tuple[str, str, str]
) -> None:
    before = steps.stock(oms)
    wanted = steps.some_changes(before, CHANGES, start=20)
    file = _remarked(story.reset_file(before | wanted))
    assert len(file) > STALL_AFTER + BLOCK
    with hold(world, oms):
        name = steps.drop(world, "killed", file)
        wait_for("the task to be held", lambda: _has_come_to_the_hold(oms, name, at))
        attempt = steps.running(world, *steps.PROCESSING)
        assert attempt is not None
        steps.send(world, attempt, signal.SIGKILL)
        steps.wait_until_noticed(world, attempt)
        assert steps.stock(oms) == before, "nothing of the file may count yet"

    steps.clear(world, attempt)
    log = steps.filed(oms, name)
    assert (log["status_id"], log["attempts"], log["changed_record_count"]) == ("FINISHED", 2, CHANGES)
    assert len(steps.logs_of(oms, name)) == 1
    posted = oms.execute(
        b"SELECT product_id, facility_id, available_to_promise_diff::integer FROM inventory_item_detail"
        b" WHERE data_manager_log_id = %s",
        [log["data_manager_log_id"]],
    ).fetchall()
    assert sorted(posted) == sorted((*pair, units - before[pair]) for pair, units in wanted.items())
    assert steps.stock(oms) == before | wanted
    assert ledger.out_of_balance(oms) == []
    promised = steps.promised(oms, before | wanted)
    wait_for("Shopify to show the file's numbers", lambda: story.numbers(world.emulator) == promised)
