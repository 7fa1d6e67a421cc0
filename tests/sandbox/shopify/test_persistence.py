"""The state file: everything comes back, a foreign one is refused, and a kill leaves a whole one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from include.sandbox import shopify
from include.sandbox.shopify import persist
from include.sandbox.shopify.bulk.records import BulkOperation, Upload
from include.sandbox.shopify.inventory.adjustment import Request, adjust
from include.sandbox.shopify.inventory.keys import Keyed
from include.sandbox.shopify.orders import changes, placing, refunds
from include.sandbox.shopify.records import Item, Location, RefreshToken, Token, Transfer
from include.sandbox.shopify.store import CONTENTS, Store
from include.sandbox.shopify.webhooks.records import Delivery, Subscription
from tests.sandbox.shopify.shop import ITEMS, MAIN, OUTLET, Shop, given, row, wait_for


def test_all_of_a_shop_comes_back(tmp_path: Path) -> None:
    first, second = Store(), Store()
    first.locations[MAIN] = Location(MAIN, "Main", 1.5, fulfills_online=False)
    for item in ITEMS:
        first.items[item] = Item(item, None, 2.5)
        first.add_level(item, MAIN, active=False)
    for key, expected in (("k", 0), ("refused", 9)):
        adjust(first, Request(given(row(expected=expected)), Keyed(key, "digest", "observed")))
    changes.cancel(first, placing.place(first, [placing.Wanted(ITEMS[0], MAIN, 2)]).id)
    sent = changes.fulfil(first, placing.place(first, [placing.Wanted(ITEMS[1], MAIN, 1)]).id)
    refunds.refund(first, sent.id, [refunds.Refunded(1, "RETURN", ITEMS[1], location=MAIN)])
    placing.place(first, [placing.Wanted(ITEMS[0], MAIN, 1)], "pos")
    first.transfers["id"] = Transfer("id", ITEMS[0], MAIN, MAIN, 3, "IN_TRANSIT")
    first.uploads["key"] = Upload("key", 3.5, "text/jsonl", "POST", "etag", 7)
    first.bulk["id"] = BulkOperation("id", "MUTATION", "mutation", 4.5, ["write_inventory"], upload="key", position=3)
    first.tokens["token"] = Token("token", 5.5, ["read_inventory"])
    first.refresh_tokens["token"] = RefreshToken("token", 5.5, ["read_inventory"], "older")
    first.subscriptions["id"] = Subscription("id", "INVENTORY_LEVELS_UPDATE", "https://example.com", 6.5, "2026-10")
    first.deliveries["id"] = Delivery("id", "webhook", "event", "id", "{}", 7.5, 8.5)
    assert all(getattr(first, name) for name in CONTENTS)
    persist.save(tmp_path / "shop.json", first)
    persist.load(tmp_path / "shop.json", second)
    for name in CONTENTS:
        assert getattr(second, name) == getattr(first, name), name
    assert [len(versions) for versions in second.orders.values()] == [2, 3, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["shop.json"]


def test_a_kill_leaves_a_whole_file_that_the_next_start_takes(tmp_path: Path) -> None:
    state = tmp_path / "shop.json"
    with shopify.running(tmp_path) as emulator:
        shop = Shop(emulator)
        shop.reset()
        shop.adjust(row(delta=5), key="k")
        # A change is on disk within a second or so; what came after it may be lost, but no half of a change remains.
        wait_for("the change in the file", lambda: state.exists() and '"k"' in state.read_text())
        os.kill(emulator.pid, signal.SIGKILL)
        shop.close()
    with shopify.running(tmp_path) as emulator:
        shop = Shop(emulator)
        assert shop.quantities(ITEMS[0], MAIN)["available"] == 15
        assert shop.codes(row(delta=6, expected=15), key="k") == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
        shop.close()


def test_a_save_is_of_the_moment_when_it_began_and_the_shop_goes_on(tmp_path: Path) -> None:
    async def change_meanwhile() -> None:
        saving = asyncio.create_task(persist._save_aside(path, store))
        await asyncio.sleep(0)
        assert not saving.done()
        store.locations[OUTLET] = Location(OUTLET, "Outlet", 1.5)
        store.dirty = True
        await saving

    path, store, saved = tmp_path / "shop.json", Store(), Store()
    store.locations[MAIN] = Location(MAIN, "Main", 1.5)
    asyncio.run(change_meanwhile())
    persist.load(path, saved)
    assert list(saved.locations) == [MAIN]
    assert store.dirty
    assert [file.name for file in tmp_path.iterdir()] == ["shop.json"]


def test_a_save_that_fails_is_told_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store()
    asyncio.run(persist._save_aside(tmp_path / "nowhere" / "shop.json", store))
    assert store.dirty
    assert "nowhere/shop.json: the state could not be saved: FileNotFoundError" in caplog.text


def test_the_clock_goes_on_where_it_was(tmp_path: Path) -> None:
    first, second = Store(), Store()
    first.clock.advance(3600)
    persist.save(tmp_path / "shop.json", first)
    persist.load(tmp_path / "shop.json", second)
    assert second.clock.offset == 3600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a state file of the Shopify emulator"),
        ("[]", "not a state file of the Shopify emulator"),
        ('{"format": 1}', "not a state file of the Shopify emulator"),
        ('{"format": 2}', "state format 2, expected 1; remove the file and seed the shop again"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "shop.json"
    path.write_text(text)
    store = Store()
    with pytest.raises(ValueError, match=message) as refused:
        persist.load(path, store)
    assert str(path) in str(refused.value)
    assert path.read_text() == text
