"""Random histories of stock, rules, kits, memberships, stores and the clock: the refresh, a full recompute and a plain
model of the formula all say the same.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock import ledger
from include.stock.atp import kits, online_atp
from tests.stock.atp.online_atp_model import expected
from tests.world import ONLINE, World

PLACES = ("BROADWAY", "PEARL", "MAIN_WH", "_NA_", "SECOND_NA", "PRE_ORDER", "PARKING")
MEMBERS = ("BROADWAY", "PEARL", "MAIN_WH", "ONLINE_CONFIG", "SECOND_CONFIG")
PLAIN = ("A", "B", "C")
KITS = ("K", "L", "M")
"""A kit may hold plain products and the kits behind it, so that nothing closes a circle."""

ATTACHED = (
    b"UPDATE facility_group_member SET from_date = %s, thru_date = %s"
    b" WHERE facility_id = %s AND facility_group_id = %s",
    b"UPDATE product_store_facility SET from_date = %s, thru_date = %s WHERE facility_id = %s AND %s <> ''",
)
DATES = (
    ("-infinity", "infinity"),
    ("2020-01-01", "2021-01-01"),
    ("2020-01-01", "infinity"),
    ("2990-01-01", "infinity"),
)


@pytest.fixture
def retailer(world: World) -> World:
    """Two shops of one store and one of its own, five channels, three products and three kits."""
    execute = world.connection.execute
    for place in PLACES[:3]:
        world.facility(place)
    for place in PLACES[3:]:
        world.facility(place, "VIRTUAL_FACILITY")
    for place in MEMBERS[3:]:
        world.facility(place, "CONFIGURATION")
    execute(b"UPDATE facility SET order_queue_type_id = 'PRE_ORDER' WHERE facility_id = 'PRE_ORDER'")
    world.shop()
    world.channel("ONLINE", ONLINE, list(MEMBERS[:3]), queue="_NA_", configuration="ONLINE_CONFIG")
    world.channel("BROADWAY", "broadway", ["BROADWAY"], queue="BROADWAY")
    execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES"
        b" ('second', 'second.myshopify.com', 'c'), ('third', 'third.myshopify.com', 'c')"
    )
    execute(
        b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
        b" queue_facility_id) VALUES ('SECOND', 'second', 'second', 'ONLINE', 'SECOND_NA'),"
        b" ('THIRD', 'third', 'third', 'ONLINE', '_NA_'), ('THIRD_PEARL', 'third', 'pearl', 'BROADWAY', 'PEARL')"
    )
    execute(b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES ('ONLINE', 'SECOND_CONFIG')")
    execute(b"INSERT INTO product_store (product_store_id, store_name) VALUES ('STORE', 'Store')")
    execute(
        b"INSERT INTO product_store_facility (product_store_id, facility_id)"
        b" SELECT 'STORE', unnest(%s::text[])", [list(MEMBERS)]
    )  # fmt: skip
    for product in PLAIN + KITS:
        world.product(product)
        for shop in ("demo", "second", "third"):
            execute(
                b"INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id) VALUES (%s, %s, %s)",
                [shop, product, f"item-{product}"],
            )
    return world


def move(connection: Connection, product: str, place: str, atp: int) -> None:
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(
            b"INSERT INTO movement (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff,"
            b" reason_enum_id) VALUES (%s, %s, %s, %s, 'VAR_MANUAL')",
            [product, place, atp, atp],
        )
        ledger.post(connection, datetime.now(UTC))


def rule(connection: Connection, product: str, place: str, minimum_stock: int, brokering: bool) -> None:
    connection.execute(
        b"INSERT INTO product_facility (product_id, facility_id, minimum_stock, allow_brokering)"
        b" VALUES (%s, %s, %s, %s) ON CONFLICT (product_id, facility_id) DO UPDATE"
        b" SET minimum_stock = excluded.minimum_stock, allow_brokering = excluded.allow_brokering",
        [product, place, minimum_stock, brokering],
    )


def component(connection: Connection, kit: int, part: int, quantity: float, dates: tuple[str, str]) -> None:
    below = PLAIN + KITS[kit + 1 :]
    connection.execute(
        b"INSERT INTO product_assoc (product_id, product_id_to, quantity, from_date, thru_date)"
        b" VALUES (%s, %s, %s, %s, %s)"
        b" ON CONFLICT (product_id, product_id_to, product_assoc_type_id, from_date) DO UPDATE"
        b" SET quantity = excluded.quantity, thru_date = excluded.thru_date",
        [KITS[kit], below[part % len(below)], quantity, *dates],
    )


def end_components(connection: Connection, kit: int) -> None:
    connection.execute(b"DELETE FROM product_assoc WHERE product_id = %s", [KITS[kit]])


def be_kit(connection: Connection, kit: int, is_kit: bool, stocked: bool) -> None:
    connection.execute(
        b"UPDATE product SET product_type_id = %s, kit_is_stocked = %s WHERE product_id = %s",
        ["MARKETING_PKG_PICK" if is_kit else "FINISHED_GOOD", stocked, KITS[kit]],
    )


def attach(connection: Connection, place: str, dates: tuple[str, str], where: int, by_the_clock: bool) -> None:
    """Let a membership be of other dates: set by somebody, or as if the time had come without anybody."""
    _unseen(connection, by_the_clock, ATTACHED[where], [*dates, place, "ONLINE"])


def pass_time(connection: Connection, kit: int, dates: tuple[str, str]) -> None:
    """Let all components of a kit be of other dates, as if the time had come."""
    connection.execute(b"DELETE FROM product_assoc WHERE product_id = %s AND from_date <> '-infinity'", [KITS[kit]])
    _unseen(
        connection, True, b"UPDATE product_assoc SET from_date = %s, thru_date = %s WHERE product_id = %s",
        [*dates, KITS[kit]],
    )  # fmt: skip


def _unseen(connection: Connection, by_the_clock: bool, query: bytes, parameters: list[object]) -> None:
    with connection.transaction():
        if by_the_clock:
            connection.execute(b"SET LOCAL session_replication_role = 'replica'")  # no trigger sees it
        connection.execute(query, parameters)


def configure(connection: Connection, setting: str, value: bool) -> None:
    connection.execute(
        {
            "reserve": b"UPDATE product_store SET reserve_inventory = %s",
            "hold": b"UPDATE product_store SET hold_pre_order_physical_inventory = %s",
            "bundles app": b"UPDATE shopify_shop SET keeps_kit_numbers = %s WHERE shop_id = 'second'",
            "bundle": b"UPDATE shopify_shop_product SET is_bundle = %s"
            b" WHERE product_id IN ('A', 'K') AND shop_id = 'demo'",
            "store": b"UPDATE shopify_shop SET product_store_id = CASE WHEN %s THEN 'STORE' END"
            b" WHERE shop_id <> 'third'",
            "channel": b"UPDATE inventory_channel SET thru_date = CASE WHEN %s THEN 'infinity' ELSE '2020-01-01'"
            b" END::timestamptz WHERE inventory_channel_id = 'SECOND'",
        }[setting],
        [value],
    )


places = st.sampled_from(PLACES)
dates = st.sampled_from(DATES)
products = st.sampled_from(PLAIN + KITS)
kit_numbers = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.just(move), products, places, st.integers(-6, 12).filter(bool)),
    st.tuples(
        st.just(rule),
        products,
        st.sampled_from(PLACES[:3] + MEMBERS[3:]),
        st.integers(0, 4),
        st.integers(0, 3).map(bool),
    ),
    st.tuples(st.just(component), kit_numbers, st.integers(0, 4), st.sampled_from([0.5, 1, 2, 3]), dates),
    st.tuples(st.just(end_components), kit_numbers),
    st.tuples(st.just(be_kit), kit_numbers, st.integers(0, 3).map(bool), st.integers(0, 4).map(lambda each: each == 0)),
    st.tuples(st.just(attach), st.sampled_from(MEMBERS), dates, st.integers(0, 1), st.booleans()),
    st.tuples(st.just(pass_time), kit_numbers, dates),
    st.tuples(
        st.just(configure),
        st.sampled_from(["reserve", "hold", "bundles app", "bundle", "store", "channel"]),
        st.booleans(),
    ),
    st.tuples(st.just(lambda connection: kits.set_up_inventory(connection))),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=4, max_size=14))
def test_refresh_recompute_and_model_agree(
    connection: Connection, retailer: World, history: list[tuple[Any, ...]]
) -> None:
    """Each example goes on where the last one ended: a database is not made anew for each."""
    for act, *arguments in history:
        act(connection, *arguments)
        # After each step: one that marks too little is not to be hidden by the next one's marks.
        online_atp.refresh(connection)
        levels, wanted = targets(connection), expected(connection)
        # What was mapped once keeps its level; what never had a target has none.
        assert {key: levels.get(key) for key in wanted} == wanted, act
    assert online_atp.recompute_all(connection) == 0
    assert targets(connection) == levels
    assert ledger.out_of_balance(connection) == []


def targets(connection: Connection) -> dict[tuple[str, str, str], int | None]:
    rows = connection.execute(b"SELECT shop_id, product_id, location_id, target FROM inventory_level").fetchall()
    return {(row[0], row[1], row[2]): row[3] for row in rows}
