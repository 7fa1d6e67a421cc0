"""Why a number is what it is: every part of it, for one retailer that has a bit of everything."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import paramiko
import pytest

from include.channel.delivery import outbox
from include.channel.order_import import orders as order_import
from include.channel.planning import planner
from include.db.connection import Connection
from include.shopify.client import Client
from include.shopify.order_state import OrderItem, OrderLine
from include.shopify.orders import Order
from include.stock import __main__
from include.stock.atp import online_atp
from include.stock.explanation import page
from include.stock.explanation.explain import explain
from include.stock.explanation.model import Reason
from include.stock.identify import NotIdentified
from include.stock.inbound import shipments
from include.stock.inbound.shipments import ReceivedLine
from tests import shown_orders
from tests.intake.drop import Drop
from tests.stock import files
from tests.world import ONLINE, SHOP, World

DOCS = Path(__file__).parents[3] / "docs" / "explain.md"
STORE = "gid://shopify/Location/70000000002"
ITEM = "gid://shopify/InventoryItem/46730119250000"
ORDER = "gid://shopify/Order/5551001"
RESET = """Item,externalFacilityId,availableQty,idValue
MH-1212,43,6,521
MH-1212,44,5,521
MH-1212,45,40,521
MH-1212,46,9,521
"""

MOMENT = datetime(2026, 11, 20, 1, tzinfo=UTC)


@pytest.fixture
def retailer(world: World, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three members of the online group, one former member, one store outside; a file, an order and a batch."""
    world.shop()
    for number, facility in enumerate(("BROADWAY", "PEARL", "MAIN_WH", "OUTLET"), 43):
        world.facility(facility, "WAREHOUSE" if facility == "MAIN_WH" else "RETAIL_STORE", str(number))
    world.facility("_NA_", "VIRTUAL_FACILITY")
    world.facility("ONLINE_CONFIG", "CONFIGURATION")
    world.channel("ONLINE", ONLINE, ["BROADWAY", "PEARL", "MAIN_WH"], queue="_NA_", configuration="ONLINE_CONFIG")
    world.channel("BROADWAY", STORE, ["BROADWAY"], queue="BROADWAY")
    world.product("MH-1212", netsuite_id="521")
    connection.execute(b"UPDATE product SET internal_name = 'Chaz hoodie'")
    connection.execute(b"UPDATE good_identification SET id_value = 'MH-1212' WHERE good_identification_type_id = 'SKU'")
    world.in_shop("MH-1212", ITEM)
    world.rule("MH-1212", "PEARL", minimum_stock=7)
    world.rule("MH-1212", "BROADWAY", brokering=False)
    world.rule("MH-1212", "ONLINE_CONFIG", minimum_stock=3)
    files.apply(connection, "RESET_INVENTORY", RESET, MOMENT, "2026-11-20-0100-reset.csv")
    online_atp.refresh(connection)
    see(connection, {ONLINE: 42, STORE: 6})
    connection.execute(b"UPDATE shopify_shop SET orders_read_through = '2020-01-01Z'")
    order = Order(
        order_id=ORDER,
        name="#1001",
        created_at=MOMENT,
        updated_at=MOMENT,
        items=(OrderItem(ITEM, ONLINE, 2, 0),),
        lines=(OrderLine("gid://shopify/LineItem/1", ITEM, 2),),
    )
    shown_orders.show(monkeypatch, {ORDER: order})
    order_import.import_orders(connection, SHOP, cast(Client, None))
    planner.plan(connection, SHOP)
    return world


def see(connection: Connection, available: dict[str, int]) -> None:
    """What a first look finds."""
    for location, quantity in available.items():
        connection.execute(b"UPDATE inventory_level SET position = %s WHERE location_id = %s", [quantity, location])
        connection.execute(
            b"INSERT INTO inventory_drift (shop_id, inventory_item_id, location_id, observed, cause)"
            b" VALUES (%s, %s, %s, %s, 'FIRST_OBSERVATION')",
            [SHOP, ITEM, location, quantity],
        )


