"""Hard sync and recent changes: the documents' stories, HotWax's oversell and why it does not happen here."""

import time
from collections.abc import Callable

import pytest

from include.channel.planning.scope import Scope
from tests.scenarios import sync
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.scenarios.test_seed_stories import AT_ONE, A, B, C
from tests.world import ONLINE

Job = Callable[..., int]
JOBS: list[Job] = [sync.hard_sync, sync.recent_changes]


def touch(store: Store, product: str, units: int = -1) -> None:
    """A unit is damaged, so that both jobs look at the product."""
    store.move(product, units, "VAR_DAMAGED")


@pytest.mark.parametrize("job", JOBS)
def test_the_table_of_the_synchronisation_page(store: Store, job: Job) -> None:
    """A 100 -> 95 is sent as -5, C 25 -> 30 as +5; what has not changed is not sent. Again: nothing."""
    store.open(AT_ONE)
    store.move(A, -5)
    store.move(C, +5)
    job(store)
    assert {product: store.applied(product) for product in AT_ONE if store.applied(product)} == {A: [-5], C: [5]}
    assert [store.shown(product) for product in AT_ONE] == [95, 50, 30, 100, 80]
    batches = store.batches()
    observed = job(store)
    assert store.batches() == batches
    assert sync.found(store, observed)["drift"] == {}


def test_recent_changes_reads_only_what_has_changed(store: Store) -> None:
    store.open(AT_ONE)
    store.move(A, -5)
    observed = sync.recent_changes(store)
    assert sync.found(store, observed)["levels"] == 1
    assert sync.found(store, sync.recent_changes(store))["levels"] == 0, "nothing has changed since"
    assert sync.found(store, sync.hard_sync(store))["levels"] == 5


@pytest.mark.parametrize("job", JOBS)
def test_product_a_of_the_release_note(store: Store, job: Job) -> None:
    """5 in both, four orders that nobody has imported, one unit damaged: 0, not 4. The job imports the orders."""
    store.open({A: 5})
    store.sell(A, 4)
    touch(store, A)
    job(store)
    assert (store.shown(A), store.level(A)) == (0, (0, 0))


@pytest.mark.parametrize("job", JOBS)
def test_the_order_search_lags(store: Store, job: Job) -> None:
    """The four orders are in no import yet. HotWax would raise Shopify to 4 and sell what is not there."""
    store.open({A: 5, B: 5})
    store.emulator.settings(order_search_lag=1000)
    for product in (A, B):
        store.sell(product, 4)
        touch(store, product)
    sync.hotwax_hard_sync(store, B)
    assert store.shown(B) == 4, "HotWax: four units for sale, of which none is left"
    observed = job(store)
    assert store.applied(A) == [-1]
    assert store.shown(A) == 0
    assert sync.causes(store, observed)[A] == ("UNSEEN_ORDER", "WAITING")

    store.emulator.settings(order_search_lag=0)
    store.sell(B, 4)
    store.import_orders()
    assert store.level(B)[0] == 0
    assert store.world.stock()[B, "_NA_"][1] == -8, "eight units of five sold: this is the oversell"
    job(store)
    assert (store.shown(A), store.level(A), store.applied(A)) == (0, (0, 0), [-1])


@pytest.mark.parametrize("job", JOBS)
def test_sales_at_the_till_never_show_in_committed(store: Store, job: Job) -> None:
    """Shopify's till sells 4 between the first import and the reads; `committed` says nothing, the search lags."""
    store.open({A: 5, B: 5})
    touch(store, A)
    touch(store, B)
    at_till = [{"inventoryItemId": item(product), "locationId": ONLINE, "quantity": 4} for product in (A, B)]
    store.emulator.settings(order_search_lag=1000)
    store.emulator.place_order(at_till, source="pos")
    sync.hotwax_hard_sync(store, B)
    assert store.shown(B) == 4

    def search_catches_up(seconds: float) -> None:
        store.emulator.settings(order_search_lag=0)
        time.sleep(seconds)

    job(store, sleep=search_catches_up)
    assert store.applied(A) == [-1]
    assert (store.shown(A), store.level(A)) == (0, (0, 0))


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("then", ["fulfil", "cancel"])
def test_orders_that_are_fulfilled_or_cancelled_while_the_job_looks(store: Store, job: Job, then: str) -> None:
    store.open({A: 10})
    order = store.sell(A, 3)
    store.import_orders()
    touch(store, A)

    def meanwhile(seconds: float) -> None:
        store.emulator.settings(order_search_lag=1000)
        (store.emulator.fulfil_order if then == "fulfil" else store.emulator.cancel_order)(order)
        time.sleep(seconds)

    observed = job(store, sleep=meanwhile)
    assert store.applied(A) == [-1]
    left = 6 if then == "fulfil" else 9
    assert store.shown(A) == left
    assert sync.found(store, observed)["rebased"] == 0
    store.emulator.settings(order_search_lag=0)
    job(store)
    assert (store.shown(A), store.level(A), store.applied(A)) == (left, (left, left), [-1])


