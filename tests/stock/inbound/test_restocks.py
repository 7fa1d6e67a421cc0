"""Restocks: changed until their moment, received once at it."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from include.db.connection import Connection, connect
from include.stock import ledger
from include.stock.inbound import restocks, shipments
from include.stock.inbound.restocks import NotDue, RestockClosed, RestockRefused, UnknownRestock
from include.stock.inbound.shipments import NotReceivable, Received
from tests.world import SHOP, World

NINE = datetime(2025, 11, 20, 9, tzinfo=UTC)
EIGHT = NINE - timedelta(hours=1)


@pytest.fixture
def restock(world: World, connection: Connection) -> str:
    """5 of one product and 2 of another, at nine."""
    world.facility("BROADWAY")
    world.shop()
    for product in ("P", "Q", "R"):
        world.product(product)
    with connection.transaction():
        shipments.lock(connection)
        restocks.create_restock_rows(connection)
        with connection.cursor() as cursor:
            cursor.executemany(
                b"INSERT INTO restock_row (line_number, requested_name, facility_id, shop_id, requested_at, product_id,"
                b" quantity) VALUES (%s, 'January', 'BROADWAY', 'demo', %s, %s, %s)",
                [(2, NINE, "P", 5), (3, NINE, "Q", 2)],
            )
        restocks.judge(connection)
        assert restocks.save(connection, EIGHT, 1) == shipments.Saved(changed=2, unchanged=0, superseded=0)
    row = connection.execute(b"SELECT shipment_id FROM scheduled_restock").fetchone()
    assert row is not None
    return str(row[0])


def shipment_status(connection: Connection) -> str:
    row = connection.execute(b"SELECT status_id FROM shipment").fetchone()
    assert row is not None
    return str(row[0])


def test_it_is_due_at_its_moment_and_received_once(restock: str, world: World, connection: Connection) -> None:
    assert restocks.due(connection, NINE - timedelta(seconds=1)) == []
    (found,) = restocks.due(connection, NINE)
    assert (found.shipment_id, found.restock_name, found.facility_id, found.shop_id, found.scheduled_at) == (
        restock,
        "January",
        "BROADWAY",
        SHOP,
        NINE,
    )
    at = NINE + timedelta(seconds=4)
    assert restocks.receive(connection, restock, at) == Received(recorded=2, in_snapshot=0, accepted=Decimal(7))
    assert world.stock() == {("P", "BROADWAY"): (5, 5), ("Q", "BROADWAY"): (2, 2)}
    rows = connection.execute(b"SELECT DISTINCT reason_enum_id, shipment_id, effective_at FROM inventory_item_detail")
    assert rows.fetchall() == [("VAR_SCH_SHIP_RECV", restock, at)]
    assert restocks.due(connection, at) == []
    assert restocks.read(connection, restock).closed_at == at
    assert shipment_status(connection) == "PURCH_SHIP_RECEIVED"
    assert restocks.receive(connection, restock, at).is_repeated
    assert world.stock() == {("P", "BROADWAY"): (5, 5), ("Q", "BROADWAY"): (2, 2)}
    assert ledger.out_of_balance(connection) == []


def test_many_runs_at_once_receive_it_once(restock: str, world: World, connection: Connection, dsn: str) -> None:
    results: list[Received] = []

    def receive() -> None:
        with connect(dsn) as own:
            results.append(restocks.receive(own, restock, NINE))

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.is_repeated for result in results) == [False, True, True, True]
    assert world.stock() == {("P", "BROADWAY"): (5, 5), ("Q", "BROADWAY"): (2, 2)}


def test_before_its_moment_it_is_not_received(restock: str, world: World, connection: Connection) -> None:
    with pytest.raises(NotDue, match="scheduled for 2025-11-20 09:00:00 UTC, not before"):
        restocks.receive(connection, restock, EIGHT)
    assert world.stock() == {}
    with pytest.raises(NotReceivable, match="is received by itself; reschedule it to receive it now"):
        shipments.receive(connection, restock, EIGHT, "k")


def test_it_can_be_rescheduled(restock: str, connection: Connection) -> None:
    later = NINE + timedelta(hours=1)
    restocks.reschedule(connection, restock, later, EIGHT)
    assert restocks.due(connection, NINE) == []
    with pytest.raises(NotDue):
        restocks.receive(connection, restock, NINE)
    with pytest.raises(RestockRefused, match="2025-11-20 08:00:00 UTC is in the past; expected 2025-11-20 09:00:00"):
        restocks.reschedule(connection, restock, EIGHT, NINE)
    restocks.reschedule(connection, restock, EIGHT, EIGHT)
    assert restocks.receive(connection, restock, EIGHT).recorded == 2


def test_it_can_be_cancelled(restock: str, world: World, connection: Connection) -> None:
    restocks.cancel(connection, restock, EIGHT)
    restocks.cancel(connection, restock, NINE)
    assert restocks.read(connection, restock).closed_at == EIGHT
    assert shipment_status(connection) == "SHIPMENT_CANCELLED"
    assert restocks.due(connection, NINE) == []
    with pytest.raises(RestockClosed, match="cancelled at 2025-11-20 08:00:00 UTC, and read only since"):
        restocks.receive(connection, restock, NINE)
    assert world.stock() == {}


def test_its_items_can_be_changed(restock: str, world: World, connection: Connection) -> None:
    for product, quantity in (("P", 7), ("Q", 0), ("R", 4)):
        restocks.edit_item(connection, restock, product, Decimal(quantity), EIGHT)
    restocks.rename(connection, restock, " February ")
    assert restocks.read(connection, restock).restock_name == "February"
    restocks.receive(connection, restock, NINE)
    assert world.stock() == {("P", "BROADWAY"): (7, 7), ("R", "BROADWAY"): (4, 4)}


def test_one_without_items_is_received_as_nothing(restock: str, world: World, connection: Connection) -> None:
    for product in ("P", "Q"):
        restocks.edit_item(connection, restock, product, Decimal(0), EIGHT)
    assert restocks.receive(connection, restock, NINE) == Received(0, 0, Decimal(0))
    assert restocks.receive(connection, restock, NINE).is_repeated
    assert world.stock() == {}


@pytest.mark.parametrize(
    ("product", "quantity", "message"),
    [("P", -1, "product P: quantity -1; expected 0 or more"), ("X", 1, "product 'X': no such product")],
)
def test_a_wrong_change_is_refused(
    restock: str, connection: Connection, product: str, quantity: int, message: str
) -> None:
    with pytest.raises(RestockRefused, match=message):
        restocks.edit_item(connection, restock, product, Decimal(quantity), EIGHT)
    with pytest.raises(RestockRefused, match="the new name is empty"):
        restocks.rename(connection, restock, " ")


CHANGES: dict[str, Callable[[Connection, str], None]] = {
    "reschedule": lambda connection, restock: restocks.reschedule(connection, restock, NINE, NINE),
    "cancel": lambda connection, restock: restocks.cancel(connection, restock, NINE),
    "edit_item": lambda connection, restock: restocks.edit_item(connection, restock, "P", Decimal(9), NINE),
    "rename": lambda connection, restock: restocks.rename(connection, restock, "x"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_once_received_it_is_read_only(restock: str, world: World, connection: Connection, change: str) -> None:
    restocks.receive(connection, restock, NINE)
    with pytest.raises(RestockClosed, match="received at 2025-11-20 09:00:00 UTC, and read only since"):
        CHANGES[change](connection, restock)
    assert world.stock() == {("P", "BROADWAY"): (5, 5), ("Q", "BROADWAY"): (2, 2)}


@pytest.mark.parametrize("change", CHANGES)
def test_one_that_there_is_not_is_named(restock: str, connection: Connection, change: str) -> None:
    with pytest.raises(UnknownRestock, match="shipment TS1: there is no such restock"):
        CHANGES[change](connection, "TS1")
