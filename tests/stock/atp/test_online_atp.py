"""Online ATP against a plain-Python model of the formula, and by the consequences that the formula has."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection, connect
from include.sandbox import readiness
from include.stock import __main__, ledger
from include.stock.atp import online_atp
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


def move(connection: Connection, facility: str, atp: float, product: str = "10001") -> None:
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


def test_a_part_of_a_unit_is_not_sold(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 2.75)
    assert online(connection, shop) == 2
    move(connection, "PEARL", 0.25)
    assert online(connection, shop) == 3, "parts add up"


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
    move(connection, "_NA_", +5)
    assert online(connection, shop) == 8, "a queue promises nothing"


def test_a_facility_without_brokering_counts_for_nothing(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "PEARL", 2)
    shop.rule("10001", "BROADWAY", brokering=False)
    assert online(connection, shop) == 2
    move(connection, "BROADWAY", -18)
    assert online(connection, shop) == 2, "nor does it suppress the product"


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
    move(connection, "PEARL", -5)
    assert online(connection, shop) == 8, "the facilities add up to nothing, not to less"
    move(connection, "PEARL", -1)
    assert online(connection, shop) == 0, "the facilities add up to -1"


@pytest.mark.parametrize(
    "change", [b"thru_date = now() - interval '1 minute'", b"from_date = now() + interval '1 minute'"]
)
def test_a_membership_that_has_ended_or_not_begun_counts_for_nothing(
    connection: Connection, shop: World, change: bytes
) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "PEARL", 2)
    connection.execute(
        b"UPDATE facility_group_member SET "
        + change
        + b" WHERE facility_id = 'BROADWAY' AND facility_group_id = 'ONLINE'"
    )
    assert online(connection, shop) == 2


@pytest.mark.parametrize(
    "change",
    [b"thru_date = now() - interval '1 hour'", b"from_date = now() + interval '1 hour'"],
    ids=["ended", "to come"],
)
def test_a_location_whose_mapping_is_not_in_force_has_no_target(
    connection: Connection, shop: World, change: bytes
) -> None:
    move(connection, "BROADWAY", 3)
    online_atp.refresh(connection)
    connection.execute(b"UPDATE inventory_channel SET " + change + b" WHERE location_id = 'broadway'")
    move(connection, "BROADWAY", 1)
    assert online(connection, shop) == 4
    assert shop.levels()["10001", "broadway"][0] is None


def test_a_queue_that_is_a_member_of_the_group_promises_nothing(connection: Connection, shop: World) -> None:
    shop.facility("PARKING", "VIRTUAL_FACILITY")
    connection.execute(
        b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES ('ONLINE', 'PARKING')"
    )
    move(connection, "BROADWAY", 8)
    move(connection, "PARKING", 5)
    assert online(connection, shop) == 8


def test_a_membership_begins_and_ends_by_the_clock(connection: Connection, shop: World) -> None:
    """Nobody touches the row when its time comes."""
    move(connection, "PEARL", 2)
    move(connection, "BROADWAY", 8)
    connection.execute(
        b"UPDATE facility_group_member SET from_date = clock_timestamp() + interval '400 ms',"
        b" thru_date = clock_timestamp() + interval '2400 ms'"
        b" WHERE facility_group_id = 'ONLINE' AND facility_id = 'BROADWAY'"
    )
    seen: list[int] = []

    def is_over() -> bool:
        seen.append(online(connection, shop))
        return len(seen) > 1 and seen[-1] == 2 and 10 in seen

    readiness.wait_until("the end of the membership", is_over, wait_s=20)


def store(connection: Connection, **settings: bool) -> None:
    """Let the shop belong to a store that sells from everywhere, with some settings."""
    connection.execute(b"INSERT INTO product_store (product_store_id, store_name) VALUES ('STORE', 'Store')")
    connection.execute(
        b"INSERT INTO product_store_facility (product_store_id, facility_id) SELECT 'STORE', facility_id FROM facility"
        b" WHERE facility_type_id <> 'VIRTUAL_FACILITY'"
    )
    for name, value in settings.items():
        connection.execute(f"UPDATE product_store SET {name} = %s".encode(), [value])
    connection.execute(b"UPDATE shopify_shop SET product_store_id = 'STORE'")


def test_a_store_that_does_not_reserve_deducts_no_queue(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "_NA_", -2)
    assert online(connection, shop) == 6
    store(connection, reserve_inventory=False)
    assert online(connection, shop) == 8
    move(connection, "_NA_", -18)
    assert online(connection, shop) == 8, "however many are open"


def test_a_facility_that_the_store_does_not_sell_from_counts_for_nothing(connection: Connection, shop: World) -> None:
    move(connection, "BROADWAY", 8)
    move(connection, "PEARL", 2)
    store(connection)
    assert online(connection, shop) == 10
    for span in (b"thru_date = '2020-01-01'", b"from_date = '2099-01-01', thru_date = 'infinity'"):
        connection.execute(b"UPDATE product_store_facility SET " + span + b" WHERE facility_id = 'BROADWAY'")
        assert online(connection, shop) == 2


def test_open_pre_orders_hold_the_product_where_the_store_says_so(connection: Connection, shop: World) -> None:
    for queue in ("PRE_ORDER_PARKING", "UNFILLABLE_PARKING"):
        shop.facility(queue, "VIRTUAL_FACILITY")
    connection.execute(b"UPDATE facility SET order_queue_type_id = 'PRE_ORDER' WHERE facility_id = 'PRE_ORDER_PARKING'")
    move(connection, "BROADWAY", 8)
    move(connection, "UNFILLABLE_PARKING", -3)
    assert online(connection, shop) == 5
    store(connection, hold_pre_order_physical_inventory=True)
    assert online(connection, shop) == 5, "no pre-order is open"
    move(connection, "PRE_ORDER_PARKING", -1)
    assert online(connection, shop) == 0
    move(connection, "PRE_ORDER_PARKING", +1)
    assert online(connection, shop) == 5, "it was cancelled"
    move(connection, "PRE_ORDER_PARKING", -1)
    assert online(connection, shop) == 0
    assert shop.levels()["10001", "broadway"][0] == 8, "at the store's own location it is sold"
    connection.execute(b"UPDATE product_store SET hold_pre_order_physical_inventory = FALSE")
    assert online(connection, shop) == 4


def test_without_a_store_pre_orders_are_deducted_like_any_other(connection: Connection, shop: World) -> None:
    shop.facility("PRE_ORDER_PARKING", "VIRTUAL_FACILITY")
    connection.execute(b"UPDATE facility SET order_queue_type_id = 'PRE_ORDER' WHERE facility_id = 'PRE_ORDER_PARKING'")
    move(connection, "BROADWAY", 8)
    move(connection, "PRE_ORDER_PARKING", -1)
    assert online(connection, shop) == 7


def test_each_shop_follows_the_store_that_it_belongs_to(connection: Connection, shop: World) -> None:
    """The other store sells from nowhere, reserves nothing and holds for pre-orders: none of it is this shop's."""
    store(connection)
    connection.execute(
        b"INSERT INTO product_store (product_store_id, store_name, reserve_inventory,"
        b" hold_pre_order_physical_inventory) VALUES ('ANOTHER', 'Another', FALSE, TRUE)"
    )
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id, product_store_id)"
        b" VALUES ('other', 'o.myshopify.com', 'o', 'ANOTHER')"
    )
    shop.facility("OTHER_QUEUE", "VIRTUAL_FACILITY")
    connection.execute(
        b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
        b" queue_facility_id) VALUES ('OTHER', 'other', 'other', 'ONLINE', 'OTHER_QUEUE')"
    )
    connection.execute(
        b"INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id) VALUES ('other', '10001', 'i')"
    )
    move(connection, "BROADWAY", 8)
    move(connection, "_NA_", -2)
    assert online(connection, shop) == 6
    assert shop.levels()["10001", "other"][0] == 0
    connection.execute(
        b"INSERT INTO product_store_facility (product_store_id, facility_id) VALUES ('ANOTHER', 'BROADWAY')"
    )
    assert online(connection, shop) == 6
    assert shop.levels()["10001", "other"][0] == 8


