"""The parent of a bundle: refused once by the shop, and left alone from then on."""

from include.channel.delivery import bundles
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

PRODUCT, BUNDLE = "50001", "50002"


def test_a_refused_bundle_is_recognised_and_nothing_is_planned_for_it(store: Store) -> None:
    store.open({PRODUCT: 5, BUNDLE: 5})
    store.emulator.seed(
        [{"id": ONLINE, "name": "Online"}, {"id": STORE_LOCATION, "name": "Broadway"}],
        [
            {"id": item(PRODUCT), "sku": "SKU", "tracked": True},
            {"id": item(BUNDLE), "sku": "SET", "tracked": True, "bundle": True},
        ],
        [{"inventoryItemId": item(product), "locationId": ONLINE, "available": 5} for product in (PRODUCT, BUNDLE)],
    )
    store.move(PRODUCT, 2)
    store.move(BUNDLE, 2)
    sent = store.push()
    assert (sent.quarantined_rows, store.shown(PRODUCT), store.shown(BUNDLE)) == (1, 7, 5)
    assert [store.level(product) for product in (PRODUCT, BUNDLE)] == [(7, 7), (None, 5)]
    row = store.connection.execute(
        b"SELECT is_bundle FROM shopify_shop_product WHERE product_id = %s", [BUNDLE]
    ).fetchone()
    assert row == (True,)
    store.move(BUNDLE, 2)
    assert store.plan() == []
    assert bundles.recognise(store.connection, SHOP) == []


def test_any_other_refusal_makes_no_bundle(store: Store) -> None:
    store.open({PRODUCT: 5})
    store.connection.execute(b"UPDATE inventory_level SET quarantine_reason = 'INVALID_INVENTORY_ITEM: unknown'")
    assert bundles.recognise(store.connection, SHOP) == []
