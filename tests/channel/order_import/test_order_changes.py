"""What happens to orders after they were placed: stock, target and position follow at each location concerned."""

from datetime import UTC, datetime, timedelta

import pytest

from include.channel.order_import import orders as order_import
from include.shopify import orders as shopify_orders
from include.shopify.client import Client
from include.shopify.errors import ShopifyError
from include.stock import ledger
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

P, Q = "50001", "50002"


@pytest.fixture
def both(store: Store) -> Store:
    """Ten of each product at Broadway, shown at the counter and online."""
    store.open({P: 10, Q: 10})
    store.world.channel("BROADWAY", STORE_LOCATION, ["BROADWAY"], queue="BROADWAY")
    for product in (P, Q):
        store.emulator.edit_level(item(product), STORE_LOCATION, 10)
    store.plan()
    store.settle()
    return store


def line(product: str = P, units: int = 1, location: str | None = None, **more: object) -> dict[str, object]:
    where = {} if location is None else {"locationId": location}
    return {"inventoryItemId": item(product), "quantity": units, **where, **more}


def sell(store: Store, *lines: dict[str, object], source: str = "web") -> str:
    return store.emulator.place_order(lines, source)


def levels(store: Store, product: str = P) -> dict[str, tuple[int, int | None, int]]:
    """Target, position, and what Shopify shows, online and at the counter."""
    shown = {
        (level["inventoryItemId"], level["locationId"]): int(level["available"]) for level in store.emulator.levels()
    }
    ours = store.world.levels()
    places = (("online", ONLINE), ("store", STORE_LOCATION))
    return {name: (*ours[product, at], shown[item(product), at]) for name, at in places if (product, at) in ours}


def imported(store: Store) -> int:
    """Import, see that positions are what Shopify shows, and that importing again changes nothing."""
    movements = store.import_orders()
    for product in (P, Q):
        for target, position, shown in levels(store, product).values():
            assert position == shown, (product, levels(store, product), target)
    assert store.import_orders() == 0
    assert ledger.out_of_balance(store.connection) == []
    return movements


def stock(store: Store, facility: str, product: str = P) -> tuple[int, int]:
    return store.world.stock().get((product, facility), (0, 0))


def test_a_fulfilment_in_part_issues_that_part(both: Store) -> None:
    order = sell(both, line(P, 3, STORE_LOCATION))
    imported(both)
    assert stock(both, "BROADWAY") == (10, 7)
    both.emulator.fulfil_order(order, [line(P, 1)])
    imported(both)
    assert stock(both, "BROADWAY") == (9, 7)
    both.emulator.cancel_order(order)
    imported(both)
    assert stock(both, "BROADWAY") == (9, 9), "what was handed over stays gone"
    assert levels(both)["store"] == (9, 9, 9)


def test_a_cancelled_fulfilment_waits_again_and_counts_once(both: Store) -> None:
    """Shopify leaves the closed fulfilment order behind with its units, beside a new one with the same units."""
    order = sell(both, line(P, 3, STORE_LOCATION))
    both.emulator.fulfil_order(order)
    imported(both)
    assert stock(both, "BROADWAY") == (7, 7)
    both.emulator.take_back_fulfilment(order)
    imported(both)
    assert stock(both, "BROADWAY") == (10, 7)
    assert levels(both)["store"] == (7, 7, 7)


def test_an_edit_changes_adds_and_removes_lines(both: Store) -> None:
    order = sell(both, line(P, 3, ONLINE))
    imported(both)
    both.emulator.edit_order(order, [line(P, 1), line(Q, 2, ONLINE)])
    imported(both)
    assert (stock(both, "_NA_"), stock(both, "_NA_", Q)) == ((0, -1), (0, -2))
    both.emulator.edit_order(order, [line(P, 0), line(Q, 4)])
    imported(both)
    assert (stock(both, "_NA_"), stock(both, "_NA_", Q)) == ((0, 0), (0, -4))
    assert (levels(both)["online"], levels(both, Q)["online"]) == ((10, 10, 10), (6, 6, 6))


