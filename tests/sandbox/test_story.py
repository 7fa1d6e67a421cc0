"""What the demo's NetSuite exports."""

from include.db.connection import Connection
from include.sandbox import retailer, story
from tests.world import World


def test_what_somebody_has_added_to_the_demo_is_not_in_its_export(connection: Connection, world: World) -> None:
    known = retailer.products()[0].product_id
    for facility in ("POPUP", "BROADWAY"):
        world.facility(facility)
    for product in (known, "MINE"):
        world.product(product)
    for product, facility in ((known, "POPUP"), ("MINE", "BROADWAY"), (known, "BROADWAY")):
        connection.execute(
            b"INSERT INTO inventory_item (product_id, facility_id, quantity_on_hand_total, available_to_promise_total)"
            b" VALUES (%s, %s, 17, 17)",
            [product, facility],
        )
    stock, changed = story.changed_stock(connection)
    lines = story.reset_file(stock).splitlines()
    assert len(lines) - 1 == len(stock) == len(retailer.products()) * len(retailer.FACILITIES)
    assert changed == story.CHANGES
