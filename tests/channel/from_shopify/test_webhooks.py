"""Webhooks over real HTTP: from the emulator's dispatcher, and from those who would like to be it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from include.channel.from_shopify import inbox
from include.channel.from_shopify.inbox import Worked
from include.db.connection import connect
from include.jobs.webhook_receiver import Receiver
from include.shopify import webhooks
from tests.scenarios import sync
from tests.scenarios.store import Store, item
from tests.webhooks import DOMAIN, SECRET, headers, level, serving, signature
from tests.world import ONLINE, SHOP

A, B = "50001", "50002"


@dataclass
class Hooks:
    """The store, and a receiver that its shop may tell."""

    store: Store
    address: str
    secrets: list[str]

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        until = time.monotonic() + 20
        while not done():
            assert time.monotonic() < until, what
            time.sleep(0.02)

    def kept(self) -> list[tuple[str, int | None]]:
        """Status and number of each message in the inbox."""
        rows = self.store.connection.execute(
            b"SELECT status_id, available FROM shopify_webhook ORDER BY received_at, webhook_id"
        )
        return [(row[0], row[1]) for row in rows]

    def work_off(self) -> Worked:
        return inbox.work_off(self.store.connection, SHOP)

    def post(self, body: bytes, secret: str = SECRET, **more: str) -> int:
        """Send a message as anybody could."""
        told = headers(body, secret) | {name.replace("_", "-"): value for name, value in more.items()}
        return httpx.post(self.address, content=body, headers=told, trust_env=False).status_code


@pytest.fixture
def hooks(store: Store, dsn: str) -> Iterator[Hooks]:
    secrets = [SECRET]
    with serving(Receiver(lambda: connect(dsn), lambda: {DOMAIN: (SHOP, secrets)})) as address:
        yield Hooks(store, address, secrets)
        store.emulator.settings(
            webhook_duplicate=0, webhook_reorder=0, webhook_delay=0, webhook_reorder_seconds=5, webhook_secret=None
        )


def test_what_the_shop_tells_is_kept_once_and_marks_the_level(hooks: Hooks) -> None:
    """Twice and out of order, as it comes; and in the end Shopify shows what it should."""
    store = hooks.store
    store.open({A: 10, B: 5})
    webhooks.subscribe(store.client, hooks.address)
    store.emulator.settings(webhook_duplicate=1.0, webhook_reorder=0.5, webhook_reorder_seconds=0.3)
    for available in (20, 30, 40):
        store.emulator.edit_level(item(A), ONLINE, available)
    hooks.wait("six deliveries", lambda: len(store.emulator.webhooks()["attempts"]) == 6)
    assert sorted(hooks.kept()) == [("PENDING", 20), ("PENDING", 30), ("PENDING", 40)]
    assert {attempt["outcome"] for attempt in store.emulator.webhooks()["attempts"]} == {200}
    assert hooks.work_off() == Worked(echo=0, marked=3, ignored=0, levels=())
    observed = sync.recent_changes(store)
    assert sync.causes(store, observed) == {A: ("CHANGED_IN_SHOPIFY", "REBASED")}
    assert store.shown(A) == 10


def test_the_echo_of_our_own_write_is_recognised(hooks: Hooks) -> None:
    store = hooks.store
    store.open({A: 10, B: 5})
    webhooks.subscribe(store.client, hooks.address)
    store.move(A, -3)
    store.push()
    hooks.wait("the echo", lambda: hooks.kept() == [("PENDING", 7)])
    assert hooks.work_off().echo == 1
    store.emulator.fault("drop_after", operation="inventoryAdjustQuantities")
    store.move(B, -1)
    store.push()
    assert store.batches()[-1] == "UNKNOWN"
    hooks.wait("the echo of what we do not know yet", lambda: ("PENDING", 4) in hooks.kept())
    assert hooks.work_off() == Worked(1, 0, 0, ())
    assert sync.found(store, sync.recent_changes(store))["drift"] == {}


def test_an_untracked_item_says_null_and_is_named(hooks: Hooks) -> None:
    store = hooks.store
    store.open({A: 10})
    assert hooks.post(level(None)) == 200
    assert hooks.work_off().marked == 1
    store.emulator.seed(
        [{"id": ONLINE, "name": "Online"}],
        [{"id": item(A), "tracked": False}],
        [{"inventoryItemId": item(A), "locationId": ONLINE, "available": 3}],
    )
    assert sync.causes(store, sync.recent_changes(store)) == {A: ("UNTRACKED", "REBASED")}


def test_forged_replayed_and_oversized_messages(hooks: Hooks) -> None:
    hooks.store.open({A: 10})
    good = level()
    assert hooks.post(good, secret="guessed") == 401
    assert hooks.post(good, X_Shopify_Hmac_SHA256="") == 401
    assert hooks.post(good, X_Shopify_Shop_Domain="other.myshopify.com") == 401
    assert hooks.post(good, X_Shopify_Hmac_SHA256=signature(good + b" ", SECRET)) == 401
    assert hooks.post(b" " * (webhooks.LARGEST_BODY + 1)) == 413
    assert hooks.kept() == []
    assert [hooks.post(good), hooks.post(good), hooks.post(good)] == [200, 200, 200]
    assert hooks.kept() == [("PENDING", 5)], "the id says that it has come before"
    for captured in ("w2", "w3"):
        assert hooks.post(good, X_Shopify_Webhook_Id=captured) == 200
    hooks.work_off()
    observed = sync.recent_changes(hooks.store)
    assert hooks.store.shown(A) == 10, "whatever a message says, only what is read counts"
    assert sync.found(hooks.store, observed)["drift"] == {}


def test_a_body_that_does_not_say_its_length_is_cut_off_as_well(hooks: Hooks) -> None:
    pieces = iter([b" " * 10_000] * 10)
    assert httpx.post(hooks.address, content=pieces, trust_env=False).status_code == 413


def test_signed_and_not_understood_is_answered_so_that_the_subscription_stays(hooks: Hooks) -> None:
    hooks.store.open({A: 10})
    assert hooks.post(b"[]") == 202
    assert hooks.post(level(), X_Shopify_Topic="app/uninstalled") == 200
    assert hooks.post(level(product="999"), X_Shopify_Webhook_Id="w2") == 200
    assert hooks.work_off() == Worked(echo=0, marked=0, ignored=2, levels=())


def test_after_a_rotation_the_older_secret_is_good_as_long_as_it_is_listed(hooks: Hooks) -> None:
    hooks.store.open({A: 10})
    hooks.secrets.insert(0, "newer")
    assert hooks.post(level(), secret="newer") == 200
    assert hooks.post(level(), secret=SECRET) == 200
    hooks.secrets.remove(SECRET)
    assert hooks.post(level(), secret=SECRET) == 401


def test_a_message_that_cannot_be_kept_is_sent_again(hooks: Hooks) -> None:
    hooks.store.open({A: 10})
    hooks.store.connection.execute(b"ALTER TABLE shopify_webhook RENAME TO away")
    assert hooks.post(level()) == 503
    hooks.store.connection.execute(b"ALTER TABLE away RENAME TO shopify_webhook")
    assert hooks.post(level()) == 200
    assert hooks.kept() == [("PENDING", 5)]
