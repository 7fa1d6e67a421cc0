"""What a webhook must be to be believed that something may have happened."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sandbox.shopify import Emulator
from include.shopify import webhooks
from include.shopify.client import Client
from include.shopify.webhooks import AddressRefused, NotUnderstood
from tests.webhooks import signature

HEADERS = {
    "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "x-shopify-topic": "inventory_levels/update",
    "x-shopify-shop-domain": "demo.myshopify.com",
    "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    "x-shopify-triggered-at": "2026-11-20T12:00:00.000Z",
}
LEVEL = {"inventory_item_id": 271878346596884015, "location_id": 24826418, "available": 5, "updated_at": "2026"}


def body(**changes: object) -> bytes:
    return json.dumps(LEVEL | changes).encode()


@given(st.binary(max_size=200), st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_any_secret_in_use_signs_and_no_other(raw: bytes, secret: str, older: str) -> None:
    for used in (secret, older):
        assert webhooks.is_signed(raw, signature(raw, used), [secret, older])
    assert not webhooks.is_signed(raw + b" ", signature(raw, secret), [secret])
    assert not webhooks.is_signed(raw, signature(raw, secret + "x"), [secret, older])


@pytest.mark.parametrize("given_signature", [None, "", "x", "ümläut", "=" * 44])
def test_what_is_no_signature(given_signature: str | None) -> None:
    assert not webhooks.is_signed(b"{}", given_signature, ["secret"])


def test_without_a_secret_nothing_is_signed() -> None:
    """An empty secret is one that everybody knows."""
    assert not webhooks.is_signed(b"{}", signature(b"{}", ""), [""])
    assert not webhooks.is_signed(b"{}", signature(b"{}", ""), [])


def test_ids_beyond_what_a_float_holds_stay_exact() -> None:
    found = webhooks.read(HEADERS, body())
    assert found.inventory_item_id == "gid://shopify/InventoryItem/271878346596884015"
    assert (found.location_id, found.available) == ("gid://shopify/Location/24826418", 5)
    assert webhooks.read(HEADERS, body(available=None)).available is None
    other = webhooks.read(HEADERS | {"x-shopify-topic": "app/uninstalled"}, b"whatever")
    assert (other.topic, other.inventory_item_id) == ("app/uninstalled", None)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b"[" * 50_000,
        body(inventory_item_id="1"),
        body(inventory_item_id=1.0),
        body(inventory_item_id=True),
        body(inventory_item_id=-1),
        body(inventory_item_id=10**30),
        body(location_id=None),
        body(available="5"),
        body(available=True),
        body(available=10**12),
    ],
)
def test_a_body_that_is_no_level_is_not_understood(raw: bytes) -> None:
    with pytest.raises(NotUnderstood):
        webhooks.read(HEADERS, raw)


@pytest.mark.parametrize("name", ["x-shopify-webhook-id", "x-shopify-topic", "x-shopify-shop-domain"])
@pytest.mark.parametrize("value", ["", "x" * 300])
def test_a_message_without_its_headers_is_not_understood(name: str, value: str) -> None:
    with pytest.raises(NotUnderstood, match=name):
        webhooks.read(HEADERS | {name: value}, body())


def test_subscribing_twice_is_subscribing_once(emulator: Emulator, client: Client) -> None:
    address, other = "https://airflow.example.com/shopify/webhooks", "https://other.example.com/shopify/webhooks"
    first = webhooks.subscribe(client, address)
    assert webhooks.subscribe(client, address) == first
    webhooks.subscribe(client, other)
    assert {each.address for each in webhooks.subscriptions(client)} == {address, other}
    assert webhooks.unsubscribe(client, address) == [first]
    assert webhooks.unsubscribe(client, address) == []
    assert [each.address for each in webhooks.unsubscribe(client)] == [other]
    assert webhooks.subscriptions(client) == []


@pytest.mark.parametrize("address", ["http://airflow.example.com/x", "airflow.example.com", "", "ftp://x.example.com"])
def test_an_address_that_shopify_cannot_use_is_refused_here(client: Client, address: str) -> None:
    with pytest.raises(AddressRefused, match="expected https"):
        webhooks.subscribe(client, address)
