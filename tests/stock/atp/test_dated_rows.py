"""What begins or ends by the clock is noticed by comparing each dated row with what was applied of it."""

from __future__ import annotations

from include.db.connection import Connection
from include.db.sql import statement
from include.stock.atp import online_atp
from tests.world import SHOP, World

SPANS = {
    "as long as it lasts": ("-1 day", "1 day", True),
    "as it begins": ("0", "1 day", True),
    "as it ends": ("-1 day", "0", False),
    "after its end": ("-2 days", "-1 day", False),
    "before it begins": ("1 day", "2 days", False),
}
"""From and thru, from now, and whether it is current."""

TABLES = {
    "facility_group_member": "facility_id",
    "product_store_facility": "facility_id",
    "inventory_channel": "location_id",
    "product_assoc": "product_id",
}
"""How each table's rows are told apart."""


def lay(world: World, name: str) -> None:
    """A row in each table."""
    world.facility(name)
    world.product(name)
    world.connection.execute(
        b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES ('GROUP', %s)", [name]
    )
    world.connection.execute(
        b"INSERT INTO product_store_facility (product_store_id, facility_id) VALUES ('STORE', %s)", [name]
    )
    world.connection.execute(
        b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
        b" queue_facility_id) VALUES (%s, %s, %s, 'GROUP', %s)",
        [name, SHOP, name, name],
    )
    world.connection.execute(
        b"INSERT INTO product_assoc (product_id, product_id_to, product_assoc_type_id, quantity)"
        b" VALUES (%s, 'COMPONENT', 'PRODUCT_COMPONENT', 1)",
        [name],
    )


def test_dated_rows_are_turned_once_their_time_has_come(connection: Connection, world: World) -> None:
    world.shop()
    world.product("COMPONENT")
    connection.execute(b"INSERT INTO facility_group (facility_group_id, facility_group_name) VALUES ('GROUP', 'Group')")
    connection.execute(b"INSERT INTO product_store (product_store_id, store_name) VALUES ('STORE', 'Store')")
    expected: dict[str, bool] = {}
    with connection.transaction():
        for span, (since, until, is_current) in SPANS.items():
            for applied in (True, False):
                name = f"{span}, {'' if applied else 'not '}applied"
                expected[name] = is_current
                lay(world, name)
                for table, key in TABLES.items():
                    connection.execute(
                        f"UPDATE {table} SET from_date = now() + %s::interval, thru_date = now() + %s::interval,"
                        f" is_current = %s WHERE {key} = %s".encode(),
                        [since, until, applied, name],
                    )
        connection.execute(statement(online_atp.__file__, "notice_dates"))
        for table, key in TABLES.items():
            rows = connection.execute(f"SELECT {key}, is_current FROM {table}".encode()).fetchall()
            assert dict(rows) == expected, table