def test_an_edit_in_shopify_is_named_and_put_right(store: Store) -> None:
    store.open({A: 10, B: 10})
    store.emulator.edit_level(item(A), ONLINE, 50)
    assert sync.found(store, sync.recent_changes(store))["levels"] == 0, "nothing tells the recent changes of it"
    observed = sync.hard_sync(store)
    assert sync.causes(store, observed) == {A: ("CHANGED_IN_SHOPIFY", "REBASED")}
    assert (store.shown(A), store.applied(A)) == (10, [-40])
    assert sync.found(store, observed) == {
        "levels": 2, "agreed": 1, "rebased": 1, "waiting": 0, "gone": 0, "drift": {"CHANGED_IN_SHOPIFY": 1},
    }  # fmt: skip


def test_an_edit_that_a_push_has_met_is_looked_at_by_the_next_job(store: Store) -> None:
    """The delta goes on from where the level is now, as it may have been a sale; whether it was, a look tells."""
    store.open({A: 10})
    store.move(A, -2)
    store.plan()
    store.connection.execute(b"UPDATE inventory_level SET to_observe = FALSE")
    store.emulator.edit_level(item(A), ONLINE, 50)
    store.deliver()
    assert (store.shown(A), store.level(A)) == (48, (8, 8))
    observed = sync.recent_changes(store)
    assert sync.causes(store, observed) == {A: ("CHANGED_IN_SHOPIFY", "REBASED")}
    assert store.shown(A) == 8


def test_a_level_that_keeps_moving_waits_for_recent_changes(store: Store) -> None:
    store.open({A: 10})
    store.emulator.edit_level(item(A), ONLINE, 50)

    def again(seconds: float) -> None:
        store.emulator.edit_level(item(A), ONLINE, 51)
        time.sleep(seconds)

    observed = sync.hard_sync(store, sleep=again)
    assert sync.causes(store, observed) == {A: ("MOVING", "WAITING")}
    assert store.batches() == []
    assert sync.causes(store, sync.recent_changes(store)) == {A: ("CHANGED_IN_SHOPIFY", "REBASED")}
    assert store.shown(A) == 10


def test_a_push_that_is_under_way_is_left_alone(store: Store) -> None:
    """Its outcome is unknown and it may still arrive: what the level shows now proves nothing."""
    store.open({A: 10})
    store.connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 1000")
    store.move(A, -2)
    store.emulator.fault("drop_before", operation="inventoryAdjustQuantities")
    store.push()
    for job in JOBS:
        observed = job(store)
        assert sync.found(store, observed)["rebased"] == 0
    assert (store.level(A), store.batches()) == ((8, 10), ["UNKNOWN"])


def test_all_facilities_to_one_location_and_one_to_one(store: Store) -> None:
    """Both of HotWax's models side by side, limited and excluded by the facility that a location is mapped to."""
    store.open({A: 10})
    store.connection.execute(b"UPDATE shopify_shop SET activate_items = TRUE")
    store.world.facility("PEARL", external_id="44")
    store.world.channel("PEARL", STORE_LOCATION, ["PEARL"], queue="PEARL")
    store.connection.execute(b"INSERT INTO facility_group_member VALUES ('ONLINE', 'PEARL')")
    at_pearl = b"INSERT INTO inventory_item VALUES (%s, 'PEARL', 3, 3)"
    store.connection.execute(at_pearl, [A])
    store.connection.execute(
        b"INSERT INTO facility_group (facility_group_id, facility_group_name) VALUES ('TILLS', '')"
    )
    store.connection.execute(b"INSERT INTO facility_group_member VALUES ('TILLS', 'PEARL')")

    def shown() -> dict[str, int]:
        return {level["locationId"]: level["available"] for level in store.emulator.levels()}

    sync.hard_sync(store, Scope(shopify_facility_group_id="TILLS"))
    assert shown() == {ONLINE: 10, STORE_LOCATION: 3}, "limited to the store's own location"
    sync.hard_sync(store, Scope(exclude_facility_ids=("_NA_",)))
    assert shown() == {ONLINE: 10, STORE_LOCATION: 3}, "the aggregated location is mapped to its queue"
    sync.hard_sync(store, Scope(facility_group_id="PEARL"))
    assert shown()[ONLINE] == 10
    sync.hard_sync(store, Scope(facility_group_id="ONLINE"))
    assert shown() == {ONLINE: 13, STORE_LOCATION: 3}
