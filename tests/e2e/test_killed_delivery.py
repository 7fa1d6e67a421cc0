"""The task that delivers to Shopify is killed with SIGKILL, at the three moments that differ for Shopify.

Its batch is in the status SENDING each time, and nobody on our side can tell the three apart: it must be found out by
looking, and never by sending again: meanwhile a sale makes one level look as if the batch had never arrived.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from include.db.connection import Connection
from include.sandbox import retailer, story
from include.sandbox.world import World
from include.stock import ledger
from tests.e2e import steps
from tests.e2e.demo_process import wait_for
from tests.e2e.steps import Attempt

ROWS = 8
ADJUST = "inventoryAdjustQuantities"

Kill = Callable[[World, Attempt, int], None]


@dataclass(frozen=True)
class Case:
    """What holds the task, how it dies, and what becomes of its batch. `latency` is the shop's, in seconds."""

    fault: dict[str, Any]
    kill: Kill
    applied: bool
    latency: float = 0.0


def at_once(world: World, attempt: Attempt, _batch: int) -> None:
    steps.send(world, attempt, signal.SIGKILL)


def with_the_answer_unread(world: World, attempt: Attempt, batch: int) -> None:
    """Stopped, it does not read the answer, which comes after the batch was applied."""
    steps.send(world, attempt, signal.SIGSTOP)
    try:
        wait_for("Shopify to apply the batch", lambda: bool(_applied(world, batch)))
    finally:
        steps.send(world, attempt, signal.SIGKILL)


CASES = {
    "applied after the sender's death": Case({"kind": "delay", "seconds": 3}, at_once, applied=True),
    "applied, and the answer never read": Case({"kind": "delay", "seconds": 1}, with_the_answer_unread, applied=True),
    "never carried out": Case({"kind": "drop_before"}, at_once, applied=False, latency=3),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_batch_whose_sender_is_killed_is_settled_and_not_sent_again(
    world: World, oms: Connection, case: Case
) -> None:
    before, shown = steps.stock(oms), story.numbers(world.emulator)
    history = len(world.emulator.history())
    wanted = steps.some_changes(before, ROWS, start=60)
    world.emulator.settings(latency_seconds=case.latency)
    world.emulator.fault(operation=ADJUST, **case.fault)
    steps.drop(world, "killed-delivery", story.reset_file(wanted))
    wait_for("the batch to be sent", lambda: bool(_batches(oms, "SENDING")))
    if not case.latency:
        wait_for("the batch to reach Shopify", lambda: _has_hit(world))
    (batch,) = _batches(oms, "SENDING")
    attempt = steps.running(world, *steps.DELIVERY)
    assert attempt is not None
    case.kill(world, attempt, batch)
    steps.wait_until_noticed(world, attempt)
    waiting = _batches(oms, "SENDING") + _batches(oms, "UNKNOWN")  # found by the next run, which may have begun
    assert waiting == [batch], "the sender had no time to write anything down"
    wait_for("Shopify to be done with the request", lambda: _has_hit(world))
    world.emulator.settings(latency_seconds=0)
    if case.applied:
        wait_for("Shopify to apply the batch", lambda: bool(_applied(world, batch)))
    else:
        assert story.numbers(world.emulator) == shown
    wanted_in_shopify = steps.promised(oms, before | wanted)
    moves = {level: units - shown[level] for level, units in wanted_in_shopify.items() if units != shown[level]}
    _sell(world, *next((level, units) for level, units in moves.items() if level[1] == retailer.ONLINE_LOCATION))

    steps.clear(world, attempt)
    wait_for("the batch to be settled", lambda: batch in _batches(oms, "SETTLED"))
    wait_for("the demo to be at rest", lambda: steps.is_at_rest(oms))
    assert story.numbers(world.emulator) == steps.promised(oms, before | wanted) != wanted_in_shopify
    outcomes = oms.execute(b"SELECT DISTINCT outcome FROM outbox_batch_row WHERE outbox_batch_id = %s", [batch])
    assert outcomes.fetchall() == [("LOOKS_APPLIED" if case.applied else "LOOKS_NOT_APPLIED",)]
    assert bool(_applied(world, batch)) is case.applied

    since = [one for one in world.emulator.history()[history:] if one["kind"] == "adjust"]
    sent = Counter((one["referenceDocumentUri"], one["inventoryItemId"], one["locationId"]) for one in since)
    assert set(sent.values()) == {1}, "a row of a batch was applied twice"
    moved: Counter[tuple[str, str]] = Counter()
    for one in since:
        moved[one["inventoryItemId"], one["locationId"]] += one["delta"]
    assert moved == moves
    assert ledger.out_of_balance(oms) == []


def _sell(world: World, level: tuple[str, str], units: int) -> None:
    """Sell so much of a level that, if the batch was applied, it shows again what the batch expected to find."""
    item, location = level
    world.emulator.place_order([{"inventoryItemId": item, "locationId": location, "quantity": units}])


def _has_hit(world: World) -> bool:
    """Whether the request has come to its fault."""
    return any(fault["hits"] for fault in world.emulator.faults())


def _batches(oms: Connection, status_id: str) -> list[int]:
    rows = oms.execute(
        b"SELECT outbox_batch_id FROM outbox_batch WHERE status_id = %s ORDER BY outbox_batch_id", [status_id]
    )
    return [row[0] for row in rows]


def _applied(world: World, batch: int) -> list[dict[str, Any]]:
    """What Shopify has applied of a batch."""
    return [one for one in world.emulator.history() if one["referenceDocumentUri"] == f"gid://trueup/Batch/{batch}"]