def stamped(text: str) -> str:
    """A page without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-11-20 08:15:00Z", text)
    # A statement may number the ledger rows that it writes in any order.
    text = re.sub(r"(?m)^\d+( +2026-11-20 08:15:00Z)", r"1\1", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "0b5ad1d4-32e9-4ad4-b1f4-e3c1a9a6a1a5", text)


@pytest.fixture
def run(
    retailer: World, dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command and gives what it prints."""
    monkeypatch.setenv("DATABASE_URL", dsn)

    def command(*arguments: str, status: int = 0) -> str:
        assert __main__.main(arguments) == status
        printed = capsys.readouterr()
        return printed.err if status else printed.out

    return command


def test_every_part_of_the_number(retailer: World, connection: Connection) -> None:
    explained = explain(connection, SHOP, "MH-1212", ONLINE)
    parts = {part.facility_id: part for part in explained.facilities}
    assert {
        name: (int(part.stock.quantity_on_hand), int(part.stock.available_to_promise)) for name, part in parts.items()
    } == {
        "BROADWAY": (6, 6),
        "PEARL": (5, 5),
        "MAIN_WH": (40, 40),
    }
    assert {name: part.excluded_by for name, part in parts.items()} == {
        "BROADWAY": (Reason.ALLOW_BROKERING_FACILITY,),
        "PEARL": (),
        "MAIN_WH": (),
    }
    assert {name: part.promised for name, part in parts.items()} == {"BROADWAY": 0, "PEARL": 0, "MAIN_WH": 40}
    assert (explained.elsewhere.facilities, int(explained.elsewhere.available_to_promise)) == (1, 9)
    assert (int(explained.threshold), int(explained.deducted)) == (3, 2)
    assert [(order.order_name, order.quantity) for order in explained.orders] == [("#1001", 2)]
    level = explained.level
    assert level is not None
    assert explained.recomputed_target == level.target == 35
    assert (level.position, level.delta) == (40, -5)
    assert level.in_flight is not None
    assert (level.in_flight.status_id, level.in_flight.delta, level.in_flight.change_from_quantity) == (
        "PLANNED",
        -5,
        40,
    )
    assert level.last_seen is not None
    assert level.last_seen.available == 42
    assert not explained.item.is_waiting


def test_every_movement_leads_back_to_its_file_and_line_or_order(retailer: World, connection: Connection) -> None:
    explained = explain(connection, SHOP, "521", ONLINE)
    found = [(row.facility_id, int(row.available_to_promise_diff), row.source) for row in explained.movements]
    file = "2026-11-20-0100-reset.csv line {} (RESET_INVENTORY, log 1)"
    assert found == [
        ("_NA_", -2, f"order #1001 ({ORDER})"),
        ("MAIN_WH", 40, file.format(4)),
        ("PEARL", 5, file.format(3)),
        ("BROADWAY", 6, file.format(2)),
    ]
    assert [row.reason for row in explained.movements[:2]] == ["Reserved for an order", "Reset by another system"]


def test_a_store_location_shows_its_own_stock_and_its_orders_are_in_it(retailer: World, connection: Connection) -> None:
    connection.execute(b"UPDATE product_facility SET allow_brokering = TRUE WHERE facility_id = 'BROADWAY'")
    online_atp.refresh(connection)
    explained = explain(connection, SHOP, ITEM, "BROADWAY")
    assert [part.facility_id for part in explained.facilities] == ["BROADWAY"]
    assert explained.queues == ()
    assert explained.agrees
    assert explained.recomputed_target == 6


def test_what_makes_the_whole_number_zero_is_named(retailer: World, connection: Connection) -> None:
    connection.execute(b"UPDATE product_facility SET allow_brokering = FALSE WHERE facility_id = 'ONLINE_CONFIG'")
    explained = explain(connection, SHOP, "MH-1212", ONLINE)
    assert explained.zero_because == (Reason.ALLOW_BROKERING_INVENTORY_GROUP,)
    assert explained.item.is_waiting
    assert not explained.agrees
    online_atp.refresh(connection)
    assert explain(connection, SHOP, "MH-1212", ONLINE).agrees


