"""Inbound shipments over real SFTP: created and updated, and never a unit of stock."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import paramiko
import pytest

from include.db.connection import Connection
from include.intake.data_manager import Counts
from include.stock import ledger
from include.stock.inbound import shipments
from include.stock.inbound.shipments import ReceivedLine
from tests.intake.drop import Drop, stores
from tests.world import World

SHORT = (
    "external-shipment-id,product-sku,quantity,origin-facility-id,destination-facility-id,item-external-id,"
    "tracking-number,shipment-attribute,shipment-type\n"
)
LONG = (
    "shipment-id,external-shipment-id,shipment-type,shipment-status,origin-facility-id,supplier-id,"
    "supplier-external-id,destination-facility-id,product-id,id-type,product-sku,quantity,serial-number,order-id,"
    "item-external-id,shipment-attribute,tracking-number,\n"
)
PLAIN = "external-shipment-id,product-sku,quantity,destination-facility-id,item-external-id\n"
SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "hotwax-samples"
NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "IMP_TO_SHPMNT")


def items(connection: Connection) -> dict[str, tuple[str, int]]:
    """Product and quantity by item."""
    rows = connection.execute(b"SELECT shipment_item_seq_id, product_id, quantity FROM shipment_item")
    return {row[0]: (row[1], int(row[2])) for row in rows}


def header(connection: Connection, columns: str) -> tuple[object, ...]:
    (row,) = connection.execute(f"SELECT {columns} FROM shipment".encode()).fetchall()
    return tuple(row)


def test_the_short_form_makes_one_shipment_of_its_rows(drop: Drop, world: World, connection: Connection) -> None:
    outcome = drop(
        SHORT
        + "TO-7,SKU-10001,11,44,43,1,7001 | 7002,EXTERNAL_ORDER_ID:TO0005374,IN_TRANSFER\n"
        + "TO-7,SKU-10002,4,44,43,2,7002 | 7003,CARRIER:UPS: Ground | NOTE:x,IN_TRANSFER\n"
    )
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert outcome.counts == Counts(total=2, changed=2, unchanged=0, superseded=0, failed=0)
    assert items(connection) == {"00001": ("10001", 11), "00002": ("10002", 4)}
    assert header(
        connection,
        "external_id, shipment_type_id, status_id, origin_facility_id, destination_facility_id, tracking_numbers,"
        " attributes",
    ) == (
        "TO-7",
        "IN_TRANSFER",
        "PURCH_SHIP_SHIPPED",
        "MAIN_WH",
        "BROADWAY",
        ["7001", "7002", "7003"],
        {"EXTERNAL_ORDER_ID": "TO0005374", "CARRIER": "UPS: Ground", "NOTE": "x"},
    )
    assert world.stock() == {}
    assert connection.execute(b"SELECT count(*) FROM inventory_item_detail").fetchone() == (0,)


def test_the_long_form_names_products_in_three_ways(drop: Drop, connection: Connection) -> None:
    outcome = drop(
        LONG
        + "S1,,PURCHASE_SHIPMENT,PURCH_SHIP_CREATED,ACME depot,SUP,NS-9,MAIN_WH,10001,,,5,SN1,PO1,,,,\n"
        + "S1,,,,,,,MAIN_WH,522,NETSUITE_PRODUCT_ID,,6,,PO1,a,,,\n"
        + "S1,,,,,,,MAIN_WH,,,SKU-10002,7,,PO1,b,,,\n"
        + "S1,,,,,,,MAIN_WH,10001,,,1,SN2,PO1,,,,\n"
    )
    assert outcome.status_id == "FINISHED"
    assert items(connection) == {"00001": ("10001", 6), "00002": ("10002", 6), "00003": ("10002", 7)}
    row = connection.execute(b"SELECT serial_numbers, order_id FROM shipment_item WHERE item_external_id IS NULL")
    assert row.fetchone() == (["SN1", "SN2"], "PO1")
    assert header(
        connection,
        "shipment_id, external_id, shipment_type_id, status_id, origin_facility_id, supplier_id, supplier_external_id",
    ) == ("S1", None, "PURCHASE_SHIPMENT", "PURCH_SHIP_CREATED", "ACME depot", "SUP", "NS-9")


def test_columns_may_be_written_as_one_word(drop: Drop, connection: Connection) -> None:
    outcome = drop("externalShipmentId,Product SKU,Quantity,DestinationFacilityId\nTO-7,SKU-10001,3,BROADWAY\n")
    assert outcome.status_id == "FINISHED"
    assert header(connection, "external_id, shipment_type_id") == ("TO-7", "INCOMING_SHIPMENT")
    assert items(connection) == {"00001": ("10001", 3)}


def test_bad_rows_say_why(drop: Drop, connection: Connection) -> None:
    outcome = drop(
        LONG
        + ",A,,,,,,43,,,SKU-10001,5,,,1,,,\n"
        + ",,,,,,,43,,,SKU-10001,5,,,2,,,\n"
        + ",A,RETURN,,,,,43,,,SKU-10001,5,,,3,,,\n"
        + ",A,,LOST,,,,43,,,SKU-10001,5,,,4,,,\n"
        + ",A,,,,,,43,,,SKU-77,5,,,5,,,\n"
        + ",A,,,,,,77,,,SKU-10001,5,,,6,,,\n"
        + ",A,,,,,,,,,SKU-10001,5,,,7,,,\n"
        + ",A,,,,,,99,,,SKU-10001,5,,,8,,,\n"
        + ",A,,,,,,43,,,SKU-10001,five,,,9,,,\n"
        + ",A,,,,,,43,,,SKU-10001,-5,,,10,,,\n"
        + ",A,,,,,,43,,,SKU-10001,5,,,11,RUSH,,\n"
        + ",A,,,,,,43,,,,5,,,12,,,\n"
        + "TS4711,,,,,,,43,,,SKU-10001,5,,,13,,,\n"
        + "A1,A2,,,,,,43,,,SKU-10001,5,,,14,,,\n"
        + "A1,A3,,,,,,43,,,SKU-10001,5,,,15,,,\n"
        + ",A,,,,,,43\n"
        + ",B,,,,,,43,,,SKU-10001,5,,,1,,,\n"
        + ",B,,,,,,43,,,SKU-10002,5,,,1,,,\n"
    )
    assert outcome.counts == Counts(total=18, changed=1, unchanged=0, superseded=0, failed=17)
    reasons = drop.reasons()
    assert reasons[3].startswith("external-shipment-id and shipment-id are empty")
    assert reasons[4] == (
        "shipment-type 'RETURN': no such type; expected INCOMING_SHIPMENT, IN_TRANSFER, OUT_TRANSFER,"
        " PURCHASE_SHIPMENT, SALES_RETURN, SALES_SHIPMENT"
    )
    assert reasons[5].startswith("shipment-status 'LOST': no such status; expected PURCH_SHIP_CREATED, ")
    assert reasons[6] == (
        "product-id or product-sku 'SKU-77': no product has this SKU; correct it or set the product up"
    )
    assert reasons[7] == (
        "destination-facility-id '77': no facility has this NetSuite location; correct it or set the facility up"
    )
    assert reasons[8].startswith("destination-facility-id is empty")
    assert "virtual facility" in reasons[9]
    assert reasons[10] == "quantity 'five' is not a number; expected digits such as 12 or 12.5"
    assert reasons[11] == "quantity -5 is below zero; expected what was shipped"
    assert reasons[12] == "shipment-attribute 'RUSH'; expected NAME:VALUE, several with | between them"
    assert reasons[13] == "product-id or product-sku is empty; expected an identifier of the product"
    assert reasons[14].startswith("shipment-id 'TS4711': no such shipment; ids of this form are given by Trueup")
    for line in (15, 16):
        assert reasons[line] == "shipment-id 'A1' stands beside the external-shipment-ids 'A2' and 'A3'; expected one"
    assert "fields" in reasons[17]
    for line in (18, 19):
        assert reasons[line] == "item-external-id '1' stands for the products '10001' and '10002'; expected one"
    assert items(connection) == {"00001": ("10001", 5)}


def test_two_destinations_in_one_shipment_are_refused(drop: Drop, connection: Connection) -> None:
    outcome = drop(PLAIN + "A,SKU-10001,5,43,1\nA,SKU-10002,5,44,2\nB,SKU-10002,5,44,1\n")
    assert drop.reasons() == dict.fromkeys(
        (2, 3),
        "the rows of this shipment name the destinations 'BROADWAY' and 'MAIN_WH'; expected one. Correct them, or send"
        " two shipments",
    )
    assert outcome.counts == Counts(total=3, changed=1, unchanged=0, superseded=0, failed=2)
    assert header(connection, "external_id") == ("B",)


def test_an_item_is_taken_with_all_its_rows_or_not(drop: Drop, connection: Connection) -> None:
    drop(PLAIN + "A,SKU-10001,5,43,\nA,SKU-10001,x,43,\nA,SKU-10002,1,43,\n")
    assert drop.reasons()[2] == (
        "line 3, about the same item, was refused, and an item's rows are added up; correct that one and send both"
    )
    assert items(connection) == {"00001": ("10002", 1)}
    name, content = drop.error_file()
    assert drop(content.replace(",x,", ",3,"), name).status_id == "FINISHED"
    assert items(connection) == {"00001": ("10002", 1), "00002": ("10001", 8)}


def test_a_newer_file_replaces_what_it_names_and_an_older_one_only_adds(drop: Drop, connection: Connection) -> None:
    drop(SHORT + "A,SKU-10001,5,X,43,1,p1,N:new,IN_TRANSFER\n", "2026-01-20-1200.csv")
    newer = drop(SHORT + "A,SKU-10001,9,,43,1,p2,,\nA,SKU-10002,2,,43,2,,,\n", "2026-01-20-1300.csv")
    assert newer.counts == Counts(total=2, changed=2, unchanged=0, superseded=0, failed=0)
    again = drop(SHORT + "A,SKU-10001,9,,43,1,p2,,\n", "2026-01-20-1400.csv")
    assert again.counts == Counts(total=1, changed=0, unchanged=1, superseded=0, failed=0)
    late = drop(SHORT + "A,SKU-10001,1,Y,44,1,,,\nA,SKU-10002,3,Y,44,4,p0,N:old|M:old,\n", "2026-01-20-1100.csv")
    assert late.status_id == "FINISHED"
    assert items(connection) == {"00001": ("10001", 9), "00002": ("10002", 2), "00003": ("10002", 3)}
    assert header(connection, "origin_facility_id, destination_facility_id, tracking_numbers, attributes") == (
        "X",
        "BROADWAY",
        ["p1", "p2", "p0"],
        {"N": "new", "M": "old"},
    )
    assert connection.execute(b"SELECT count(*) FROM shipment").fetchone() == (1,)


def test_the_order_of_files_does_not_matter(drop: Drop, connection: Connection) -> None:
    newer = SHORT + "A,SKU-10001,9,,43,1,,,\n"
    drop(newer, "2026-01-20-1300.csv")
    late = drop(SHORT + "A,SKU-10001,5,,43,1,,,\n", "2026-01-20-1200.csv")
    assert late.counts == Counts(total=1, changed=0, unchanged=0, superseded=1, failed=0)
    assert items(connection) == {"00001": ("10001", 9)}


def test_the_same_file_again_changes_nothing(drop: Drop, connection: Connection) -> None:
    content = PLAIN + "A,SKU-10001,5,43,1\n"
    drop(content, at=NOON)
    again = drop(content, at=NOON)
    assert again.message == "the same file as log 1: not applied again"
    assert items(connection) == {"00001": ("10001", 5)}


def test_what_was_received_is_neither_lost_nor_undercut(drop: Drop, connection: Connection) -> None:
    drop(PLAIN + "A,SKU-10001,5,43,1\nA,SKU-10002,5,43,2\n", "2026-01-20-1200.csv")
    (shipment,) = header(connection, "shipment_id")
    lines = [ReceivedLine(Decimal(3), shipment_item_seq_id="00001"), ReceivedLine(Decimal(5), product_id="10002")]
    shipments.receive(connection, str(shipment), NOON, "k", lines=lines)
    outcome = drop(PLAIN + "A,SKU-10001,2,43,1\nA,SKU-10001,7,43,2\nA,SKU-10001,1,43,3\n", "2026-01-20-1300.csv")
    assert drop.reasons() == {
        2: "quantity 2: 3 have been received already; expected no less",
        3: "item-external-id '2': 5 of product '10002' have been received of it already, not of '10001'; send another"
        " product as an item of its own",
    }
    assert outcome.counts == Counts(total=3, changed=1, unchanged=0, superseded=0, failed=2)
    drop(PLAIN + "A,SKU-10002,6,44,2\n", "2026-01-20-1400.csv")
    assert drop.reasons() == {
        2: "destination 'MAIN_WH': the shipment is being received at 'BROADWAY' already; send what goes elsewhere as"
        " another shipment"
    }
    drop(PLAIN + "A,SKU-10001,3,43,1\nA,SKU-10001,0,43,3\n", "2026-01-20-1500.csv")
    assert items(connection) == {"00001": ("10001", 3), "00002": ("10002", 5), "00003": ("10001", 0)}
    assert header(connection, "status_id") == ("PURCH_SHIP_RECEIVED",)
    drop(SHORT + "A,SKU-10001,4,,43,1,,,\n", "2026-01-20-1600.csv")
    assert header(connection, "status_id") == ("PURCH_SHIP_SHIPPED",)
    assert ledger.out_of_balance(connection) == []


def test_the_two_names_of_a_shipment_must_agree(drop: Drop, world: World, connection: Connection) -> None:
    world.product("10003")
    drop("shipment-id,external-shipment-id,product-sku,quantity,destination-facility-id\nS1,E1,SKU-10001,5,43\n")
    drop(
        "shipment-id,external-shipment-id,product-sku,quantity,destination-facility-id\n"
        "S1,,SKU-10001,6,43\n,E1,SKU-10002,2,43\nS2,E1,SKU-10002,2,43\nS1,E2,SKU-10003,2,43\n",
        "2026-11-20-0200-file.csv",
    )
    assert drop.reasons() == {
        4: "external-shipment-id 'E1' is shipment-id 'S1', not 'S2'; correct one of the two",
        5: "shipment-id 'S1' is external-shipment-id 'E1', not 'E2'; correct one of the two",
    }
    assert items(connection) == {"00001": ("10001", 6), "00002": ("10002", 2)}
    assert connection.execute(b"SELECT shipment_id, external_id FROM shipment").fetchall() == [("S1", "E1")]


def test_an_empty_file_and_one_of_another_feed_are_refused(drop: Drop) -> None:
    assert "no rows behind the header" in (drop(PLAIN).message or "")
    outcome = drop("external-shipment-id,product-sku,quantity-accepted\nA,SKU-10001,3\n", "b.csv")
    assert outcome.status_id == "FAILED"
    assert "not an inbound shipment file: no column quantity" in (outcome.message or "")
    assert "RECEIVE_SHIP_ITEMS (hotwax/shipmentreceipt)" in (outcome.message or "")


@pytest.mark.skipif(not SAMPLES.exists(), reason="HotWax's samples are not here")
def test_hotwax_own_sample(drop: Drop, world: World, connection: Connection) -> None:
    world.facility("STORE", external_id="281")
    connection.execute(b"INSERT INTO good_identification VALUES ('SKU', 'SKU-1001', '10001')")
    content = (SAMPLES / "sample-inbound-shipment.csv").read_text()
    assert drop(content).status_id == "FINISHED"
    assert header(connection, "external_id, origin_facility_id, destination_facility_id") == (
        "INBOUND-1001",
        "116",
        "STORE",
    )
