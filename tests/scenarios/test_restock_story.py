"""The story of the page's "Schedule Restock": a launch whose units are for sale at its moment, not before, and once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import paramiko
import pytest

from include.channel.planning import planner
from include.db import clock
from include.db.connection import Connection
from include.stock import ledger
from include.stock.atp import online_atp
from include.stock.inbound import restocks
from include.stock.inbound.restocks import NotDue, RestockClosed
from tests.intake.drop import Drop
from tests.scenarios.store import Store
from tests.world import SHOP

ROOT = Path(__file__).parents[2]
P, Q = "50001", "50002"
HEADER = "Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name\n"
STEPS: dict[str, Callable[[Store, str, datetime], object]] = {
    "receive": lambda store, shipment_id, at: restocks.receive(store.connection, shipment_id, at),
    "refresh": lambda store, _, __: online_atp.refresh(store.connection),
    "plan": lambda store, _, __: planner.plan(store.connection, SHOP),
    "deliver": lambda store, _, __: store.deliver(),
}
"""What `schedule_restock` does from the moment on, step by step."""


@pytest.fixture
def launch(store: Store, connection: Connection, sftp_client: paramiko.SFTPClient) -> tuple[str, datetime]:
    """A restock of 100 and 20 that a file has scheduled for an hour from now: its shipment, and its moment."""
    store.open({P: 0, Q: 3})
    at = clock.now(connection).replace(microsecond=0) + timedelta(hours=1)
    row = f"SKU-{{}},{{}},{at:%Y-%m-%dT%H:%M:%SZ},Broadway,Not_Naked,demo,January_Restock\n"
    outcome = Drop(connection, sftp_client, "IMP_SCHEDULED_RSTK")(HEADER + row.format(P, 100) + row.format(Q, 20))
    assert outcome.status_id == "FINISHED"
    (found,) = restocks.due(connection, at)
    assert found.scheduled_at == at
    return found.shipment_id, at


def run(store: Store, shipment_id: str, at: datetime) -> None:
    for step in STEPS.values():
        step(store, shipment_id, at)


def test_from_the_file_to_the_shop_at_the_moment_and_not_before(store: Store, launch: tuple[str, datetime]) -> None:
    shipment_id, at = launch
    store.push()
    with pytest.raises(NotDue):
        restocks.receive(store.connection, shipment_id, at - timedelta(microseconds=1))
    assert (store.shown(P), store.shown(Q)) == (0, 3)
    run(store, shipment_id, at)
    assert (store.shown(P), store.shown(Q)) == (100, 23)
    run(store, shipment_id, at)
    assert (store.applied(P), store.applied(Q)) == ([100], [20])
    assert ledger.out_of_balance(store.connection) == []


def test_rescheduled_edited_and_renamed_until_then(store: Store, launch: tuple[str, datetime]) -> None:
    shipment_id, at = launch
    later, now = at + timedelta(hours=2), clock.now(store.connection)
    restocks.reschedule(store.connection, shipment_id, later, now)
    restocks.rename(store.connection, shipment_id, "February_Restock")
    restocks.edit_item(store.connection, shipment_id, P, Decimal(60), now)
    restocks.edit_item(store.connection, shipment_id, Q, Decimal(0), now)
    with pytest.raises(NotDue, match="February_Restock"):
        restocks.receive(store.connection, shipment_id, at)
    run(store, shipment_id, later)
    assert (store.applied(P), store.applied(Q)) == ([60], [])
    with pytest.raises(RestockClosed):
        restocks.reschedule(store.connection, shipment_id, later + timedelta(hours=1), later)


def test_cancelled_it_never_comes(store: Store, launch: tuple[str, datetime]) -> None:
    shipment_id, at = launch
    restocks.cancel(store.connection, shipment_id, clock.now(store.connection))
    with pytest.raises(RestockClosed):
        restocks.receive(store.connection, shipment_id, at)
    store.push()
    assert (store.applied(P), store.applied(Q)) == ([], [])


@pytest.mark.parametrize("last", list(STEPS))
def test_killed_after_any_step_it_converges(store: Store, launch: tuple[str, datetime], last: str) -> None:
    """Whether the run is repeated, or the jobs that look every five minutes go on from there."""
    shipment_id, at = launch
    for name, step in STEPS.items():
        step(store, shipment_id, at)
        if name == last:
            break
    store.push()
    assert (store.shown(P), store.shown(Q)) == (100, 23)
    run(store, shipment_id, at)
    assert (store.applied(P), store.applied(Q)) == ([100], [20])


RECEIVER = """
import os, sys
from datetime import datetime
from include.db.connection import connect
from include.stock.inbound import restocks
from include.stock.inbound.restocks import _close as close

def stop(*args):
    close(*args)
    print("about to commit", flush=True)
    sys.stdin.read()

restocks._close = stop
with connect(sys.argv[1]) as connection:
    restocks.receive(connection, sys.argv[2], datetime.fromisoformat(sys.argv[3]))
"""


def test_killed_within_the_receipt_nothing_was_received(store: Store, launch: tuple[str, datetime], dsn: str) -> None:
    shipment_id, at = launch
    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVER, dsn, shipment_id, at.isoformat()],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "about to commit\n"
        process.send_signal(signal.SIGKILL)
    store.push()
    assert (store.shown(P), store.shown(Q)) == (0, 3)
    run(store, shipment_id, at)
    assert (store.applied(P), store.applied(Q)) == ([100], [20])
