"""What is wrong with a shop is said before the first write; what is wrong with a row keeps only that row."""

from collections.abc import Iterator
from typing import Any

import pytest

from include.channel.delivery import delivery, preflight
from include.channel.delivery.preflight import NotReady
from include.channel.planning import planner
from include.sandbox.shopify import Emulator
from include.shopify import inventory
from include.shopify.access import Access
from include.shopify.client import Client
from include.shopify.errors import RequestRefused
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

P, OTHER = "50001", "50002"
ADJUST = "inventoryAdjustQuantities"


@pytest.fixture
def shop(store: Store) -> Iterator[Store]:
    """Two products with something to push. Settings are put back at the end."""
    before = store.emulator.settings()
    store.open({P: 5, OTHER: 7})
    store.move(P, -2)
    store.move(OTHER, +3)
    store.plan()
    yield store
    names = ("scopes", "versions", "token_seconds", "client_secret", "clock_rate")
    store.emulator.settings(**{name: before[name] for name in names})


def seed(store: Store, other: dict[str, object] | None, **level: object) -> None:
    """Shopify's side anew: `other` overrides the second item, None leaves it out; `level` says more of its level."""
    items: list[dict[str, object]] = [{"id": item(P)}, *([] if other is None else [{"id": item(OTHER), **other}])]
    levels: list[dict[str, object]] = [{"inventoryItemId": item(P), "locationId": ONLINE, "available": 5}]
    if other is not None and level.get("stocked", True):
        levels.append({"inventoryItemId": item(OTHER), "locationId": ONLINE, "available": 7, **level})
    store.emulator.seed([{"id": ONLINE, "name": "Online"}, {"id": STORE_LOCATION, "name": "Broadway"}], items, levels)


def reason(store: Store) -> str | None:
    row = store.connection.execute(
        b"SELECT quarantine_reason FROM inventory_level WHERE product_id = %s", [OTHER]
    ).fetchone()
    assert row is not None
    found: str | None = row[0]
    return found


def let_an_hour_pass(store: Store) -> None:
    store.connection.execute(b"UPDATE inventory_level SET quarantined_at = quarantined_at - interval '61 minutes'")


def test_the_scopes_are_asked_for_once(shop: Store, client: Client) -> None:
    field = "currentAppInstallation"
    before = shop.emulator.stats()["calls"].get(field, 0)
    preflight.check_shop(SHOP, client)
    assert shop.emulator.stats()["calls"][field] - before == 1


def test_read_only_access_fails_before_the_first_write_and_says_what_to_grant(shop: Store) -> None:
    shop.emulator.settings(scopes=["read_inventory", "read_locations", "read_products", "read_orders"])
    calls = shop.emulator.stats()["calls"].get(ADJUST, 0)
    with pytest.raises(
        NotReady,
        match=r"shop demo: nothing was written. the app lacks the access scopes write_inventory, read_merchant",
    ):
        shop.deliver()
    assert shop.emulator.stats()["calls"].get(ADJUST, 0) == calls
    assert shop.batches() == ["PLANNED"]


def test_a_version_that_is_no_longer_served_is_named(shop: Store) -> None:
    shop.emulator.settings(versions=["2026-07", "2026-10"])
    with (
        Client(Access(shop.emulator.url, shop.emulator.token, "2026-04")) as older,
        pytest.raises(NotReady, match="API version 2026-04 was asked for and 2026-07 answered: set api_version"),
    ):
        delivery.deliver(shop.connection, SHOP, older)
    assert shop.batches() == ["PLANNED"]


