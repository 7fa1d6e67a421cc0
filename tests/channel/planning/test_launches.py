"""New launches: left out of the delta push, let through at their restock's moment, pushed when the hold is over."""

from datetime import timedelta
from decimal import Decimal

import pytest

from include.channel.planning import planner
from include.db import clock
from include.db.connection import Connection
from include.stock.atp import online_atp
from include.stock.inbound import restock_form, restocks
from include.stock.inbound.restock_form import Entry
from tests.scenarios.store import Store
from tests.world import SHOP

P, Q = "50001", "50002"


def hold(connection: Connection, product: str, thru: str = "infinity") -> None:
    connection.execute(
        b"INSERT INTO product_category_member (product_category_id, product_id, from_date, thru_date)"
        b" VALUES ('NEW_LAUNCHED_PROD', %s, '2020-01-01', %s)",
        [product, thru],
    )


def end_hold(connection: Connection) -> None:
    connection.execute(b"UPDATE product_category_member SET thru_date = now()")


def restock(store: Store, product: str, units: int) -> str:
    """A restock that is received now; nothing is pushed yet."""
    now = clock.now(store.connection)
    entry = Entry(product, Decimal(units), "BROADWAY", None, now + timedelta(hours=1), "Launch")
    shipment_id = restock_form.schedule(store.connection, entry, now)
    restocks.receive(store.connection, shipment_id, now + timedelta(hours=1))
    return shipment_id


def test_a_held_product_is_left_out_of_the_delta_push_and_goes_out_afterwards(
    store: Store, connection: Connection
) -> None:
    store.open({P: 5, Q: 5})
    hold(connection, P)
    for product in (P, Q):
        store.move(product, -2)
    store.push()
    assert (store.shown(P), store.shown(Q)) == (5, 3)
    assert store.level(P) == (3, 5), "nothing is lost"
    store.move(P, -1)
    end_hold(connection)
    store.push()
    assert store.shown(P) == 2
    assert store.applied(P) == [-3], "all that has gathered, at once"


def test_what_another_shop_holds_is_pushed_here(store: Store, connection: Connection) -> None:
    store.open({P: 5})
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('other', 'o.myshopify.com', 'o')"
    )
    connection.execute(b"UPDATE shopify_shop SET held_category_id = NULL WHERE shop_id = %s", [SHOP])
    hold(connection, P)
    assert connection.execute(b"SELECT shop_id FROM held_product").fetchall() == [("other",)]
    store.move(P, -2)
    store.push()
    assert store.shown(P) == 3


def test_other_jobs_may_push_held_products(store: Store, connection: Connection) -> None:
    store.open({P: 5})
    hold(connection, P)
    store.move(P, -2)
    assert store.plan() == []
    assert len(planner.plan(connection, SHOP, with_held=True)) == 1
    store.deliver()
    assert store.shown(P) == 3


def test_a_membership_counts_while_it_lasts(store: Store, connection: Connection) -> None:
    store.open({P: 5, Q: 5})
    hold(connection, P, "2021-01-01")
    store.move(P, -2)
    store.push()
    assert store.shown(P) == 3


def test_a_shop_without_a_held_category_pushes_everything(store: Store, connection: Connection) -> None:
    store.open({P: 5})
    hold(connection, P)
    connection.execute(b"UPDATE shopify_shop SET held_category_id = NULL")
    store.move(P, -2)
    store.push()
    assert store.shown(P) == 3


def test_a_restock_lets_its_products_through_once(store: Store, connection: Connection) -> None:
    store.open({P: 0, Q: 0})
    for product in (P, Q):
        hold(connection, product)
    store.move(Q, 3)
    restock(store, P, 100)
    store.push()
    assert (store.shown(P), store.shown(Q)) == (100, 0)
    store.push()
    store.move(P, -1)
    store.push()
    assert store.shown(P) == 100, "held again"
    assert connection.execute(b"SELECT count(*) FROM released_product").fetchone() == (0,)


def test_a_push_that_came_before_the_targets_does_not_use_the_release_up(store: Store, connection: Connection) -> None:
    store.open({P: 0})
    hold(connection, P)
    restock(store, P, 100)
    assert planner.plan(connection, SHOP) == [], "the target is not computed yet"
    online_atp.refresh(connection)
    assert len(planner.plan(connection, SHOP)) == 1
    assert planner.plan(connection, SHOP) == [], "under way"
    store.deliver()
    assert store.shown(P) == 100


def test_a_push_that_is_refused_is_let_through_again(store: Store, connection: Connection) -> None:
    store.open({P: 0})
    hold(connection, P)
    restock(store, P, 100)
    for _ in range(9):
        store.emulator.fault("stale", operation="inventoryAdjustQuantities")
    store.push()
    assert store.applied(P) == []
    store.emulator.clear_faults()
    store.push()
    assert store.applied(P) == [100]


def test_a_restock_lets_the_kits_through_that_hold_its_products(store: Store, connection: Connection) -> None:
    """What a restock makes of a held kit is as much its own as its units are."""
    store.open({P: 0, Q: 0, "SET": 0})
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = 'SET'")
    connection.execute(b"INSERT INTO product_assoc (product_id, product_id_to, quantity) VALUES ('SET', %s, 2)", [P])
    store.push()
    for product in (P, Q, "SET"):
        hold(connection, product)
    store.move(Q, 3)
    restock(store, P, 100)
    store.push()
    assert (store.shown(P), store.shown("SET"), store.shown(Q)) == (100, 50, 0)
    store.push()
    store.move(P, -10)
    store.push()
    assert (store.shown(P), store.shown("SET")) == (100, 50), "held again"


@pytest.mark.parametrize("category", ["NEW_LAUNCHED_PROD", None])
def test_a_shop_may_hold_what_a_restock_has_launched(
    store: Store, connection: Connection, category: str | None
) -> None:
    """As retailers do who leave a new launch alone for 24 hours."""
    store.open({P: 0})
    connection.execute(b"UPDATE shopify_shop SET launch_hold = '24 hours', held_category_id = %s", [category])
    restock(store, P, 100)
    store.push()
    assert store.shown(P) == 100
    held = connection.execute(b"SELECT product_id, thru_date - from_date FROM product_category_member").fetchall()
    assert held == ([(P, timedelta(hours=24))] if category else [])
    connection.execute(b"UPDATE product_category_member SET from_date = now() - interval '1 minute'")
    store.push()
    store.move(P, -1)
    store.push()
    assert store.shown(P) == (100 if category else 99)
