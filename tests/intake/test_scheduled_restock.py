"""Scheduled restocks over real SFTP: a file that schedules, and changes no stock by itself."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import paramiko
import pytest

from include.db.connection import Connection
from include.intake.data_manager import Counts
from include.stock import ledger
from include.stock.inbound import restocks
from tests.intake.drop import Drop, stores
from tests.world import SHOP, World

HEADER = "Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name\n"
SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "hotwax-samples"
LATER = "2125-01-20T09:00Z"
AT_NINE = datetime(2125, 1, 20, 9, tzinfo=UTC)


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    world.shop()
    return Drop(connection, sftp_client, "IMP_SCHEDULED_RSTK")


def scheduled(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        b"SELECT restock_name, facility_id, shop_id, product_store_id, scheduled_at, status_id FROM scheduled_restock"
        b" ORDER BY shipment_id"
    ).fetchall()


def items(connection: Connection) -> dict[str, int]:
    """Units by product, of all restocks together."""
    rows = connection.execute(b"SELECT product_id, sum(quantity) FROM shipment_item GROUP BY 1 ORDER BY 1")
    return {row[0]: int(row[1]) for row in rows}


def test_rows_of_one_name_place_shop_and_time_are_one_restock(drop: Drop, world: World, connection: Connection) -> None:
    outcome = drop(
        HEADER
        + f"SKU-10001,100,{LATER},broadway ,Not_Naked,Demo,January\n"
        + f"SKU-10002,20,{LATER},43,Not_Naked,demo.myshopify.com,January\n"
        + f"SKU-10001,5,{LATER},BROADWAY,,https://demo.myshopify.com/,January\n"
        + f"SKU-10001,7,{LATER},MAIN_WH,,,January\n"
    )
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert outcome.counts == Counts(total=4, changed=4, unchanged=0, superseded=0, failed=0)
    assert scheduled(connection) == [
        ("January", "BROADWAY", SHOP, "Not_Naked", AT_NINE, "SCHEDULED"),
        ("January", "MAIN_WH", SHOP, None, AT_NINE, "SCHEDULED"),
    ]
    shipments = connection.execute(
        b"SELECT shipment_type_id, status_id, destination_facility_id FROM shipment ORDER BY shipment_id"
    ).fetchall()
    assert shipments == [
        ("INCOMING_SHIPMENT", "PURCH_SHIP_CREATED", "BROADWAY"),
        ("INCOMING_SHIPMENT", "PURCH_SHIP_CREATED", "MAIN_WH"),
    ]
    assert items(connection) == {"10001": 112, "10002": 20}
    assert world.stock() == {}
    assert restocks.due(connection, datetime.now(UTC)) == []


def test_the_apps_column_names(drop: Drop, connection: Connection) -> None:
    outcome = drop(
        f"productIdentification,facility,quantity,scheduleTime\nSKU-10001,BROADWAY,3,{LATER}\n", "2025-11-20-0100.csv"
    )
    assert outcome.status_id == "FINISHED"
    assert scheduled(connection) == [("Created 2025-11-20", "BROADWAY", SHOP, None, AT_NINE, "SCHEDULED")]


@pytest.mark.parametrize(("hours", "days"), [(1, 0), (-1, 1)])
def test_a_time_is_the_next_one_after_the_file(drop: Drop, connection: Connection, hours: int, days: int) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    drop.configure(time_zone="Asia/Tokyo")
    written_at = datetime.now(UTC).replace(microsecond=0)
    local = written_at.astimezone(zone)
    clock = (local + timedelta(hours=hours)).replace(second=0)
    # Near midnight the hour to come is tomorrow's, and the hour gone by yesterday's.
    day = local.date() + timedelta(days=days if clock.date() == local.date() else (1 if hours > 0 else 0))
    outcome = drop(HEADER + f"SKU-10001,3,{clock:%H:%M:%S},BROADWAY,,demo,x\n", "restock.csv", written_at)
    assert outcome.status_id == "FINISHED", drop.reasons()
    expected = datetime.combine(day, time(clock.hour, clock.minute), zone)
    assert scheduled(connection)[0][4] == expected


def test_bad_rows_say_why(drop: Drop, world: World, connection: Connection) -> None:
    world.facility("BROADWAY 2")
    connection.execute(b"UPDATE facility SET facility_name = 'Twin' WHERE facility_id IN ('MAIN_WH', 'BROADWAY 2')")
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('EU', 'eu-x.myshopify.com', 'eu')"
    )
    outcome = drop(
        HEADER
        + f"SKU-10001,1,{LATER},Broadway,,e u-x,A\n"
        + f"SKU-77,1,{LATER},Broadway,,demo,A\n"
        + f",1,{LATER},Broadway,,demo,A\n"
        + f"SKU-10001,one,{LATER},Broadway,,demo,A\n"
        + f"SKU-10002,0,{LATER},Broadway,,demo,A\n"
        + f"SKU-10001,1,{LATER},Broadwy,,demo,A\n"
        + f"SKU-10001,1,{LATER},,,demo,A\n"
        + f"SKU-10001,1,{LATER},TWIN,,demo,A\n"
        + f"SKU-10001,1,{LATER},99,,demo,A\n"
        + f"SKU-10001,1,{LATER},Broadway,,Demo Store,A\n"
        + f"SKU-10001,1,{LATER},Broadway,,,A\n"
        + "SKU-10001,1,2025-11-20 09:00,Broadway,,demo,A\n"
        + "SKU-10001,1,tomorrow,Broadway,,demo,A\n"
        + "SKU-10001,1,,Broadway,,demo,A\n"
        + f"SKU-10001,1,{LATER},Broadway\n"
        + f"SKU-10001,1,{LATER},Broadway,,demo,A\n"
    )
    assert outcome.counts == Counts(total=16, changed=1, unchanged=0, superseded=0, failed=15)
    reasons = drop.reasons()
    assert "fields" in reasons.pop(16)
    shops = "EU (eu-x.myshopify.com) or demo (demo.myshopify.com)"
    moment = "expected a date and time such as 2026-11-20T09:00, or a time such as 09:00:00"
    assert reasons == {
        3: "Shopify Product SKU 'SKU-77': no product has this SKU; correct it or set the product up",
        4: "Shopify Product SKU is empty; expected an identifier of the product",
        5: "Restock Quantity 'one' is not a number; expected digits such as 12 or 12.5",
        6: "Restock Quantity 0; expected more than zero",
        7: "Facility 'Broadwy': no facility has this id, NetSuite location or name; name it by its id or NetSuite"
        " location, or set it up",
        8: "Facility is empty; expected the id of a facility",
        9: "Facility 'TWIN': the name of BROADWAY 2 and MAIN_WH; name it by its id or NetSuite location, or set it up",
        10: "facility '_NA_' is a virtual facility; expected a warehouse or retail store",
        11: f"Shopify Store 'Demo Store': no shop, or more than one, is called so; expected {shops}",
        12: f"Shopify Store is empty; expected {shops}",
        13: "Schedule Time '2025-11-20 09:00' is 2025-11-20 09:00:00 UTC, which is in the past; expected a moment to"
        " come",
        14: f"Schedule Time 'tomorrow'; {moment}",
        15: f"Schedule Time ''; {moment}",
        17: "line 5, about the same product, was refused, and a product's rows are added up; correct that one and send"
        " both",
    }
    assert items(connection) == {"10001": 1}


def test_a_corrected_reject_file_completes_the_restock(drop: Drop, connection: Connection) -> None:
    drop(HEADER + f"SKU-10001,5,{LATER},Broadway,,demo,A\nSKU-1002,5,{LATER},Broadway,,demo,A\n")
    name, content = drop.error_file()
    assert drop(content.replace("SKU-1002", "SKU-10002"), name).status_id == "FINISHED"
    assert len(scheduled(connection)) == 1
    assert items(connection) == {"10001": 5, "10002": 5}


def test_a_file_that_comes_twice_counts_once(drop: Drop, connection: Connection) -> None:
    content = HEADER + f"SKU-10001,5,{LATER},Broadway,,demo,A\n"
    drop(content, "one.csv")
    again = drop(content, "two.csv")
    assert again.message == "the same file as log 1: not applied again"
    assert (len(scheduled(connection)), items(connection)) == (1, {"10001": 5})


def test_another_file_about_a_waiting_restock_replaces_its_quantities(drop: Drop, connection: Connection) -> None:
    drop(HEADER + f"SKU-10001,5,{LATER},Broadway,,demo,A\n", "2025-11-20-1200.csv")
    (shipment_id,) = connection.execute(b"SELECT shipment_id FROM scheduled_restock").fetchone() or ("",)
    restocks.reschedule(connection, shipment_id, AT_NINE + timedelta(hours=1), datetime.now(UTC))
    restocks.rename(connection, shipment_id, "B")
    newer = drop(
        HEADER + f"SKU-10001,8,{LATER},Broadway,,demo,A\nSKU-10002,1,{LATER},Broadway,,demo,A\n",
        "2025-11-20-1300.csv",
    )
    assert newer.counts == Counts(total=2, changed=2, unchanged=0, superseded=0, failed=0)
    late = drop(HEADER + f"SKU-10001,6,{LATER},Broadway,,demo,A\n", "2025-11-20-1100.csv")
    assert late.counts == Counts(total=1, changed=0, unchanged=0, superseded=1, failed=0)
    assert items(connection) == {"10001": 8, "10002": 1}
    assert scheduled(connection) == [("B", "BROADWAY", SHOP, None, AT_NINE + timedelta(hours=1), "SCHEDULED")]
    restocks.edit_item(connection, shipment_id, "10001", Decimal(9), datetime.now(UTC))
    drop(HEADER + f"SKU-10001,7,{LATER},Broadway,,demo,A\n", "2025-11-20-1400.csv")
    assert items(connection) == {"10001": 9, "10002": 1}


def test_a_restock_that_is_over_stays_so(drop: Drop, world: World, connection: Connection) -> None:
    drop(HEADER + f"SKU-10001,5,{LATER},Broadway,,demo,A\n")
    (shipment_id,) = connection.execute(b"SELECT shipment_id FROM scheduled_restock").fetchone() or ("",)
    restocks.receive(connection, shipment_id, AT_NINE)
    drop(HEADER + f"SKU-10001,6,{LATER},Broadway,,demo,A\n", "b.csv")
    assert drop.reasons() == {
        2: "restock 'A' at 'BROADWAY', 2125-01-20 09:00 UTC: received on 2125-01-20 09:00 UTC; give a new one another"
        " name or time"
    }
    assert world.stock() == {("10001", "BROADWAY"): (5, 5)}
    assert ledger.out_of_balance(connection) == []


def test_the_other_feeds_leave_a_restocks_shipment_alone(drop: Drop, world: World, connection: Connection) -> None:
    drop(HEADER + f"SKU-10001,5,{LATER},Broadway,,demo,A\n")
    (shipment_id,) = connection.execute(b"SELECT shipment_id FROM scheduled_restock").fetchone() or ("",)
    receipts = Drop(connection, drop.sftp, "RECEIVE_SHIP_ITEMS")
    receipts(f"shipment-id,product-sku,quantity-accepted\n{shipment_id},SKU-10001,5\n")
    assert receipts.reasons() == {
        2: f"shipment-id '{shipment_id}' is the restock 'A', which is received by itself; reschedule it to receive it"
        " now"
    }
    inbound = Drop(connection, drop.sftp, "IMP_TO_SHPMNT")
    inbound(f"shipment-id,product-sku,quantity,destination-facility-id\n{shipment_id},SKU-10001,50,43\n")
    assert inbound.reasons() == {
        2: f"shipment-id '{shipment_id}' is the restock 'A'; change it there, or give this shipment another id"
    }
    assert (world.stock(), items(connection)) == ({}, {"10001": 5})


def test_an_empty_file_and_one_of_another_feed_are_refused(drop: Drop) -> None:
    assert "no rows behind the header" in (drop(HEADER).message or "")
    outcome = drop("Item,externalFacilityId,availableQty,idValue\na,43,6,521\n", "b.csv")
    assert outcome.status_id == "FAILED"
    assert "RESET_INVENTORY (netsuite/inventoryitem/csv)" in (outcome.message or "")
    reset = Drop(drop.connection, drop.sftp, "RESET_INVENTORY")(HEADER + f"SKU-10001,5,{LATER},Broadway,,demo,A\n")
    assert "IMP_SCHEDULED_RSTK (hotwax/restock)" in (reset.message or "")


@pytest.mark.skipif(not SAMPLES.exists(), reason="HotWax's samples are not here")
def test_hotwax_own_sample(drop: Drop, connection: Connection) -> None:
    connection.execute(b"INSERT INTO good_identification VALUES ('SKU', 'MH-1212-N23344', '10001')")
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id)"
        b" VALUES ('DEMO_STORE', 'x.myshopify.com', 'x')"
    )
    # Its 09:00 must not pass while the file is on its way.
    drop.configure(time_zone="Asia/Tokyo" if datetime.now(UTC).hour == 8 else "UTC")
    outcome = drop((SAMPLES / "schedule_restock.csv").read_text(), "restock.csv")
    assert outcome.status_id == "FINISHED", drop.reasons()
    (row,) = scheduled(connection)
    assert row[:4] == ("January_Restock", "BROADWAY", "DEMO_STORE", "Not_Naked")
