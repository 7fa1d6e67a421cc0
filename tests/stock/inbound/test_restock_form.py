"""Restocks that are entered in a form."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from include.db.connection import Connection
from include.errors import NeedsAction
from include.stock.inbound import restock_form, restocks
from include.stock.inbound.restock_form import Entry
from include.stock.inbound.restocks import RestockRefused
from tests.world import SHOP, World

NINE = datetime(2125, 11, 20, 9, tzinfo=UTC)
EIGHT = NINE - timedelta(hours=1)
ENTRY = Entry("SKU-P", Decimal(5), "BROADWAY", None, NINE, "January")


@pytest.fixture(autouse=True)
def retailer(world: World) -> None:
    world.facility("BROADWAY", external_id="43")
    world.facility("_NA_", "VIRTUAL_FACILITY", external_id="99")
    world.shop()
    for product in ("P", "Q"):
        world.product(product, netsuite_id=f"5{product}")


def items(connection: Connection) -> list[tuple[str, str, int]]:
    rows = connection.execute(b"SELECT shipment_id, product_id, quantity FROM shipment_item ORDER BY 1, 2")
    return [(row[0], row[1], int(row[2])) for row in rows]


def test_a_form_schedules_a_restock_and_moves_no_stock(connection: Connection, world: World) -> None:
    shipment_id = restock_form.schedule(connection, ENTRY, EIGHT)
    found = restocks.read(connection, shipment_id)
    assert (found.restock_name, found.facility_id, found.shop_id, found.scheduled_at, found.status_id) == (
        "January", "BROADWAY", SHOP, NINE, "SCHEDULED",
    )  # fmt: skip
    assert items(connection) == [(shipment_id, "P", 5)]
    assert world.stock() == {}
    restocks.receive(connection, shipment_id, NINE)
    assert world.stock() == {("P", "BROADWAY"): (5, 5)}


def test_a_kit_is_refused_for_its_components(connection: Connection, world: World) -> None:
    shipment_id = restock_form.schedule(connection, ENTRY, EIGHT)
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = 'Q'")
    with pytest.raises(RestockRefused, match=r"nothing was scheduled: product 'Q' is a kit: .* its components"):
        restock_form.schedule(connection, replace(ENTRY, product="Q"), EIGHT)
    with pytest.raises(RestockRefused, match="product 'Q' is a kit"):
        restocks.edit_item(connection, shipment_id, "Q", Decimal(1), EIGHT)
    assert items(connection) == [(shipment_id, "P", 5)]
    connection.execute(b"UPDATE product SET kit_is_stocked = TRUE WHERE product_id = 'Q'")
    restocks.edit_item(connection, shipment_id, "Q", Decimal(1), EIGHT)
    connection.execute(b"UPDATE product SET kit_is_stocked = FALSE WHERE product_id = 'Q'")
    restocks.edit_item(connection, shipment_id, "Q", Decimal(0), EIGHT)
    assert items(connection) == [(shipment_id, "P", 5), (shipment_id, "Q", 0)]


def test_the_same_form_again_changes_nothing_even_when_its_moment_has_passed(connection: Connection) -> None:
    first = restock_form.schedule(connection, ENTRY, EIGHT)
    assert restock_form.schedule(connection, ENTRY, NINE + timedelta(seconds=1)) == first
    assert items(connection) == [(first, "P", 5)]


def test_forms_of_one_name_place_shop_and_moment_are_one_restock(connection: Connection) -> None:
    first = restock_form.schedule(connection, ENTRY, EIGHT)
    second = replace(ENTRY, product="5Q", facility="43", shop="demo.myshopify.com")
    assert restock_form.schedule(connection, second, EIGHT) == first
    restock_form.schedule(connection, replace(ENTRY, product="P", quantity=Decimal(7)), EIGHT)
    assert items(connection) == [(first, "P", 7), (first, "Q", 5)]
    assert restock_form.schedule(connection, replace(ENTRY, facility=" Broadway", restock_name="X"), EIGHT) != first


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"product": "SKU-X"}, "'SKU-X': no product has it as SKU, product id or other identification"),
        ({"facility": "99"}, "facility '99': no WAREHOUSE or RETAIL_STORE has this id"),
        ({"shop": "other"}, "shop 'other': no such shop is set up"),
        ({"quantity": Decimal(0)}, "nothing was scheduled: quantity 0"),
        ({"restock_name": " "}, "expected more than zero units and a name that is not empty"),
        ({"scheduled_at": EIGHT - timedelta(seconds=1)}, "2125-11-20 07:59:59 UTC is in the past; expected 2125"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_is_scheduled(
    connection: Connection, wrong: dict[str, object], told: str
) -> None:
    with pytest.raises(NeedsAction) as refusal:
        restock_form.schedule(connection, replace(ENTRY, **wrong), EIGHT)  # type: ignore[arg-type]
    assert told in str(refusal.value)
    assert items(connection) == []


def test_a_restock_that_is_over_is_not_scheduled_again(connection: Connection) -> None:
    restocks.cancel(connection, restock_form.schedule(connection, ENTRY, EIGHT), EIGHT)
    with pytest.raises(RestockRefused, match=r"cancelled on .* give a new one another name or time"):
        restock_form.schedule(connection, ENTRY, EIGHT)