def test_where_open_orders_are_not_deducted_and_shopify_is_master(retailer: World, connection: Connection) -> None:
    connection.execute(
        b"UPDATE inventory_channel SET use_valid_atp = FALSE, inventory_master = 'SHOPIFY' WHERE location_id = %s",
        [ONLINE],
    )
    online_atp.refresh(connection)
    explained = explain(connection, SHOP, "MH-1212", ONLINE)
    assert [int(queue.open_quantity) for queue in explained.queues] == [2]
    assert explained.deducted == 0
    assert explained.agrees
    assert explained.recomputed_target is None, "what the location shows, Shopify says"
    text = page.as_text(explained)
    assert "2 in _NA_: not deducted by use_valid_atp" in text
    assert "InventoryMaster: Shopify is master of this location" in text


def test_new_launches_are_left_out_of_the_delta_push(retailer: World, connection: Connection) -> None:
    connection.execute(
        b"INSERT INTO product_category_member (product_category_id, product_id, from_date)"
        b" VALUES ('NEW_LAUNCHED_PROD', 'MH-1212', now() - interval '1 day')"
    )
    explained = explain(connection, SHOP, "MH-1212", STORE)
    assert explained.not_pushed_because == (Reason.HELD_CATEGORY, Reason.IN_FLIGHT)
    assert "HeldCategory: the delta push leaves new launches out" in page.as_text(explained)


def test_the_rule_behind_a_value_is_named_while_it_holds(retailer: World, connection: Connection) -> None:
    connection.execute(
        b"INSERT INTO rule_file (rule_group_type_id, file_name, change_count, status_id) VALUES"
        b" ('RG_SAFETY_STOCK', 'safety.csv', 2, 'IMPORTED'), ('RG_THRESHOLD', 'threshold.csv', 1, 'IMPORTED'),"
        b" ('RG_SHIPPING_FACILITY', 'base.csv', 1, 'IMPORTED'), ('RG_SAFETY_STOCK', 'late.csv', 1, 'PLANNED')"
    )
    connection.execute(
        b"INSERT INTO rule_change VALUES (1, 'MH-1212', 'PEARL', 0, 7, 'SAFETY', 'outdoor'),"
        b" (1, 'MH-1212', 'MAIN_WH', 0, 4, 'SAFETY', 'outdoor'), (2, 'MH-1212', 'ONLINE_CONFIG', 0, 3, 'T', 'all'),"
        b" (3, 'MH-1212', 'BROADWAY', 1, 0, NULL, NULL), (4, 'MH-1212', 'PEARL', 7, 9, 'SAFETY', 'late')"
    )
    text = page.as_text(explain(connection, SHOP, "MH-1212", ONLINE))
    told = [line for line in text.splitlines() if " by its " in line or " by rule " in line]
    assert told == [
        "BROADWAY: brokering by its base, as no rule matches any more, in base.csv",
        "PEARL: safety stock by rule SAFETY/outdoor in safety.csv",
        "ONLINE_CONFIG: threshold by rule T/all in threshold.csv",
    ]


def test_what_is_on_its_way_is_shown_and_is_no_stock(
    retailer: World, connection: Connection, sftp_client: paramiko.SFTPClient
) -> None:
    before = explain(connection, SHOP, "MH-1212", ONLINE)
    assert before.incoming == ()
    assert "INCOMING" not in page.as_text(before)
    header = "external-shipment-id,product-sku,quantity,destination-facility-id,shipment-attribute\n"
    rows = "TO7,MH-1212,10,45,ESTIMATED_ARRIVAL_DATE:2026-12-05\nTO8,MH-1212,4,46,\n"
    Drop(connection, sftp_client, "IMP_TO_SHPMNT")(header + rows)
    explained = explain(connection, SHOP, "MH-1212", ONLINE)
    assert [(each.external_id, each.facility_id) for each in explained.incoming] == [("TO7", "MAIN_WH")]
    assert explained.recomputed_target == before.recomputed_target
    text = page.as_text(explained)
    assert re.search(r"^TO7 +MAIN_WH +10 +10 +2026-12-05 00:00:00Z$", text, re.MULTILINE)
    assert page.as_json(explained)["incoming"][0]["open_quantity"] == 10