@pytest.mark.parametrize("units", [3, 1])
def test_a_move_moves_both_locations(both: Store, units: int) -> None:
    order = sell(both, line(P, 3, ONLINE), line(Q, 1, ONLINE))
    imported(both)
    both.emulator.move_order(order, STORE_LOCATION, [line(P, units, ONLINE)])
    imported(both)
    assert (stock(both, "_NA_"), stock(both, "BROADWAY")) == ((0, units - 3), (10, 10 - units))
    assert levels(both) == {"online": (7, 7 + units, 7 + units), "store": (10 - units, 10 - units, 10 - units)}
    both.push()
    assert levels(both)["online"] == (7, 7, 7), "the store's reservation is the online location's as well"


def test_a_whole_order_that_moves_twice_and_comes_together_counts_once(both: Store) -> None:
    """Shopify closes the fulfilment orders that come together, and goes on showing their units."""
    order = sell(both, line(P, 2, ONLINE), line(P, 1, STORE_LOCATION))
    both.emulator.move_order(order, STORE_LOCATION)
    imported(both)
    assert (stock(both, "_NA_"), stock(both, "BROADWAY")) == ((0, 0), (10, 7))
    both.emulator.move_order(order, ONLINE)
    imported(both)
    assert (stock(both, "_NA_"), stock(both, "BROADWAY")) == ((0, -3), (10, 10))


def test_a_hold_moves_nothing(both: Store) -> None:
    order = sell(both, line(P, 2, ONLINE))
    imported(both)
    both.emulator.hold_order(order)
    assert imported(both) == 0
    both.emulator.hold_order(order, release=True)
    assert imported(both) == 0
    assert stock(both, "_NA_") == (0, -2)


def test_what_a_customer_brings_back_to_the_store_is_its_stock_again(both: Store) -> None:
    order = sell(both, line(P, 3, STORE_LOCATION), source="pos")
    imported(both)
    assert stock(both, "BROADWAY") == (7, 7)
    both.emulator.refund_order(order, [line(P, 2, STORE_LOCATION, restockType="RETURN")])
    imported(both)
    assert stock(both, "BROADWAY") == (9, 9)
    assert levels(both)["store"] == (9, 9, 9)
    both.emulator.refund_order(order, [line(P, 1, restockType="NO_RESTOCK")])
    assert imported(both) == 0


def test_a_sale_and_its_return_between_two_imports_leave_nothing(both: Store) -> None:
    order = sell(both, line(P, 3, STORE_LOCATION), source="pos")
    both.emulator.refund_order(order, [line(P, 3, STORE_LOCATION, restockType="RETURN")])
    imported(both)
    assert stock(both, "BROADWAY") == (10, 10)
    assert levels(both)["store"] == (10, 10, 10)


def test_what_comes_back_to_the_online_location_waits_for_the_erp(both: Store) -> None:
    """Which facility has it, only the ERP knows: until it says so, the unit is not for sale."""
    order = sell(both, line(P, 3, ONLINE))
    both.emulator.fulfil_order(order)
    imported(both)
    both.emulator.refund_order(order, [line(P, 2, ONLINE, restockType="RETURN")])
    imported(both)
    assert levels(both)["online"] == (7, 9, 9)
    both.push()
    assert levels(both)["online"] == (7, 7, 7)


def test_a_store_takes_back_what_was_sold_online(both: Store) -> None:
    order = sell(both, line(P, 1, ONLINE))
    both.emulator.fulfil_order(order)
    imported(both)
    both.emulator.refund_order(order, [line(P, 1, STORE_LOCATION, restockType="RETURN")])
    imported(both)
    assert stock(both, "BROADWAY") == (11, 11)
    assert levels(both)["store"] == (11, 11, 11)


def test_a_refund_of_open_units_releases_them(both: Store) -> None:
    order = sell(both, line(P, 3, ONLINE))
    imported(both)
    both.emulator.refund_order(order, [line(P, 2, restockType="CANCEL")])
    imported(both)
    assert stock(both, "_NA_") == (0, -1)
    assert levels(both)["online"] == (9, 9, 9)


