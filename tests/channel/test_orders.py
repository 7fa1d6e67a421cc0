"""Orders by state: imported again they change nothing, and target and position move together."""

from include.stock import ledger
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE

P = "50001"


def test_importing_again_changes_nothing(store: Store) -> None:
    store.open({P: 10})
    store.sell(P, 3)
    assert store.import_orders() == 1
    assert store.import_orders() == 0
    assert store.level(P) == (7, 7)
    assert store.world.stock()[P, "_NA_"] == (0, -3)


def test_a_cancelled_order_gives_back_what_it_took(store: Store) -> None:
    store.open({P: 10})
    order = store.sell(P, 3)
    store.import_orders()
    store.emulator.cancel_order(order)
    assert store.import_orders() == 1
    assert store.level(P) == (10, 10)
    store.push()
    assert store.applied(P) == []
    assert store.shown(P) == 10
    assert ledger.out_of_balance(store.connection) == []


def test_what_left_the_building_before_trueup_came_is_not_taken_out_again(store: Store) -> None:
    """The first import finds old orders: those that have left are in nobody's stock, open ones reserve."""
    store.open({P: 10})
    left, still_open = store.sell(P, 4), store.sell(P, 3)
    store.emulator.fulfil_order(left)
    store.connection.execute(b"UPDATE shopify_shop SET orders_read_through = NULL")
    store.import_orders()
    assert store.world.stock()[P, "_NA_"] == (0, -3)
    store.emulator.cancel_order(still_open)
    store.import_orders()
    assert store.world.stock()[P, "_NA_"] == (0, 0)


def test_an_order_placed_and_cancelled_between_two_imports_leaves_nothing(store: Store) -> None:
    store.open({P: 10})
    store.emulator.cancel_order(store.sell(P, 3))
    assert store.import_orders() == 0
    assert store.level(P) == (10, 10)


def test_an_online_order_stays_reserved_when_it_is_fulfilled(store: Store) -> None:
    """Which facility it left from is for the ERP to say; until then the unit must not come back for sale."""
    store.open({P: 10})
    order = store.sell(P, 3)
    store.import_orders()
    store.emulator.fulfil_order(order)
    assert store.import_orders() == 1
    assert store.level(P) == (7, 7)


def test_a_sale_at_the_till_moves_the_other_location_too(store: Store) -> None:
    store.open({P: 10})
    store.world.channel("BROADWAY", STORE_LOCATION, ["BROADWAY"], queue="BROADWAY")
    store.emulator.edit_level(item(P), STORE_LOCATION, 10)
    store.plan()
    store.settle()
    store.emulator.place_order(
        [{"inventoryItemId": item(P), "locationId": STORE_LOCATION, "quantity": 2}], source="pos"
    )
    store.import_orders()
    assert store.world.stock()[P, "BROADWAY"] == (8, 8)
    assert store.world.levels() == {(P, ONLINE): (8, 10), (P, STORE_LOCATION): (8, 8)}
    store.push()
    assert store.shown(P) == 8
    assert store.applied(P) == [-2], "pushed online only: the till has told its own location"


def test_a_lagging_search_is_read_again(store: Store) -> None:
    store.open({P: 10})
    store.sell(P, 1)
    store.import_orders()
    store.emulator.settings(order_search_lag=0.3)
    store.sell(P, 2)
    assert store.import_orders() == 0, "the search has not heard of it yet"
    store.emulator.settings(order_search_lag=0)
    assert store.import_orders() == 1
    assert store.level(P) == (7, 7)