def test_what_was_rejected_on_arrival_is_shown_and_is_no_stock(
    retailer: World, connection: Connection, sftp_client: paramiko.SFTPClient
) -> None:
    header = "external-shipment-id,product-sku,quantity,destination-facility-id\n"
    Drop(connection, sftp_client, "IMP_TO_SHPMNT")(header + "TO7,MH-1212,10,45\n")
    before = explain(connection, SHOP, "MH-1212", ONLINE)
    assert before.rejected == ()
    assert "REJECTED" not in page.as_text(before)
    line = ReceivedLine(Decimal(0), Decimal(2), product_id=before.item.product_id, rejection_reason="REJ_RSN_DAMAGED")
    at = datetime(2026, 12, 5, 9, tzinfo=UTC)
    shipments.receive(connection, shipments.identified(connection, "TO7"), at, "receipt 1", lines=[line])
    explained = explain(connection, SHOP, "MH-1212", ONLINE)
    assert explained.recomputed_target == before.recomputed_target
    assert explained.movements == before.movements
    row = r"^TO7 +MAIN_WH +2 +REJ_RSN_DAMAGED +2026-12-05 09:00:00Z +-$"
    assert re.search(row, page.as_text(explained), re.MULTILINE)
    assert page.as_json(explained)["rejected"][0]["quantity"] == 2


def test_memberships_types_and_stock_that_never_was(retailer: World, connection: Connection) -> None:
    retailer.facility("SOON")
    retailer.facility("EMPTY")
    retailer.facility("DEPOT", "VIRTUAL_FACILITY")
    connection.execute(
        b"INSERT INTO facility_group_member VALUES ('ONLINE', 'SOON', now() + interval '1 day'),"
        b" ('ONLINE', 'EMPTY', '-infinity'), ('ONLINE', 'DEPOT', '-infinity')"
    )
    connection.execute(
        b"UPDATE facility_group_member SET thru_date = now() - interval '1 day'"
        b" WHERE facility_group_id = 'ONLINE' AND facility_id = 'PEARL'"
    )
    parts = {part.facility_id: part for part in explain(connection, SHOP, "MH-1212", ONLINE).facilities}
    assert parts["PEARL"].excluded_by == (Reason.INVENTORY_GROUP,)
    assert parts["PEARL"].member_thru is not None
    assert parts["SOON"].excluded_by == (Reason.INVENTORY_GROUP, Reason.PRODUCT_FACILITY)
    assert parts["SOON"].member_from is not None
    assert parts["EMPTY"].excluded_by == (Reason.PRODUCT_FACILITY,)
    assert parts["DEPOT"].excluded_by == (Reason.FACILITY_TYPE, Reason.PRODUCT_FACILITY)


def test_a_level_that_is_not_kept_up_says_so(retailer: World, connection: Connection) -> None:
    connection.execute(
        b"UPDATE inventory_channel SET thru_date = now() - interval '1 hour' WHERE location_id = %s", [ONLINE]
    )
    explained = explain(connection, SHOP, "MH-1212", ONLINE)
    assert explained.no_target_because == (Reason.NOT_MAPPED,)
    connection.execute(b"DELETE FROM shopify_shop_product")
    explained = explain(connection, SHOP, "MH-1212", STORE)
    assert explained.item.inventory_item_id is None
    assert explained.level is not None, "what is left of it is still shown"


def test_what_shopify_confirmed_last_is_what_was_last_seen(retailer: World, connection: Connection) -> None:
    (batch,) = outbox.planned(connection, SHOP)
    sender = outbox.take_over(connection, SHOP)
    outbox.mark_sending(connection, sender, batch)
    outbox.confirm(connection, batch)
    level = explain(connection, SHOP, "MH-1212", ONLINE).level
    assert level is not None
    assert (level.target, level.position, level.delta, level.in_flight) == (35, 35, 0, None)
    assert level.last_seen is not None
    assert (level.last_seen.available, level.last_seen.how) == (35, f"confirmed: batch {batch}")


