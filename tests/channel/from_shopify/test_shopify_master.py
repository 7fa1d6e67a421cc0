"""Where Shopify is master: its levels become a reset file, and orders are counted once."""

import time
from collections.abc import Callable

import paramiko
import pytest

from include.channel.from_shopify import inbox, shopify_master
from include.channel.from_shopify.shopify_master import NotOneToOne, Snapshot
from include.channel.order_import import orders
from include.channel.reconciliation import observation
from include.intake import remote
from include.shopify import bulk_query
from include.shopify.bulk_query import ExportedLevel
from include.shopify.webhooks import Webhook
from include.stock.atp import online_atp
from tests.intake.drop import Drop
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import SHOP

A, B = "50001", "50002"


@pytest.fixture
def mastered(store: Store) -> Store:
    """A store of its own, whose stock follows what Shopify shows: 7 of A and 3 of B."""
    store.open({A: 10, B: 5})
    store.world.facility("PEARL")
    store.world.channel("PEARL", STORE_LOCATION, ["PEARL"], queue="PEARL")
    store.connection.execute(
        b"UPDATE inventory_channel SET inventory_master = 'SHOPIFY' WHERE location_id = %s", [STORE_LOCATION]
    )
    for product, units in ((A, 7), (B, 3)):
        store.emulator.edit_level(item(product), STORE_LOCATION, units)
    store.emulator.settings(bulk_start_seconds=0)
    return store


def exported(store: Store) -> list[ExportedLevel]:
    operation = bulk_query.start(store.client, "AllLevels")
    until = time.monotonic() + 20
    while not (found := bulk_query.progress(store.client, operation)).is_done:
        assert time.monotonic() < until
        time.sleep(0.01)
    return list(bulk_query.levels(store.client, found.url))


def snapshot(store: Store, meanwhile: Callable[[float], None] = time.sleep) -> Snapshot:
    mapped = shopify_master.facilities(store.connection, SHOP)
    moment = shopify_master.before(store.connection, SHOP, store.client)
    levels = exported(store)
    return shopify_master.snapshot(store.connection, SHOP, store.client, moment, mapped, levels, meanwhile)


def test_the_file_goes_through_the_data_manager_and_orders_count_once(
    mastered: Store, sftp_client: paramiko.SFTPClient
) -> None:
    drop = Drop(mastered.connection, sftp_client, "SHOPIFY_INV_RESET")
    sold = [{"inventoryItemId": item(A), "locationId": STORE_LOCATION, "quantity": 2}]
    mastered.emulator.place_order(sold)

    def take(found: Snapshot) -> None:
        content = b"".join(found.blocks)
        assert content.decode() == f"facilityId,productId,availableQty\nPEARL,{A},5\nPEARL,{B},3\n"
        time.sleep(1.1)  # the moment in the name is the next whole second, and must have passed
        assert drop(content.decode(), found.file_name).status_id == "FINISHED"

    found = snapshot(mastered)
    assert (found.rows, found.left_out) == (2, 0)
    take(found)
    assert {key: atp for key, (_, atp) in mastered.world.stock().items() if key[1] == "PEARL"} == {
        (A, "PEARL"): 5, (B, "PEARL"): 3,
    }  # fmt: skip
    orders.import_orders(mastered.connection, SHOP, mastered.client)
    take(snapshot(mastered))
    assert mastered.world.stock()[A, "PEARL"] == (7, 5), "two of seven on hand are reserved"


def test_a_level_that_an_order_touches_meanwhile_is_left_for_the_next_file(mastered: Store) -> None:
    def sell(seconds: float) -> None:
        mastered.emulator.place_order([{"inventoryItemId": item(A), "locationId": STORE_LOCATION, "quantity": 1}])
        time.sleep(seconds)

    found = snapshot(mastered, sell)
    assert b"".join(found.blocks).decode() == f"facilityId,productId,availableQty\nPEARL,{B},3\n"
    assert (found.rows, found.left_out) == (1, 1)
    assert snapshot(mastered).rows == 2


def test_an_order_that_the_search_does_not_show_yet_is_noticed_by_what_is_committed(mastered: Store) -> None:
    mastered.emulator.settings(order_search_lag=1000)
    mastered.emulator.place_order([{"inventoryItemId": item(A), "locationId": STORE_LOCATION, "quantity": 1}])
    assert snapshot(mastered).left_out == 1


def test_nothing_is_pushed_where_shopify_is_master(mastered: Store) -> None:
    online_atp.refresh(mastered.connection)
    mastered.settle()
    rows = mastered.connection.execute(
        b"SELECT target, position FROM inventory_level WHERE location_id = %s", [STORE_LOCATION]
    )
    assert set(rows.fetchall()) == {(None, None)}, "nobody asks what it shows"
    assert mastered.plan() == []


def test_a_location_that_shows_many_facilities_cannot_say_what_one_has(mastered: Store) -> None:
    mastered.connection.execute(b"INSERT INTO facility_group_member VALUES ('PEARL', 'BROADWAY')")
    with pytest.raises(NotOneToOne, match=r"PEARL .* and 1 other facilities"):
        shopify_master.facilities(mastered.connection, SHOP)
    mastered.connection.execute(b"DELETE FROM facility_group_member WHERE facility_id = 'BROADWAY'")
    mastered.connection.execute(b"UPDATE inventory_channel SET inventory_master = 'SHOPIFY'")
    with pytest.raises(NotOneToOne, match=r"_NA_ .VIRTUAL_FACILITY"):
        shopify_master.facilities(mastered.connection, SHOP)


