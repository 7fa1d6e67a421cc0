"""Which runs restocks are given: each one at a time, another when one is lost or has failed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from include.db.connection import Connection
from include.stock.inbound import restock_form, restock_runs, restocks
from include.stock.inbound.restock_form import Entry
from include.stock.inbound.restock_runs import LEAD, RestockRun, State
from tests.world import World

NINE = datetime(2125, 11, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def restock(world: World, connection: Connection) -> str:
    world.facility("BROADWAY")
    world.shop()
    world.product("P")
    return add(connection, "January")


def add(connection: Connection, name: str, at: datetime = NINE) -> str:
    entry = Entry("P", Decimal(5), "BROADWAY", None, at, name)
    return restock_form.schedule(connection, entry, NINE - 9 * LEAD)


class Runs:
    """What the scheduler knows of its runs. All that were asked for have started, except the lost ones."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.states: dict[str, State] = {}

    def sweep(self, now: datetime, *, loses: bool = False) -> list[str]:
        """Look for restocks without a run at a moment, and start one for each."""
        started = restock_runs.claim_runs(self.connection, now, lambda run: self.states.get(run, State.MISSING))
        if not loses:
            self.states |= {run.run_id: State.ALIVE for run in started}
        return [run.run_id for run in started]

    def end(self, run_id: str) -> None:
        self.states[run_id] = State.ENDED


@pytest.fixture
def runs(connection: Connection) -> Runs:
    return Runs(connection)


def test_a_run_starts_a_day_before_and_no_second_one(restock: str, runs: Runs, connection: Connection) -> None:
    assert runs.sweep(NINE - LEAD - MINUTE) == []
    claimed = restock_runs.claim_runs(connection, NINE - LEAD, lambda _: State.MISSING)
    assert claimed == [RestockRun(restock, f"restock__{restock}__1")]
    runs.states[claimed[0].run_id] = State.ALIVE
    for now in (NINE - LEAD, NINE - MINUTE, NINE, NINE + LEAD):
        assert runs.sweep(now) == []


def test_a_run_that_was_noted_and_never_started_is_started_under_its_name(restock: str, runs: Runs) -> None:
    first = runs.sweep(NINE - MINUTE, loses=True)
    assert runs.sweep(NINE - MINUTE) == first == [f"restock__{restock}__1"]
    assert runs.sweep(NINE - MINUTE) == []


def test_after_a_run_that_failed_another_follows_ever_sooner(restock: str, runs: Runs) -> None:
    now, started = NINE - LEAD, []
    while now < NINE + timedelta(hours=1):
        for run in runs.sweep(now):
            started.append(NINE - now)
            runs.end(run)
        now += 5 * MINUTE
    assert started[:3] == [LEAD, timedelta(hours=18), timedelta(hours=13, minutes=30)]
    assert all(earlier - later >= 15 * MINUTE for earlier, later in pairwise(started))
    assert 15 <= len(started) <= 30
    assert started[-1] < timedelta(0), "also once its moment has passed"


def test_a_rescheduled_restock_has_a_run_at_once(restock: str, runs: Runs, connection: Connection) -> None:
    (first,) = runs.sweep(NINE - LEAD)
    runs.end(first)
    assert runs.sweep(NINE - LEAD + MINUTE) == []
    restocks.reschedule(connection, restock, NINE + LEAD, NINE - LEAD)
    assert runs.sweep(NINE - LEAD + MINUTE) == [], "not before its day has come"
    assert runs.sweep(NINE) == [f"restock__{restock}__2"]
    restocks.reschedule(connection, restock, NINE + MINUTE, NINE)
    assert runs.sweep(NINE) == [], "the one that waits follows it"


def test_who_is_slower_starts_nothing(restock: str, runs: Runs, connection: Connection) -> None:
    def meanwhile(_: str) -> State:
        assert runs.sweep(NINE) == [f"restock__{restock}__2"]
        return State.ENDED

    (first,) = runs.sweep(NINE - LEAD)
    runs.end(first)
    assert restock_runs.claim_runs(connection, NINE, meanwhile) == []


def test_what_is_closed_has_no_run_and_is_not_overdue(restock: str, runs: Runs, connection: Connection) -> None:
    late = NINE + restock_runs.OVERDUE_AFTER
    other = add(connection, "February", NINE + MINUTE)
    runs.sweep(NINE)
    (told,) = restock_runs.overdue(connection, late)
    assert told.startswith(f"restock 'January' (shipment {restock}) was to be received at 2125-11-20 09:00:00 UTC")
    assert f"restock__{restock}__1 of schedule_restock" in told
    restocks.receive(connection, restock, NINE)
    restocks.cancel(connection, other, NINE)
    runs.states.clear()
    assert runs.sweep(late + LEAD) == []
    assert restock_runs.overdue(connection, late + LEAD) == []


def test_what_the_shop_will_not_show_is_told(restock: str, connection: Connection, world: World) -> None:
    products, facility = restock_runs.not_shown(connection, restock)
    assert products.startswith("shop demo does not have the products P: map them in shopify_shop_product")
    assert facility.startswith("no location of shop demo sells from facility BROADWAY")
    world.in_shop("P", "gid://shopify/InventoryItem/1")
    world.channel("STORE", "gid://shopify/Location/1", ["BROADWAY"], queue="BROADWAY")
    assert restock_runs.not_shown(connection, restock) == []
    connection.execute(b"UPDATE facility_group_member SET thru_date = %s", [NINE])
    assert len(restock_runs.not_shown(connection, restock)) == 1, "no more at its moment"
    assert restock_runs.not_shown(connection, "S") == []