@pytest.mark.parametrize(
    ("shop", "sku", "location", "message"),
    [
        ("demo", "MH-1213", ONLINE, "nearby: MH-1212"),
        ("demo", "mh-1212 ", ONLINE, "nearby: MH-1212"),
        ("demo", "zzzzzzzz", ONLINE, "nothing is called like it"),
        ("demo", "MH-1212", "70000000009", f"there are {ONLINE} (ONLINE), {STORE} (BROADWAY)"),
        ("demo", "MH-1212", None, "has 2 mapped locations; expected one of them"),
        ("other", "MH-1212", ONLINE, "shop 'other': no such shop is set up; there is demo"),
    ],
)
def test_what_is_not_known_is_answered_with_what_is_near(
    retailer: World, connection: Connection, shop: str, sku: str, location: str | None, message: str
) -> None:
    with pytest.raises(NotIdentified, match=re.escape(message)):
        explain(connection, shop, sku, location)


def test_a_name_of_two_products_is_not_guessed(retailer: World, connection: Connection) -> None:
    retailer.product("10002", netsuite_id="522")
    connection.execute(b"INSERT INTO good_identification VALUES ('UPCA', '77', 'MH-1212'), ('EAN', '77', '10002')")
    with pytest.raises(NotIdentified, match=r"'77' is several products: 10002 \(EAN\), MH-1212 \(UPCA\)"):
        explain(connection, None, "77", ONLINE)
    connection.execute(b"INSERT INTO good_identification VALUES ('SKU', '77', '10002')")
    assert explain(connection, None, "77", ONLINE).item.product_id == "10002"


def test_the_documented_page_is_what_the_command_prints(run: Callable[..., str]) -> None:
    command, expected = re.findall(r"```text\n\$ (.*?)\n(.*?)```", DOCS.read_text(), flags=re.DOTALL)[0]
    assert command.startswith("python -m include.stock ")
    assert stamped(run(*command.split()[3:])) == stamped(expected)


def test_json_holds_the_parts_and_what_follows_from_them(run: Callable[..., str]) -> None:
    told = json.loads(run("explain", "--sku", "MH-1212", "--location", "ONLINE", "--json"))
    assert (told["recomputed_target"], told["agrees"], told["level"]["target"]) == (35, True, 35)
    assert told["facilities"][0]["excluded_by"] == ["AllowBrokeringFacility"]
    assert told["movements"][-1]["source"] == "2026-11-20-0100-reset.csv line 2 (RESET_INVENTORY, log 1)"


def test_the_ledger_of_a_product_and_facility(run: Callable[..., str]) -> None:
    text = run("ledger", "--sku", "MH-1212", "--facility", "45", "--newest", "5").splitlines()
    assert len(text) == 2
    assert text[1].endswith("40  VAR_EXT_RESET  2026-11-20-0100-reset.csv line 4 (RESET_INVENTORY, log 1)")
    (row,) = json.loads(run("ledger", "--sku", "MH-1212", "--facility", "Main_Wh", "--json"))
    assert row["quantity_on_hand_diff"] == 40
    assert "facility 'Pear': no facility has" in run("ledger", "--sku", "MH-1212", "--facility", "Pear", status=1)


def test_a_command_without_a_database_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert __main__.main(["explain", "--sku", "X"]) == 1
    assert "DATABASE_URL is not set" in capsys.readouterr().err


def test_reading_leaves_the_database_alone(retailer: World, connection: Connection) -> None:
    """A page must be safe to open in the middle of everything."""
    row = connection.execute(b"SELECT txid_snapshot_xmax(txid_current_snapshot())").fetchone()
    explain(connection, SHOP, "MH-1212", ONLINE)
    assert connection.execute(b"SELECT txid_snapshot_xmax(txid_current_snapshot())").fetchone() == row