def test_open_units_that_a_cancelled_order_does_not_restock_have_left_the_store(both: Store) -> None:
    """Shopify takes them out of its stock, so nothing is raised there until the ERP has counted."""
    order = sell(both, line(P, 3, STORE_LOCATION))
    imported(both)
    both.emulator.cancel_order(order, restock=False)
    imported(both)
    assert stock(both, "BROADWAY") == (7, 7)
    assert levels(both)["store"] == (7, 7, 7)


def test_a_part_that_is_cancelled_before_the_rest_moves_is_not_taken_for_restocked_elsewhere(both: Store) -> None:
    order = sell(both, line(P, 3, ONLINE), line(Q, 1, ONLINE))
    both.emulator.refund_order(order, [line(P, 1, restockType="CANCEL"), line(Q, 1, restockType="CANCEL")])
    both.emulator.move_order(order, STORE_LOCATION)
    imported(both)
    assert (stock(both, "BROADWAY"), stock(both, "BROADWAY", Q)) == ((10, 8), (10, 10))
    assert levels(both)["store"] == (8, 8, 8)


@pytest.mark.parametrize("how", ["edited", "removed"])
def test_units_taken_off_without_restock_let_shopify_show_too_little_never_too_much(both: Store, how: str) -> None:
    """The state does not tell what became of them. The next look at the level puts it right."""
    order = sell(both, line(P, 3, ONLINE))
    both.import_orders()
    if how == "edited":
        both.emulator.edit_order(order, [line(P, 1, restock=False)])
    else:
        both.emulator.refund_order(order, [line(P, 2, restockType="NO_RESTOCK", removal=True)])
    both.import_orders()
    assert levels(both)["online"] == (9, 9, 7)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_an_order_of_many_parts_refunds_and_lines_is_read_to_its_end(both: Store) -> None:
    order = sell(both, line(P, 30, ONLINE))
    for _ in range(25):
        both.emulator.edit_order(order, [line(P, 1), line(Q, 1, ONLINE)])
        both.emulator.edit_order(order, [line(P, 2), line(Q, 0)])
    for _ in range(3):
        both.emulator.fulfil_order(order, [line(P, 1)])
        both.emulator.edit_order(order, [line(P, 5)])
    imported(both)
    assert stock(both, "_NA_") == (0, -5)