def test_a_webhook_there_has_the_level_read_anew(mastered: Store) -> None:
    online_atp.refresh(mastered.connection)
    for number, told in enumerate((99, None)):
        message = Webhook(f"w{number}", None, "inventory_levels/update", "", None, item(A), STORE_LOCATION, told)
        assert inbox.keep(mastered.connection, SHOP, message)
    worked = inbox.work_off(mastered.connection, SHOP)
    assert worked == inbox.Worked(0, 0, 0, ((item(A), STORE_LOCATION),))
    moment = shopify_master.before(mastered.connection, SHOP, mastered.client)
    _, read_from = observation.last_order_movement(mastered.connection)
    found = shopify_master.snapshot(
        mastered.connection,
        SHOP,
        mastered.client,
        moment,
        shopify_master.facilities(mastered.connection, SHOP),
        shopify_master.reread(mastered.client, worked.levels),
    )
    assert b"".join(found.blocks).decode() == f"facilityId,productId,availableQty\nPEARL,{A},7\n"
    late = Webhook("late", None, "inventory_levels/update", "", None, item(A), STORE_LOCATION, 1)
    inbox.keep(mastered.connection, SHOP, late)
    assert inbox.done(mastered.connection, SHOP, worked.levels, read_from) == 2
    assert inbox.work_off(mastered.connection, SHOP).levels == worked.levels, "one came after the read"


def test_an_item_that_shopify_does_not_count_says_nothing(mastered: Store) -> None:
    mastered.emulator.seed(
        [{"id": STORE_LOCATION, "name": "x"}], [{"id": item(A), "tracked": False}, {"id": item(B)}], []
    )
    levels = [(item(A), STORE_LOCATION), (item(B), STORE_LOCATION), (item("9"), STORE_LOCATION)]
    for each in levels[:2]:
        mastered.emulator.edit_level(*each, 4)
    told = set(shopify_master.reread(mastered.client, levels))
    assert told == {
        ExportedLevel(item(A), STORE_LOCATION, 4, 0, tracked=False), ExportedLevel(item(B), STORE_LOCATION, 4, 0),
    }  # fmt: skip
    assert set(exported(mastered)) == told
    assert b"".join(snapshot(mastered).blocks).decode().splitlines()[1:] == [f"PEARL,{B},4"]


def test_a_large_file_is_written_in_pieces(mastered: Store, sftp_client: paramiko.SFTPClient) -> None:
    mastered.connection.execute(
        b"INSERT INTO product (product_id, internal_name) SELECT 'p' || n, 'p' FROM generate_series(1, 20000) AS n"
    )
    mastered.connection.execute(
        b"INSERT INTO shopify_shop_product SELECT %s, 'p' || n, 'i' || n FROM generate_series(1, 20000) AS n", [SHOP]
    )
    moment = shopify_master.before(mastered.connection, SHOP, mastered.client)
    mapped = shopify_master.facilities(mastered.connection, SHOP)
    levels = (ExportedLevel(f"i{n}", STORE_LOCATION, n, 0) for n in range(1, 20_001))
    found = shopify_master.snapshot(mastered.connection, SHOP, mastered.client, moment, mapped, levels)
    assert found.rows == 20_000
    remote.write(sftp_client, "out/levels.csv", found.blocks)
    with sftp_client.open("out/levels.csv") as file:
        assert len(file.read().splitlines()) == 20_001


def test_a_level_that_is_left_out_keeps_no_other_message_waiting(mastered: Store) -> None:
    """One is in the file, one has an order that is not imported and waits for a day, one is gone from Shopify."""
    store = mastered
    levels = [(item(A), STORE_LOCATION), (item(B), STORE_LOCATION), (item("9"), STORE_LOCATION)]
    for number, level in enumerate(levels):
        inbox.keep(store.connection, SHOP, Webhook(f"w{number}", None, "inventory_levels/update", "", None, *level, 1))
    moment = shopify_master.before(store.connection, SHOP, store.client)

    def look() -> dict[str, int]:
        _, read_from = observation.last_order_movement(store.connection)
        mapped = shopify_master.facilities(store.connection, SHOP)
        exported = [ExportedLevel(*levels[0], 7, 0), ExportedLevel(*levels[1], 2, 1)]
        found = shopify_master.snapshot(store.connection, SHOP, store.client, moment, mapped, exported)
        assert (found.rows, found.left_out) == (1, 1)
        return shopify_master.finish_prompted(store.connection, SHOP, levels, read_from)

    def messages() -> list[tuple[str, bool]]:
        rows = store.connection.execute(b"SELECT status_id, message IS NULL FROM shopify_webhook ORDER BY webhook_id")
        return [(row[0], row[1]) for row in rows]

    assert look() == {"done": 1, "given_up": 1}
    assert messages() == [("IMPORTED", True), ("PENDING", True), ("IGNORED", False)]
    store.connection.execute(b"UPDATE shopify_webhook SET received_at = received_at - interval '25 hours'")
    assert look() == {"done": 0, "given_up": 1}
    assert messages() == [("IMPORTED", True), ("IGNORED", False), ("IGNORED", False)]