def test_a_version_that_ends_in_the_middle_of_a_run_stops_it(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered counts, by whichever version; what was not sent stays planned."""
    shop.connection.execute(b"UPDATE outbox_batch SET status_id = 'REFUSED'")
    shop.connection.execute(b"UPDATE inventory_level SET outbox_batch_id = NULL")
    monkeypatch.setattr(planner, "MOST_ROWS", 1)
    assert len(shop.plan()) == 2
    adjust = inventory.adjust

    def once_the_version_has_ended(*given: Any) -> inventory.AdjustOutcome:
        shop.emulator.settings(versions=["2026-07", "2026-10"])
        return adjust(*given)

    monkeypatch.setattr(inventory, "adjust", once_the_version_has_ended)
    access = Access(shop.emulator.url, shop.emulator.token, "2026-04")
    with (
        Client(access, most_under_way=1) as older,
        pytest.raises(NotReady, match=r"nothing more was written\. API version 2026-04 was asked for and 2026-07"),
    ):
        delivery.deliver(shop.connection, SHOP, older)
    assert shop.batches() == ["REFUSED", "CONFIRMED", "PLANNED"]


def test_everything_wrong_with_a_shop_is_said_at_once(shop: Store) -> None:
    shop.emulator.settings(versions=["2026-07", "2026-10"], scopes=["read_orders"])
    with (
        Client(Access(shop.emulator.url, shop.emulator.token, "2026-04")) as older,
        pytest.raises(NotReady, match=r"lacks the access scopes .*; API version"),
    ):
        preflight.check_shop(SHOP, older)


@pytest.mark.parametrize(
    ("other", "level", "said"),
    [
        (None, {}, "Shopify has no such inventory item"),
        ({"tracked": False}, {}, "does not track the quantity of this item"),
        ({}, {"active": False}, "not stocked at this location"),
        ({}, {"stocked": False}, "not stocked at this location"),
    ],
    ids=["gone", "untracked", "inactive", "never stocked"],
)
def test_a_row_that_cannot_be_written_waits_in_quarantine_until_it_can(
    shop: Store, other: dict[str, object] | None, level: dict[str, object], said: str
) -> None:
    seed(shop, other, **level)
    sent = shop.deliver()
    assert (sent.confirmed_rows, sent.quarantined_rows) == (1, 1)
    assert said in (reason(shop) or "")
    assert shop.shown(P) == 3, "the other row of the batch travels on at once"

    let_an_hour_pass(shop)
    shop.push()
    assert said in (reason(shop) or ""), "nobody has repaired it"
    seed(shop, {})
    shop.connection.execute(b"UPDATE inventory_level SET position = 5 WHERE product_id = %s", [P])
    let_an_hour_pass(shop)
    shop.push()
    assert said in (reason(shop) or ""), "looked at twice in vain: two hours now"
    let_an_hour_pass(shop)
    shop.push()
    assert reason(shop) is None
    shop.push()
    assert shop.shown(OTHER) == 10


@pytest.mark.parametrize("level", [{"active": False}, {"stocked": False}], ids=["inactive", "never stocked"])
def test_items_are_stocked_before_the_first_write_where_the_shop_wants_it(
    shop: Store, level: dict[str, object]
) -> None:
    shop.connection.execute(b"UPDATE shopify_shop SET activate_items = TRUE")
    seed(shop, {}, **level)
    sent = shop.push()
    assert (sent.confirmed_rows, sent.quarantined_rows) == (2, 0)
    assert shop.emulator.stats()["calls"]["inventoryActivate"] >= 1
    assert reason(shop) is None


def test_a_location_that_is_not_active_keeps_only_its_own_rows(shop: Store) -> None:
    shop.world.facility("CLOSED", external_id="99")
    shop.world.channel("CLOSED", STORE_LOCATION, ["CLOSED"], queue="CLOSED")
    shop.plan()
    shop.connection.execute(b"UPDATE inventory_level SET position = 3 WHERE location_id = %s", [STORE_LOCATION])
    shop.emulator.seed(
        [{"id": ONLINE, "name": "Online"}, {"id": STORE_LOCATION, "name": "Broadway", "active": False}],
        [{"id": item(P)}, {"id": item(OTHER)}],
        [{"inventoryItemId": item(each), "locationId": ONLINE, "available": n} for each, n in ((P, 5), (OTHER, 7))],
    )
    sent = shop.push()
    assert (sent.confirmed_rows, sent.quarantined_rows) == (2, 2)
    rows = shop.connection.execute(
        b"SELECT DISTINCT location_id, quarantine_reason FROM inventory_level WHERE quarantine_reason IS NOT NULL"
    ).fetchall()
    said = "the location Broadway is not active in Shopify: activate it there, or end its mapping"
    assert rows == [(STORE_LOCATION, said)]


@pytest.mark.parametrize("change", ["thru_date = now()", "inventory_master = 'SHOPIFY'"])
def test_what_was_planned_for_a_location_that_is_not_pushed_to_any_more_stays_here(shop: Store, change: str) -> None:
    shop.connection.execute(b"UPDATE inventory_level SET checked_at = now()")
    shop.connection.execute(f"UPDATE inventory_channel SET {change}".encode())
    calls = shop.emulator.stats()["calls"].get(ADJUST, 0)
    assert shop.deliver().quarantined_rows == 2
    assert shop.emulator.stats()["calls"].get(ADJUST, 0) == calls
    assert (shop.shown(P), shop.shown(OTHER)) == (5, 7)
    assert reason(shop) == preflight.NOT_MAPPED

    shop.connection.execute(b"UPDATE inventory_channel SET thru_date = DEFAULT, inventory_master = DEFAULT")
    let_an_hour_pass(shop)
    shop.deliver()
    assert reason(shop) is None
    shop.push()
    assert (shop.shown(P), shop.shown(OTHER)) == (3, 10)


def test_rows_at_a_bad_location_do_not_keep_others_in_quarantine(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    test_a_location_that_is_not_active_keeps_only_its_own_rows(shop)
    shop.connection.execute(
        b"UPDATE inventory_level SET quarantine_reason = 'untracked' WHERE location_id = %s AND product_id = %s",
        [ONLINE, OTHER],
    )
    shop.connection.execute(
        b"UPDATE inventory_level"
        b" SET quarantined_at = quarantined_at - interval '1 day' * (1 + (location_id = %s)::integer)",
        [STORE_LOCATION],
    )
    monkeypatch.setattr(preflight, "MOST_LOOKED_AT", 2)
    shop.deliver()
    shop.deliver()
    rows = shop.connection.execute(
        b"SELECT DISTINCT location_id FROM inventory_level WHERE quarantine_reason IS NOT NULL"
    )
    assert rows.fetchall() == [(STORE_LOCATION,)]


def test_levels_are_asked_about_once_a_day(shop: Store) -> None:
    shop.deliver()
    shop.move(P, -1)
    shop.plan()
    points = shop.emulator.stats()["calls"].get("nodes", 0)
    shop.deliver()
    assert shop.emulator.stats()["calls"]["nodes"] == points + 1, "the locations, no item"


def granted(emulator: Emulator) -> Client:
    found = emulator.settings()
    return Client(
        Access(emulator.url, "", client_id=found["client_id"], client_secret=found["client_secret"]),
        seconds_to_answer=2.0,
    )


def test_an_apps_id_and_secret_are_exchanged_for_a_token(shop: Store) -> None:
    with granted(shop.emulator) as client:
        assert delivery.deliver(shop.connection, SHOP, client).confirmed_rows == 2


def test_a_token_that_expires_in_the_middle_of_a_run_is_replaced(shop: Store) -> None:
    """By the shop's clock: ours may be behind, so the refusal is what counts."""
    shop.emulator.settings(clock_rate=0)
    with granted(shop.emulator) as client:
        preflight.check_shop(SHOP, client)
        shop.emulator.advance(90_000)
        assert delivery.deliver(shop.connection, SHOP, client).confirmed_rows == 2
    assert sorted(shop.applied(P) + shop.applied(OTHER)) == [-2, 3]


def test_a_token_is_replaced_before_it_expires(shop: Store) -> None:
    now = [0.0]
    with granted(shop.emulator) as client:
        client._token._clock = lambda: now[0]
        first = client._token.current()
        now[0] = 80_000
        assert client._token.current() == first
        now[0] = 86_200
        assert client._token.current() != first


def test_a_wrong_secret_stops_and_says_where_it_is_entered(shop: Store) -> None:
    with granted(shop.emulator) as client:
        shop.emulator.settings(client_secret="rotated")
        with pytest.raises(RequestRefused, match="client secret as password of the shop's Airflow connection"):
            delivery.deliver(shop.connection, SHOP, client)
    assert shop.batches() == ["PLANNED"]


def test_a_huge_plan_is_checked_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The levels of a part are read when it is its turn; the batches of a part with bad rows are replaced in it."""
    products = [f"6{number:04d}" for number in range(40)]
    store.open(dict.fromkeys(products, 5))
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    monkeypatch.setattr(planner, "MOST_ROWS", 9)
    assert len(store.plan()) == 5
    bad = {item(products[number]) for number in (0, 6, 7, 20, 39)}
    store.emulator.seed(
        [{"id": ONLINE, "name": "Online"}],
        [{"id": item(product)} for product in products if item(product) not in bad],
        [
            {"inventoryItemId": item(product), "locationId": ONLINE, "available": 5}
            for product in products
            if item(product) not in bad
        ],
    )
    monkeypatch.setattr(preflight, "BATCHES_AT_A_TIME", 2)
    assert store.deliver().quarantined_rows == len(bad)
    assert {level["available"] for level in store.emulator.levels()} == {6}
    rows = store.connection.execute(
        b"SELECT inventory_item_id FROM inventory_level WHERE quarantine_reason IS NOT NULL"
    )
    assert {row[0] for row in rows} == bad
