"""Online ATP against a plain-Python model of the formula, and by the consequences that the formula has."""

from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock import ledger, online_atp
from tests.world import ONLINE, World

STORES = ("BROADWAY", "PEARL", "MAIN_WH")


@pytest.fixture
def shop(world: World) -> World:
    """Two stores and a warehouse that sell online together; Broadway also shows its own stock."""
    world.shop()
    for store in STORES:
        world.facility(store)
    world.facility("_NA_", "VIRTUAL_FACILITY")
    world.facility("ONLINE_CONFIG", "CONFIGURATION")
    world.channel("ONLINE", ONLINE, list(STORES), queue="_NA_", configuration="ONLINE_CONFIG")
    world.channel("BROADWAY", "broadway", ["BROADWAY"], queue="BROADWAY")
    world.product("10001")
    world.in_shop("10001", "item-1")
    return world


def move(connection: Connection, facility: str, atp: int, product: str = "10001") -> None:
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(
            b"INSERT INTO movement VALUES (%s, %s, %s, %s, 'VAR_MANUAL', NULL, NULL)", [product, facility, atp, atp]
        )
        ledger.post(connection, datetime.now(UTC))


def online(connection: Connection, shop: World) -> int:
    online_atp.refresh(connection)
    return shop.levels()["10001", ONLINE][0]


def test_facilities_add_up(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 3)
    move(connection, "MAIN_WH", 40)
    assert online(connection, shop) == 43
    assert shop.levels()["10001", "broadway"] == (3, None)


def test_safety_stock_cannot_eat_another_facilitys_stock(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 3)
    move(connection, "PEARL", 5)
    shop.rule("10001", "BROADWAY", minimum_stock=10)
    assert online(connection, shop) == 5


def test_a_threshold_is_held_back_from_the_channel_only(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    shop.rule("10001", "ONLINE_CONFIG", minimum_stock=3)
    assert online(connection, shop) == 5
    assert shop.levels()["10001", "broadway"][0] == 8


def test_the_order_queue_is_deducted(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "_NA_", -2)
    assert online(connection, shop) == 6


def test_a_facility_without_brokering_counts_for_nothing(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "PEARL", 2)
    shop.rule("10001", "BROADWAY", brokering=False)
    assert online(connection, shop) == 2


def test_brokering_off_for_the_channel_shows_nothing(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    shop.rule("10001", "ONLINE_CONFIG", brokering=False)
    assert online(connection, shop) == 0


def test_a_negative_facility_counts_as_nothing_but_can_suppress_the_product(
    connection: Connection, shop: World
) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "PEARL", -3)
    assert online(connection, shop) == 8
    move(connection, "PEARL", -6)
    assert online(connection, shop) == 0, "the facilities add up to -1"


def test_a_membership_that_has_ended_or_not_begun_counts_for_nothing(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "PEARL", 2)
    connection.execute(
        b"UPDATE facility_group_member SET thru_date = now() - interval '1 minute'"
        b" WHERE facility_id = 'BROADWAY' AND facility_group_id = 'ONLINE'"
    )
    assert online(connection, shop) == 2


def test_a_facility_cannot_be_a_member_twice_at_once(connection: Connection, shop: World) -> None:
    with pytest.raises(psycopg.errors.ExclusionViolation, match="facility BROADWAY is in group ONLINE already"):
        connection.execute(
            b"INSERT INTO facility_group_member (facility_group_id, facility_id, from_date)"
            b" VALUES ('ONLINE', 'BROADWAY', now() - interval '1 day')"
        )


def test_no_more_is_shown_than_shopify_can_show(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 3_000_000_000)
    assert online(connection, shop) == 1_000_000_000


def test_only_marked_products_are_computed_and_each_mark_is_taken_once(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    assert online_atp.refresh(connection) == 2
    assert online_atp.refresh(connection) == 0
    assert connection.execute(b"SELECT count(*) FROM dirty_product").fetchone() == (0,)


def test_a_mark_made_while_another_is_drained_is_not_lost(dsn: str, connection: Connection, shop: World) -> None:
    """The gap that a key on `dirty_product` would open: a change that commits while its product's mark is taken."""
    from include.db.connection import connect

    move(connection, "BROADWAY", 8)
    with connect(dsn) as late, late.transaction():
        ledger.open_for_posting(late)
        late.execute(b"INSERT INTO movement VALUES ('10001', 'PEARL', 5, 5, 'VAR_MANUAL', NULL, NULL)")
        ledger.post(late, datetime.now(UTC))
        assert online(connection, shop) == 8
    assert online(connection, shop) == 13


def test_a_location_cannot_be_mapped_twice(shop: World) -> None:
    with pytest.raises(Exception, match="is mapped twice"):
        shop.channel("AGAIN", ONLINE, ["BROADWAY"], queue="_NA_")


quantities = st.integers(-6, 12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(STORES), quantities),
    st.dictionaries(st.sampled_from(STORES), st.tuples(st.integers(0, 5), st.booleans())),
    st.tuples(st.integers(0, 5), st.booleans()),
    st.integers(-5, 0),
)
def test_random_retailers_match_the_formula(
    connection: Connection,
    shop: World,
    stock: dict[str, int],
    rules: dict[str, tuple[int, bool]],
    channel: tuple[int, bool],
    queue: int,
) -> None:
    # The ledger cannot be emptied, so each example works on a product of its own.
    row = connection.execute(b"SELECT count(*) FROM product").fetchone()
    assert row is not None
    product = f"p{row[0]}"
    shop.product(product)
    shop.in_shop(product, f"item-{product}")
    for facility, quantity in [*stock.items(), ("_NA_", queue)]:
        if quantity:
            move(connection, facility, quantity, product)
    for facility, (minimum, brokering) in {**rules, "ONLINE_CONFIG": channel}.items():
        shop.rule(product, facility, minimum, brokering)
    online_atp.refresh(connection)

    on = [name for name, quantity in stock.items() if quantity and rules.get(name, (0, True))[1]]
    promised = sum(max(0, stock[name] - rules.get(name, (0, True))[0]) for name in on)
    if sum(stock[name] for name in on) < 0:
        promised = 0
    expected = max(0, promised - channel[0] + queue) if channel[1] else 0
    assert shop.levels()[product, ONLINE][0] == expected
    levels = shop.levels()
    assert online_atp.recompute_all(connection) == 0, "a full recompute finds nothing that the refresh has missed"
    assert shop.levels() == levels
    assert ledger.out_of_balance(connection) == []
