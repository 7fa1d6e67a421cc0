"""Receiving without a file: what a form calls."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from include.db.connection import Connection, connect
from include.stock import ledger
from include.stock.inbound import shipments
from include.stock.inbound.shipments import NotReceivable, Received, ReceivedLine
from tests.world import World

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def shipment(world: World, connection: Connection) -> str:
    """A shipment to a store: 5 of one product, and 2 and 1 of another."""
    world.facility("BROADWAY")
    for product in ("P", "Q"):
        world.product(product)
    with connection.transaction():
        shipments.lock(connection)
        shipments.create_shipment_rows(connection)
        connection.execute(b"INSERT INTO shipment_name (given_shipment_id, first_line) VALUES ('S', 2)")
        shipments.name(connection)
        with connection.cursor() as cursor:
            cursor.executemany(
                b"INSERT INTO shipment_row (line_number, shipment_id, shipment_key, destination_facility_id,"
                b" product_id, quantity, item_external_id) SELECT %s, shipment_id, shipment_key, 'BROADWAY', %s, %s, %s"
                b" FROM shipment_name",
                [(2, "P", 5, "a"), (3, "Q", 2, "b"), (4, "Q", 1, "c")],
            )
        shipments.judge(connection, NOON)
        assert shipments.save(connection, NOON, None) == shipments.Saved(changed=3, unchanged=0, superseded=0)
    return "S"


def status(connection: Connection) -> str:
    row = connection.execute(b"SELECT status_id FROM shipment").fetchone()
    assert row is not None
    return str(row[0])


def test_units_of_a_kit_are_received_but_are_no_stock(shipment: str, world: World, connection: Connection) -> None:
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = 'Q'")
    received = shipments.receive(connection, shipment, NOON, "run 1")
    assert (received.recorded, received.accepted) == (3, Decimal(8))
    assert [note[:47] for note in received.notes] == ["3 units of the kit Q are no stock: what it prom"]
    assert world.stock() == {("P", "BROADWAY"): (5, 5)}
    assert status(connection) == "PURCH_SHIP_RECEIVED"


def test_all_that_is_open_is_received_at_once(shipment: str, world: World, connection: Connection) -> None:
    assert world.stock() == {}
    received = shipments.receive(connection, shipment, NOON, "run 1")
    assert received == Received(recorded=3, in_snapshot=0, accepted=Decimal(8))
    assert world.stock() == {("P", "BROADWAY"): (5, 5), ("Q", "BROADWAY"): (3, 3)}
    assert status(connection) == "PURCH_SHIP_RECEIVED"
    rows = connection.execute(b"SELECT DISTINCT reason_enum_id, shipment_id, effective_at FROM inventory_item_detail")
    assert rows.fetchall() == [("VAR_SHIP_RECV", "S", NOON)]
    assert connection.execute(b"SELECT DISTINCT product_id FROM dirty_product ORDER BY 1").fetchall() == [
        ("P",),
        ("Q",),
    ]
    assert ledger.out_of_balance(connection) == []


def test_a_receipt_is_known_by_its_key(shipment: str, world: World, connection: Connection) -> None:
    lines = [ReceivedLine(Decimal(2), product_id="P")]
    shipments.receive(connection, shipment, NOON, "run 1", lines=lines)
    again = shipments.receive(connection, shipment, NOON, "run 1", lines=lines)
    assert again == Received(0, 0, Decimal(0), is_repeated=True)
    assert world.stock() == {("P", "BROADWAY"): (2, 2)}
    shipments.receive(connection, shipment, NOON, "run 2", lines=lines)
    assert world.stock() == {("P", "BROADWAY"): (4, 4)}


def test_a_part_is_received_with_rejections_and_then_the_rest(
    shipment: str, world: World, connection: Connection
) -> None:
    lines = [
        ReceivedLine(Decimal(2), Decimal(1), shipment_item_seq_id="00001", rejection_reason="torn"),
        ReceivedLine(Decimal(3), product_id="Q"),
    ]
    received = shipments.receive(connection, shipment, NOON, "k", lines=lines)
    assert received == Received(recorded=2, in_snapshot=0, accepted=Decimal(5))
    assert shipments.open_lines(connection, shipment) == [
        ReceivedLine(Decimal(2), shipment_item_seq_id="00001", product_id="P")
    ]
    assert status(connection) == "PURCH_SHIP_SHIPPED"
    shipments.receive(connection, shipment, NOON, "k2")
    assert world.stock() == {("P", "BROADWAY"): (4, 4), ("Q", "BROADWAY"): (3, 3)}
    assert status(connection) == "PURCH_SHIP_RECEIVED"


def test_units_that_a_snapshot_holds_are_not_posted(shipment: str, world: World, connection: Connection) -> None:
    connection.execute(b"INSERT INTO inventory_snapshot VALUES (1, 'BROADWAY', %s, '{P}')", [NOON])
    received = shipments.receive(connection, shipment, NOON, "k")
    assert received == Received(recorded=3, in_snapshot=1, accepted=Decimal(8))
    assert world.stock() == {("Q", "BROADWAY"): (3, 3)}
    lines = [ReceivedLine(Decimal(1), product_id="P")]
    excess = shipments.receive(connection, shipment, NOON + timedelta(seconds=1), "k2", lines=lines)
    assert excess.notes == ("shipment S, item a, product P: 6 received, 5 shipped",)
    assert world.stock()["P", "BROADWAY"] == (1, 1)


def test_many_items_in_excess_are_not_all_named(shipment: str, world: World, connection: Connection) -> None:
    connection.execute(
        b"INSERT INTO shipment_item (shipment_id, shipment_item_seq_id, product_id, quantity, item_external_id, as_of)"
        b" SELECT 'S', lpad(n::text, 5, '0'), 'P', 0, n::text, now() FROM generate_series(4, 26) AS n"
    )
    lines = [ReceivedLine(Decimal(1), shipment_item_seq_id=f"{n:05}") for n in range(4, 27)]
    notes = shipments.receive(connection, shipment, NOON, "k", lines=lines).notes
    assert len(notes) == 21
    assert notes[-1] == "and 3 more items of which more came than was shipped"


@pytest.mark.parametrize(
    ("shipment_id", "lines", "message"),
    [
        ("X", None, "shipment X: there is no such shipment, or nothing of it is open; expected something to receive"),
        ("X", [ReceivedLine(Decimal(1), product_id="P")], "line 1: shipment-id 'X': no such shipment"),
        ("S", [ReceivedLine(Decimal(0), product_id="P")], "line 1: 0 accepted and 0 rejected; expected numbers"),
        ("S", [ReceivedLine(Decimal(-1), Decimal(2), product_id="P")], "line 1: -1 accepted and 2 rejected"),
        ("S", [ReceivedLine(Decimal(1))], "line 1: expected an item or a product"),
        (
            "S",
            [ReceivedLine(Decimal(1), product_id="P"), ReceivedLine(Decimal(1), shipment_item_seq_id="7")],
            "nothing was received; line 2: shipment-id 'S' has no item '7'",
        ),
        (
            "S",
            [ReceivedLine(Decimal(1), product_id="Q", shipment_item_seq_id="00001")],
            "item '00001' of shipment-id 'S' is product 'P', not 'Q'",
        ),
    ],
)
def test_what_cannot_be_received_says_why(
    shipment: str,
    world: World,
    connection: Connection,
    shipment_id: str,
    lines: list[ReceivedLine] | None,
    message: str,
) -> None:
    with pytest.raises(NotReceivable) as caught:
        shipments.receive(connection, shipment_id, NOON, "k", lines=lines)
    assert message in str(caught.value)
    assert world.stock() == {}
    assert connection.execute(b"SELECT count(*) FROM shipment_receipt").fetchone() == (0,)


def test_two_who_receive_at_once_receive_what_is_open_once(
    shipment: str, world: World, connection: Connection, dsn: str
) -> None:
    failures: list[str] = []

    def receive(key: str) -> None:
        with connect(dsn) as own:
            try:
                shipments.receive(own, shipment, NOON, key)
            except NotReceivable as refusal:
                failures.append(str(refusal))

    threads = [threading.Thread(target=receive, args=[key]) for key in ("k1", "k2", "k1", "k2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.stock() == {("P", "BROADWAY"): (5, 5), ("Q", "BROADWAY"): (3, 3)}
    assert failures
    assert ledger.out_of_balance(connection) == []


def test_a_shipment_is_found_by_its_id_or_the_erps_number(shipment: str, connection: Connection) -> None:
    connection.execute(b"UPDATE shipment SET external_id = 'TO7'")
    assert shipments.identified(connection, "TO7 ") == shipments.identified(connection, "S") == "S"
    with pytest.raises(NotReceivable, match="shipment 'TO8': no shipment has this id or external id"):
        shipments.identified(connection, "TO8")
