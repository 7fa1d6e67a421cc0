"""What is on its way: per product and facility, what is open of it and when it is expected."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import paramiko
import pytest

from include.db.connection import Connection
from include.db.sql import statement
from include.stock.inbound import restock_form, restocks, shipments
from include.stock.inbound.incoming import incoming
from include.stock.inbound.restock_form import Entry
from include.stock.inbound.shipments import ReceivedLine
from tests.intake.drop import Drop, stores
from tests.world import World

HEADER = (
    "external-shipment-id,product-sku,quantity,origin-facility-id,destination-facility-id,shipment-attribute,"
    "shipment-type,shipment-status\n"
)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRODUCT = "10001"


@pytest.fixture
def shipped(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> dict[str, str]:
    """Shipments of one product to BROADWAY and elsewhere; their ids by external id."""
    stores(world)
    outcome = Drop(connection, sftp_client, "IMP_TO_SHPMNT")(
        HEADER
        + "LATER,SKU-10001,10,44,43,ESTIMATED_ARRIVAL_DATE:2026-12-05 | EXTERNAL_ORDER_ID:TO7,IN_TRANSFER,\n"
        + "SOON,SKU-10001,4,44,43,estimated_arrival_date:2026-12-01T09:30+01:00,IN_TRANSFER,\n"
        + "SOMEDAY,SKU-10001,3,VENDOR,43,EXPECTED_DATE:next week,PURCHASE_SHIPMENT,\n"
        + "ELSEWHERE,SKU-10001,7,43,44,,IN_TRANSFER,\n"
        + "OUT,SKU-10001,5,43,44,,OUT_TRANSFER,\n"
        + "CANCELLED,SKU-10001,6,44,43,,IN_TRANSFER,SHIPMENT_CANCELLED\n"
        + "OTHER,SKU-10002,9,44,43,,IN_TRANSFER,\n"
    )
    assert outcome.status_id == "FINISHED"
    rows = connection.execute(b"SELECT external_id, shipment_id FROM shipment").fetchall()
    return {row[0]: row[1] for row in rows}


def opened(connection: Connection, facility: str | None = None) -> dict[str | None, int]:
    return {each.external_id: int(each.open_quantity) for each in incoming(connection, PRODUCT, facility)}


def totals(connection: Connection) -> dict[tuple[str, str], tuple[int, datetime | None, int]]:
    rows = connection.execute(b"SELECT * FROM incoming_quantity")
    return {(row[0], row[1]): (int(row[2]), row[3], row[4]) for row in rows}


def test_what_is_expected_first_comes_first(shipped: dict[str, str], connection: Connection, world: World) -> None:
    found = incoming(connection, PRODUCT, "BROADWAY")
    assert [(each.external_id, each.open_quantity, each.expected_at, each.origin_facility_id) for each in found] == [
        ("SOON", Decimal(4), datetime(2026, 12, 1, 8, 30, tzinfo=UTC), "MAIN_WH"),
        ("LATER", Decimal(10), datetime(2026, 12, 5, tzinfo=UTC), "MAIN_WH"),
        ("SOMEDAY", Decimal(3), None, "VENDOR"),
    ]
    assert opened(connection) == {"SOON": 4, "LATER": 10, "SOMEDAY": 3, "ELSEWHERE": 7}
    assert totals(connection) == {
        (PRODUCT, "BROADWAY"): (17, datetime(2026, 12, 1, 8, 30, tzinfo=UTC), 3),
        (PRODUCT, "MAIN_WH"): (7, None, 1),
        ("10002", "BROADWAY"): (9, None, 1),
    }
    assert world.stock() == {}, "it is no stock"


def test_receiving_in_part_leaves_the_rest_open(shipped: dict[str, str], connection: Connection, world: World) -> None:
    line = ReceivedLine(Decimal(6), Decimal(1), product_id=PRODUCT, rejection_reason="torn")
    shipments.receive(connection, shipped["LATER"], NOW, "first", lines=[line])
    (found,) = [each for each in incoming(connection, PRODUCT) if each.external_id == "LATER"]
    units = [found.quantity, found.accepted, found.rejected, found.open_quantity]
    assert units == [Decimal(10), Decimal(6), Decimal(1), Decimal(3)]
    assert world.stock() == {(PRODUCT, "BROADWAY"): (6, 6)}
    shipments.receive(connection, shipped["LATER"], NOW, "second")
    assert "LATER" not in opened(connection)
    assert world.stock() == {(PRODUCT, "BROADWAY"): (9, 9)}


def test_what_came_in_excess_is_not_owed(shipped: dict[str, str], connection: Connection) -> None:
    line = ReceivedLine(Decimal(6), product_id=PRODUCT)
    received = shipments.receive(connection, shipped["SOON"], NOW, "first", lines=[line])
    assert received.notes == (f"shipment SOON, item 00001, product {PRODUCT}: 6 received, 4 shipped",)
    assert "SOON" not in opened(connection)
    assert totals(connection)[PRODUCT, "BROADWAY"][0] == 13


def test_a_restock_is_incoming_until_its_moment(shipped: dict[str, str], connection: Connection) -> None:
    entry = Entry(PRODUCT, Decimal(50), "BROADWAY", None, NOW + timedelta(hours=1), "Launch")
    connection.execute(b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('demo', 'd', 'c')")
    shipment_id = restock_form.schedule(connection, entry, NOW)
    (found,) = [each for each in incoming(connection, PRODUCT) if each.shipment_id == shipment_id]
    assert (found.open_quantity, found.expected_at) == (Decimal(50), NOW + timedelta(hours=1))
    restocks.reschedule(connection, shipment_id, NOW + timedelta(hours=2), NOW)
    assert totals(connection)[PRODUCT, "BROADWAY"][:2] == (67, NOW + timedelta(hours=2))
    restocks.receive(connection, shipment_id, NOW + timedelta(hours=2))
    assert totals(connection)[PRODUCT, "BROADWAY"][0] == 17


def test_the_items_of_one_product_are_found_without_reading_all(
    shipped: dict[str, str], connection: Connection
) -> None:
    connection.execute(
        b"INSERT INTO product (product_id, internal_name) SELECT 'X' || n, 'x' FROM generate_series(1, 3000) AS n"
    )
    connection.execute(
        b"INSERT INTO shipment_item (shipment_id, shipment_item_seq_id, product_id, quantity, as_of)"
        b" SELECT %s, 'x' || n, 'X' || n, 1, now() FROM generate_series(1, 3000) AS n",
        [shipped["LATER"]],
    )
    connection.execute(
        b"INSERT INTO shipment_receipt (shipment_id, shipment_item_seq_id, product_id, facility_id, quantity_accepted,"
        b" quantity_rejected, received_at, is_in_snapshot, line_number)"
        b" SELECT %s, 'x' || n, 'X' || n, 'BROADWAY', 1, 0, now(), FALSE, n FROM generate_series(1, 3000) AS n",
        [shipped["LATER"]],
    )
    connection.execute(b"ANALYZE")
    plan = connection.execute(
        b"EXPLAIN " + statement(shipments.__file__, "select_incoming"), {"product_id": "X7", "facility_id": None}
    ).fetchall()
    told = "\n".join(row[0] for row in plan)
    assert "Seq Scan on shipment_item " not in told + " "
    assert "Seq Scan on shipment_receipt" not in told