def break_off(both: Store, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import orders in pages of two, until Shopify fails at the page with a given one."""
    monkeypatch.setattr(shopify_orders, "changed_since", in_pages_of(2, shopify_orders.changed_since))
    read = shopify_orders.read

    def fails(client: Client, wanted: list[str]) -> object:
        if order in wanted:
            raise ShopifyError("gone")
        return read(client, wanted)

    with monkeypatch.context() as broken:
        broken.setattr(shopify_orders, "read", fails)
        with pytest.raises(ShopifyError):
            both.import_orders()


def test_pages_are_committed_one_by_one_and_a_failure_loses_none(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = [sell(both, line(P, 1, ONLINE)) for _ in range(7)]
    break_off(both, placed[4], monkeypatch)
    assert stock(both, "_NA_") == (0, -4)
    assert levels(both)["online"] == (6, 6, 3)
    imported(both)
    assert levels(both)["online"] == (3, 3, 3)


def test_a_first_import_that_breaks_off_goes_on_as_a_first_import(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What had left before Trueup came is not taken out of its stock, on whichever page it is."""
    placed = [sell(both, line(P, 1, STORE_LOCATION), source="pos") for _ in range(5)]
    both.connection.execute(b"UPDATE shopify_shop SET orders_read_through = NULL")
    break_off(both, placed[2], monkeypatch)
    both.emulator.refund_order(placed[0], [line(P, 1, STORE_LOCATION, restockType="RETURN")])
    both.import_orders()
    assert stock(both, "BROADWAY") == (11, 11), "only what was brought back since"
    sell(both, line(P, 1, STORE_LOCATION), source="pos")
    both.import_orders()
    assert stock(both, "BROADWAY") == (10, 10)


def in_pages_of(size: int, changed_since: object) -> object:
    def paged(client: Client, since: datetime | None) -> object:
        for page in changed_since(client, since):  # type: ignore[operator]
            yield from (page[first : first + size] for first in range(0, len(page), size))

    return paged


def test_an_order_of_which_the_search_hears_hours_late_is_found(both: Store) -> None:
    both.emulator.settings(clock_offset=-12 * 3600)
    late = sell(both, line(P, 3, ONLINE))
    both.emulator.settings(clock_offset=0, unindexed_orders=[late])
    sell(both, line(P, 1, ONLINE))
    assert both.import_orders() == 1
    assert levels(both)["online"] == (9, 9, 6)
    both.emulator.settings(unindexed_orders=[])
    imported(both)
    assert levels(both)["online"] == (6, 6, 6)


def test_orders_whose_version_is_known_are_not_looked_up_again(both: Store) -> None:
    both.emulator.settings(clock_offset=-3600)
    for _ in range(3):
        sell(both, line(P, 1, ONLINE))
    both.emulator.settings(clock_offset=0)
    sell(both, line(P, 1, ONLINE))
    assert order_import.import_orders(both.connection, SHOP, both.client).orders == 4
    assert order_import.import_orders(both.connection, SHOP, both.client).orders == 1, "the newest one, once more"


def test_an_older_version_that_comes_later_is_left_out(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order = sell(both, line(P, 3, ONLINE))
    both.import_orders()
    old = list(shopify_orders.read(both.client, [order]))
    both.emulator.advance(60)
    both.emulator.cancel_order(order)
    both.import_orders()
    assert levels(both)["online"] == (10, 10, 10)
    with monkeypatch.context() as stale:
        stale.setattr(shopify_orders, "read", lambda client, wanted: old)
        assert both.import_orders() == 0
    assert levels(both)["online"] == (10, 10, 10)


# --- the moment of a sale ---------------------------------------------------------------------------------------------


def snapshot(store: Store, number: int, as_of: datetime, units: int) -> None:
    """A reset of Broadway by ATP, taken at a moment and processed now."""
    with store.connection.transaction():
        ledger.open_for_posting(store.connection)
        store.connection.execute(
            b"INSERT INTO inventory_snapshot (data_manager_log_id, facility_id, as_of, product_ids)"
            b" VALUES (%s, 'BROADWAY', %s, ARRAY[%s])",
            [number, as_of, P],
        )
        row = store.connection.execute(
            b"SELECT coalesce(sum(available_to_promise_diff), 0) FROM inventory_item_detail"
            b" WHERE product_id = %s AND facility_id = 'BROADWAY' AND effective_at <= %s",
            [P, as_of],
        ).fetchone()
        assert row is not None
        diff = units - row[0]
        if diff:
            store.connection.execute(
                b"INSERT INTO movement (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff,"
                b" reason_enum_id) VALUES (%s, 'BROADWAY', %s, %s, 'VAR_EXT_RESET')",
                [P, diff, diff],
            )
        ledger.post(store.connection, as_of, number)


@pytest.fixture
def long_ago(both: Store) -> Store:
    """The same retailer, whose stock has been there for a day."""
    for units, effective_at in ((-10, datetime.now(UTC)), (10, datetime.now(UTC) - timedelta(days=1))):
        with both.connection.transaction():
            ledger.open_for_posting(both.connection)
            both.connection.execute(
                b"INSERT INTO movement (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff,"
                b" reason_enum_id) VALUES (%s, 'BROADWAY', %s, %s, 'VAR_MANUAL')",
                [P, units, units],
            )
            ledger.post(both.connection, effective_at)
    return both


@pytest.mark.parametrize("comes_first", ["order", "snapshot"])
@pytest.mark.parametrize(("minutes", "counted"), [(30, 8), (10, 10)], ids=["the ERP knows", "it cannot know yet"])
def test_a_sale_is_deducted_once_whether_the_erp_has_counted_it_or_not(
    long_ago: Store, comes_first: str, minutes: int, counted: int
) -> None:
    """A sale is in the ERP a quarter of an hour later; a count is so many minutes later than the sale."""
    long_ago.connection.execute(b"UPDATE shopify_shop SET sales_reach_erp_after = interval '15 minutes'")
    sold = datetime.now(UTC) - timedelta(hours=2)
    place_at_till(long_ago, sold)
    if comes_first == "order":
        imported(long_ago)
    snapshot(long_ago, 3, sold + timedelta(minutes=minutes), counted)
    imported(long_ago)
    assert stock(long_ago, "BROADWAY") == (8, 8)


def test_a_sale_that_the_erp_has_counted_is_deducted_once_also_where_our_clock_is_behind(long_ago: Store) -> None:
    """By our clock neither the sale nor the snapshot has come to pass."""
    long_ago.connection.execute(b"UPDATE shopify_shop SET sales_reach_erp_after = interval '0'")
    sold = datetime.now(UTC) + timedelta(minutes=2)
    place_at_till(long_ago, sold)
    snapshot(long_ago, 3, sold + timedelta(minutes=1), 8)
    imported(long_ago)
    assert stock(long_ago, "BROADWAY") == (8, 8)


def test_a_sale_of_an_unknown_moment_is_in_no_snapshot_that_came_before_it(long_ago: Store) -> None:
    """Also where our clock is behind the ERP's. The next snapshot sets it right."""
    taken = datetime.now(UTC) + timedelta(minutes=3)
    snapshot(long_ago, 3, taken, 10)
    sell(long_ago, line(P, 2, STORE_LOCATION), source="pos")
    imported(long_ago)
    assert stock(long_ago, "BROADWAY") == (8, 8)
    snapshot(long_ago, 4, taken, 10)
    assert stock(long_ago, "BROADWAY") == (8, 8), "it does not take the sale for counted either"
    snapshot(long_ago, 5, taken + timedelta(minutes=1), 8)
    assert stock(long_ago, "BROADWAY") == (8, 8)


def test_what_is_cancelled_before_the_erp_knows_of_it_leaves_no_trace_in_a_snapshot(long_ago: Store) -> None:
    """A reservation ends at its own moment at the earliest, which lies ahead here."""
    long_ago.connection.execute(b"UPDATE shopify_shop SET sales_reach_erp_after = interval '1 hour'")
    order = sell(long_ago, line(P, 2, STORE_LOCATION))
    imported(long_ago)
    long_ago.emulator.cancel_order(order)
    imported(long_ago)
    snapshot(long_ago, 3, datetime.now(UTC), 10)
    assert stock(long_ago, "BROADWAY") == (10, 10)


def test_without_knowing_when_the_erp_knows_a_sale_counts_from_its_import_on(long_ago: Store) -> None:
    """Nothing that was sold is for sale again. The price: the store shows too little until its next snapshot."""
    sold = datetime.now(UTC) - timedelta(hours=2)
    place_at_till(long_ago, sold)
    snapshot(long_ago, 3, sold + timedelta(minutes=10), 10)
    imported(long_ago)
    assert stock(long_ago, "BROADWAY") == (8, 8)


def test_a_return_that_a_snapshot_may_know_of_is_not_added_to_it(long_ago: Store) -> None:
    order = sell(long_ago, line(P, 2, STORE_LOCATION), source="pos")
    imported(long_ago)
    long_ago.emulator.settings(clock_offset=-60)
    long_ago.emulator.refund_order(order, [line(P, 2, STORE_LOCATION, restockType="RETURN")])
    long_ago.emulator.settings(clock_offset=0)
    snapshot(long_ago, 3, datetime.now(UTC) - timedelta(seconds=30), 12)
    before = stock(long_ago, "BROADWAY")
    long_ago.import_orders()
    assert stock(long_ago, "BROADWAY") == before


def place_at_till(store: Store, sold: datetime) -> None:
    store.emulator.place_order([line(P, 2, STORE_LOCATION)], "pos", processedAt=sold.isoformat())
