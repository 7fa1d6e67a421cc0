"""Each drift is named by its likeliest cause, once, and can be taken away as a table."""

import csv
import io
import re

import pandas as pd
import pytest

from include import spreadsheets
from include.channel.reconciliation import drift, observation
from tests.scenarios import sync
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

EDITED, LOST, RENAMED, UNTRACKED, INACTIVE, GONE, STRANGE, FINE = (str(50_001 + n) for n in range(8))


def reseed(store: Store, levels: dict[str, int]) -> None:
    """The shop anew: an item that is gone, one with another SKU, one not tracked, one not stocked."""
    skus = {RENAMED: f"SKU-{FINE}"}
    store.emulator.seed(
        [{"id": ONLINE, "name": "Online"}],
        [
            {"id": item(product), "sku": skus.get(product, f"SKU-{product}"), "tracked": product != UNTRACKED}
            for product in levels
            if product != GONE
        ],
        [
            {
                "inventoryItemId": item(product),
                "locationId": ONLINE,
                "available": available,
                "active": product != INACTIVE,
            }
            for product, available in levels.items()
            if product != GONE
        ],
    )


def test_every_cause_by_its_name(store: Store) -> None:
    products = (EDITED, LOST, RENAMED, UNTRACKED, INACTIVE, GONE, STRANGE, FINE)
    store.open(dict.fromkeys(products, 10))
    store.move(LOST, -2)
    store.push()
    reseed(store, {EDITED: 50, LOST: 10, RENAMED: 7, UNTRACKED: 7, INACTIVE: 7, GONE: 0, STRANGE: 7, FINE: 10})
    # The push was sent, and STRANGE was looked at, long after Shopify says that these levels changed for the last time.
    store.connection.execute(b"UPDATE outbox_batch SET sent_at = sent_at + interval '1 hour'")
    store.connection.execute(
        b"UPDATE inventory_drift SET observed_at = observed_at + interval '1 hour' WHERE inventory_item_id = %s",
        [item(STRANGE)],
    )
    observed = sync.hard_sync(store)
    assert sync.causes(store, observed) == {
        EDITED: ("CHANGED_IN_SHOPIFY", "REBASED"),
        LOST: ("LOST_PUSH", "REBASED"),
        RENAMED: ("WRONG_MAPPING", "REBASED"),
        UNTRACKED: ("UNTRACKED", "REBASED"),
        INACTIVE: ("INACTIVE", "REBASED"),
        GONE: ("WRONG_MAPPING", "QUARANTINED"),
        STRANGE: ("UNKNOWN", "REBASED"),
    }
    assert sync.found(store, observed)["drift"] == {
        "CHANGED_IN_SHOPIFY": 1, "INACTIVE": 1, "LOST_PUSH": 1, "UNKNOWN": 1, "UNTRACKED": 1, "WRONG_MAPPING": 2,
    }  # fmt: skip
    rows = drift.table(store.connection, [observed]).set_index("product_id")
    told = {str(name): (row.target, row.believed, row.observed, row.difference) for name, row in rows.iterrows()}
    assert {name: tuple(None if pd.isna(each) else int(each) for each in found) for name, found in told.items()} == {
        EDITED: (10, 10, 50, 40), LOST: (8, 8, 10, 2), RENAMED: (10, 10, 7, -3), UNTRACKED: (10, 10, 7, -3),
        INACTIVE: (10, 10, 7, -3), GONE: (10, 10, None, None), STRANGE: (10, 10, 7, -3),
    }  # fmt: skip
    assert list(rows["meaning"]) == [drift.CAUSES[cause] for cause in rows["cause"]]
    assert set(rows["sku"]) == {f"SKU-{product}" for product in products if product != FINE}
    again = sync.hard_sync(store)
    assert sync.found(store, again)["drift"] == {}, "each is told once, and put right"
    assert {product: store.shown(product) for product in (EDITED, LOST, STRANGE)} == {EDITED: 10, LOST: 8, STRANGE: 10}


def test_the_table_is_one_for_a_spreadsheet(store: Store) -> None:
    store.open({EDITED: 10, FINE: 5})
    store.connection.execute(
        b"UPDATE good_identification SET id_value = '=HYPERLINK(1)' WHERE product_id = %s AND"
        b" good_identification_type_id = 'SKU'",
        [FINE],
    )
    store.emulator.edit_level(item(EDITED), ONLINE, 12)
    store.emulator.edit_level(item(FINE), ONLINE, 50)
    found = drift.table(store.connection, [sync.hard_sync(store)])
    assert list(found["difference"]) == [45, 2], "the largest first"
    rows = list(csv.DictReader(io.StringIO(spreadsheets.table(found).decode("utf-8-sig"))))
    assert [tuple(row) for row in rows[:1]] == [drift.COLUMNS]
    assert [(row["sku"], row["target"], row["believed"], row["observed"]) for row in rows] == [
        ("'=HYPERLINK(1)", "5", "5", "50"),
        (f"SKU-{EDITED}", "10", "10", "12"),
    ]
    assert rows[1]["facility"] == "ONLINE"
    assert rows[1]["meaning"] == drift.CAUSES["CHANGED_IN_SHOPIFY"]
    assert len(drift.table(store.connection, [])) == 0


def test_every_cause_that_the_database_knows_has_a_meaning(store: Store) -> None:
    (row,) = store.connection.execute(
        b"SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        b" WHERE conrelid = 'inventory_drift'::regclass AND pg_get_constraintdef(oid) LIKE '%%UNTRACKED%%'"
    ).fetchall()
    assert set(re.findall(r"'([A-Z_]+)'", row[0])) == set(drift.CAUSES)


@pytest.mark.parametrize("happens", ["sold", "cancelled"])
def test_committed_that_no_imported_order_explains_stops_a_rebase(store: Store, happens: str) -> None:
    """Whichever way the numbers differ: something is going on that the import does not see."""
    store.open({FINE: 10})
    if happens == "cancelled":
        order = store.sell(FINE, 2)
        store.import_orders()
        store.emulator.settings(order_search_lag=1000)
        store.emulator.cancel_order(order)
    else:
        store.emulator.settings(order_search_lag=1000)
        store.sell(FINE, 2)
    store.emulator.edit_level(item(FINE), ONLINE, 30)
    observed = sync.hard_sync(store)
    assert sync.causes(store, observed) == {FINE: ("UNSEEN_ORDER", "WAITING")}
    row = store.connection.execute(
        b"SELECT committed, committed_imported FROM inventory_drift ORDER BY inventory_drift_id DESC LIMIT 1"
    ).fetchone()
    assert row == ((2, 0) if happens == "sold" else (0, 2))
    assert store.shown(FINE) == 30


def test_an_observation_counts_what_it_found(store: Store) -> None:
    store.open({EDITED: 10, FINE: 5})
    mine = observation.begin(store.connection, SHOP, "RECENT_CHANGES", "manual__1")
    levels = [(item(EDITED), ONLINE), (item(FINE), ONLINE)]
    found = observation.observe(store.connection, SHOP, store.client, levels, mine)
    assert (found.observed, found.settled) == (2, 2)
    assert drift.summary(store.connection, [mine]) == {
        "levels": 2, "agreed": 2, "rebased": 0, "waiting": 0, "gone": 0, "drift": {},
    }  # fmt: skip
