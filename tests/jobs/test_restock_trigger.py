"""The trigger that waits for a restock's moment, against the real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from include.db import clock
from include.db.connection import Connection
from include.stock.inbound import restock_form, restocks
from include.stock.inbound.restock_form import Entry
from tests.jobs.own_airflow import oms_in_environment
from tests.jobs.trigger_process import Ended, TriggerProcess
from tests.world import World

TRIGGER = "include.jobs.restock_trigger.RestockTrigger"


@dataclass
class Waiting:
    """A restock, and a trigger that may be set on it."""

    process: TriggerProcess
    connection: Connection
    dsn: str

    def schedule(self, **ahead: float) -> str:
        now = clock.now(self.connection)
        entry = Entry("P", Decimal(5), "BROADWAY", None, now + timedelta(**ahead), "January")
        return restock_form.schedule(self.connection, entry, now)

    def reschedule(self, shipment_id: str, **ahead: float) -> None:
        now = clock.now(self.connection)
        restocks.reschedule(self.connection, shipment_id, now + timedelta(**ahead), now)

    def start(self, shipment_id: str) -> None:
        self.process.start({"shipment_id": shipment_id}, 60.0, oms_in_environment(self.dsn), TRIGGER)

    def wait(self, shipment_id: str) -> Ended:
        self.start(shipment_id)
        return self.process.ended()

    def start_and_let_wait(self, shipment_id: str) -> None:
        """Return once the trigger has looked and waits."""
        self.start(shipment_id)
        self.process.wait_for("waits for")

    def due(self) -> list[str]:
        return [each.shipment_id for each in restocks.due(self.connection, clock.now(self.connection))]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriggerProcess]:
    running = TriggerProcess(tmp_path_factory.mktemp("trigger"))
    yield running
    running.stop()


@pytest.fixture
def waiting(process: TriggerProcess, connection: Connection, world: World, dsn: str) -> Waiting:
    world.facility("BROADWAY")
    world.shop()
    world.product("P")
    return Waiting(process, connection, dsn)


def test_it_ends_at_the_moment_and_not_before(waiting: Waiting) -> None:
    shipment_id = waiting.schedule(seconds=2)
    ended = waiting.wait(shipment_id)
    assert (ended.state, ended.event) == ("success", None)
    assert waiting.due() == [shipment_id]


def test_a_moment_that_has_passed_ends_it_at_once(waiting: Waiting) -> None:
    shipment_id = waiting.schedule(hours=1)
    waiting.connection.execute(b"UPDATE scheduled_restock SET scheduled_at = now() - interval '1 hour'")
    assert waiting.wait(shipment_id).state == "success"


def test_it_follows_a_restock_that_is_rescheduled(waiting: Waiting) -> None:
    shipment_id = waiting.schedule(hours=1)
    waiting.start_and_let_wait(shipment_id)
    waiting.reschedule(shipment_id, seconds=1)
    assert waiting.process.ended().state == "success"
    assert waiting.due() == [shipment_id]


@pytest.mark.parametrize("close", ["cancel", "receive"])
def test_a_restock_that_is_closed_meanwhile_ends_it_as_skipped(waiting: Waiting, close: str) -> None:
    shipment_id = waiting.schedule(hours=1)
    waiting.start_and_let_wait(shipment_id)
    getattr(restocks, close)(waiting.connection, shipment_id, clock.now(waiting.connection) + timedelta(hours=1))
    ended = waiting.process.ended()
    assert ended.state == "skipped"
    assert "nothing to wait for" in ended.log[-1]


def test_a_restock_of_another_day_is_left_to_a_later_run(waiting: Waiting) -> None:
    ended = waiting.wait(waiting.schedule(hours=25))
    assert ended.state == "skipped"
    assert "start_scheduled_restocks starts a run a day before" in ended.log[-1]


def test_an_unknown_restock_is_named(waiting: Waiting) -> None:
    ended = waiting.wait("TS1")
    assert ended.state is None
    assert ended.event is not None
    assert ended.event["needs_action"].startswith("shipment TS1: there is no such restock; expected the shipment_id")