def test_queues_of_the_store_and_of_nobody_are_deducted_and_another_shops_is_not(
    connection: Connection, shop: World
) -> None:
    for queue in ("OTHER_QUEUE", "PARKING"):
        shop.facility(queue, "VIRTUAL_FACILITY")
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('other', 'o.myshopify.com', 'o')"
    )
    connection.execute(
        b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
        b" queue_facility_id) VALUES ('OTHER', 'other', 'other', 'ONLINE', 'OTHER_QUEUE')"
    )
    connection.execute(
        b"INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id) VALUES ('other', '10001', 'i')"
    )
    move(connection, "BROADWAY", 20)
    move(connection, "_NA_", -1)
    move(connection, "OTHER_QUEUE", -3)
    move(connection, "PARKING", -5)
    assert online(connection, shop) == 14
    assert shop.levels()["10001", "other"][0] == 12
    store(connection)
    assert online(connection, shop) == 11, "both shops belong to one store now"


def test_the_strictest_of_the_channels_configuration_facilities_counts(connection: Connection, shop: World) -> None:
    shop.facility("SECOND_CONFIG", "CONFIGURATION")
    connection.execute(
        b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES ('ONLINE', 'SECOND_CONFIG')"
    )
    move(connection, "BROADWAY", 8)
    shop.rule("10001", "ONLINE_CONFIG", minimum_stock=1)
    shop.rule("10001", "SECOND_CONFIG", minimum_stock=3)
    assert online(connection, shop) == 5
    connection.execute(b"UPDATE product_facility SET allow_brokering = FALSE WHERE facility_id = 'ONLINE_CONFIG'")
    assert online(connection, shop) == 0


def test_a_product_without_a_rule_has_no_threshold_and_one_without_stock_shows_0(
    connection: Connection, shop: World
) -> None:
    """HotWax has no row for it; Shopify has one, and it must not keep an old number."""
    assert online(connection, shop) == 0


def test_the_documented_sum_is_75(connection: Connection, shop: World) -> None:
    """QOH 100 less reserved, safety stock, threshold, brokering queue and what excluded facilities have: 5 each."""
    move(connection, "BROADWAY", 95)
    move(connection, "BROADWAY", -5)
    shop.facility("EXCLUDED")
    move(connection, "EXCLUDED", 5)
    shop.rule("10001", "BROADWAY", minimum_stock=5)
    shop.rule("10001", "ONLINE_CONFIG", minimum_stock=5)
    move(connection, "_NA_", -5)
    assert online(connection, shop) == 75


def test_a_full_recompute_repairs_what_somebody_wrote_by_hand(
    dsn: str, connection: Connection, shop: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    move(connection, "BROADWAY", 8)
    online_atp.refresh(connection)
    connection.execute(b"UPDATE inventory_level SET target = 77")
    assert online(connection, shop) == 77
    monkeypatch.setenv("DATABASE_URL", dsn)
    assert __main__.main(["recompute"]) == 0
    assert capsys.readouterr().out == "2 levels got another target\n"
    assert shop.levels()["10001", ONLINE][0] == 8


def test_an_import_of_orders_marks_no_product(connection: Connection, shop: World) -> None:
    online_atp.refresh(connection)
    connection.execute(b"UPDATE shopify_shop SET orders_read_through = now()")
    connection.execute(b"UPDATE inventory_channel SET location_id = location_id WHERE FALSE")
    assert connection.execute(b"SELECT count(*) FROM dirty_product").fetchone() == (0,)


def test_a_refresh_reads_by_indexes_only(connection: Connection, shop: World) -> None:
    """What it costs must not grow with the catalogue: no pass over levels, stock, ledger, mappings or rules."""
    connection.execute(b"SET session_replication_role = 'replica'")
    for fill in (
        b"INSERT INTO product (product_id, internal_name) SELECT 'p' || n, 'p' FROM generate_series(1, 20000) AS n",
        b"INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id)"
        b" SELECT 'demo', product_id, 'item-' || product_id FROM product WHERE product_id LIKE 'p%'",
        b"INSERT INTO inventory_item SELECT product_id, facility_id, 5, 5 FROM product CROSS JOIN facility",
        b"INSERT INTO inventory_item_detail (product_id, facility_id, quantity_on_hand_diff,"
        b" available_to_promise_diff, reason_enum_id, effective_at)"
        b" SELECT product_id, facility_id, 5, 5, 'VAR_MANUAL', now() FROM inventory_item",
        b"INSERT INTO product_facility (product_id, facility_id) SELECT product_id, facility_id FROM inventory_item",
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target)"
        b" SELECT mapped.shop_id, mapped.inventory_item_id, channel.location_id, mapped.product_id, 15"
        b" FROM shopify_shop_product AS mapped CROSS JOIN inventory_channel AS channel",
        b"INSERT INTO product_assoc (product_id, product_id_to) SELECT 'p' || n, 'p' || n + 1"
        b" FROM generate_series(15001, 19998, 2) AS n",
        b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK'"
        b" WHERE product_id IN (SELECT product_id FROM product_assoc)",
    ):
        connection.execute(fill)
    connection.execute(b"SET session_replication_role = 'origin'")
    online_atp.refresh(connection)
    connection.execute(b"ANALYZE")
    connection.execute(
        b"INSERT INTO dirty_product SELECT product_id FROM product ORDER BY hashtext(product_id) LIMIT 200"
    )
    large = ("inventory_level", "inventory_item", "inventory_item_detail", "product_facility", "shopify_shop_product",
             "product", "product_assoc")  # fmt: skip
    before = passes(connection, large)
    assert before.keys() == set(large)
    online_atp.refresh(connection)
    assert passes(connection, large) == before


def passes(connection: Connection, tables: tuple[str, ...]) -> dict[str, int]:
    """How often each table was read from end to end so far."""
    connection.execute(b"SELECT pg_stat_force_next_flush()")
    connection.execute(b"SELECT pg_stat_clear_snapshot()")
    rows = connection.execute(
        b"SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = any(%s)", [list(tables)]
    )
    return {row[0]: row[1] for row in rows}


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
    move(connection, "BROADWAY", 8)
    with connect(dsn) as late, late.transaction():
        ledger.open_for_posting(late)
        late.execute(b"INSERT INTO movement VALUES ('10001', 'PEARL', 5, 5, 'VAR_MANUAL', NULL, NULL)")
        ledger.post(late, datetime.now(UTC))
        assert online(connection, shop) == 8
    assert online(connection, shop) == 13


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
