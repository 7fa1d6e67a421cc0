"""Webhooks: who may subscribe, what is told and how it is signed, and every way for it to arrive badly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from include.sandbox import shopify
from tests.sandbox.shopify import bulk
from tests.sandbox.shopify.documents import ACTIVATE, DEACTIVATE
from tests.sandbox.shopify.receiver import Receiver, receiving
from tests.sandbox.shopify.shop import ITEMS, MAIN, OUTLET, UNTRACKED, Shop, only, row, wait_for

CREATE = """mutation Create($topic: WebhookSubscriptionTopic!, $wanted: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $wanted) {
    webhookSubscription { id topic uri format name includeFields apiVersion { handle supported } }
    userErrors { field message }
  }
}"""

DELETE = """mutation Delete($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""

LIST = """query List($topics: [WebhookSubscriptionTopic!], $uri: String) {
  webhookSubscriptions(first: 50, topics: $topics, uri: $uri) { nodes { id topic uri } }
}"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def create(
    shop: Shop, uri: str, topic: str = "INVENTORY_LEVELS_UPDATE", version: str = "2026-10", **fields: Any
) -> Any:
    variables = {"topic": topic, "wanted": {"uri": uri, **fields}}
    answer = shop.http(CREATE, variables, version=version).json()
    assert "errors" not in answer, answer
    return answer["data"]["webhookSubscriptionCreate"]


def subscribe(shop: Shop, uri: str, topic: str = "INVENTORY_LEVELS_UPDATE", **fields: Any) -> str:
    payload = create(shop, uri, topic, **fields)
    assert payload["userErrors"] == []
    return str(payload["webhookSubscription"]["id"])


def listed(shop: Shop, **filters: Any) -> list[str]:
    nodes = shop.post(LIST, filters)["data"]["webhookSubscriptions"]["nodes"]
    return [each["id"] for each in nodes]


def outcomes(shop: Shop, subscription: str) -> list[Any]:
    return [each["outcome"] for each in shop.control.webhooks()["attempts"] if each["subscription"] == subscription]


def arrive(receiver: Receiver, count: int) -> None:
    wait_for(f"{count} messages", lambda: len(receiver.messages) >= count)


def test_a_subscription_can_be_made_found_and_ended(shop: Shop) -> None:
    payload = create(shop, "https://example.com/hooks", name="levels", includeFields=["available"])
    made = payload["webhookSubscription"]
    assert made.pop("id") == only(listed(shop))
    assert made == {
        "topic": "INVENTORY_LEVELS_UPDATE",
        "uri": "https://example.com/hooks",
        "format": "JSON",
        "name": "levels",
        "includeFields": ["available"],
        "apiVersion": {"handle": "2026-10", "supported": True},
    }
    other = subscribe(shop, "https://example.com/hooks", "BULK_OPERATIONS_FINISH")
    assert listed(shop, topics=["BULK_OPERATIONS_FINISH"]) == [other]
    assert listed(shop, uri="https://example.com/elsewhere") == []
    answer = shop.post(DELETE, {"id": other})["data"]["webhookSubscriptionDelete"]
    assert answer == {"deletedWebhookSubscriptionId": other, "userErrors": []}
    assert other not in listed(shop)
    again = shop.post(DELETE, {"id": other})["data"]["webhookSubscriptionDelete"]
    assert again["deletedWebhookSubscriptionId"] is None
    assert only(again["userErrors"])["field"] == ["id"]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://example.com/hooks", "Address protocol http:// is not supported"),
        ("ftp://127.0.0.1/hooks", "Address protocol ftp:// is not supported"),
        ("", "Address can't be blank"),
        ("https://example.com/taken", "Address for this topic has already been taken"),
    ],
)
def test_addresses_that_are_refused(shop: Shop, uri: str, message: str) -> None:
    subscribe(shop, "https://example.com/taken")
    payload = create(shop, uri)
    assert payload == {
        "webhookSubscription": None,
        "userErrors": [{"field": ["webhookSubscription", "uri"], "message": message}],
    }


def test_a_change_of_available_is_told_and_signed(shop: Shop, receiver: Receiver) -> None:
    subscribe(shop, receiver.url, name="levels")
    shop.adjust(row(delta=-3))
    arrive(receiver, 1)
    message = only(receiver.messages)
    payload = message.payload
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", payload.pop("updated_at"))
    assert payload == {
        "inventory_item_id": 100,
        "location_id": 11,
        "available": 7,
        "admin_graphql_api_id": "gid://shopify/InventoryLevel/11?inventory_item_id=100",
    }
    digest = hmac.new(b"shpss_sandbox", message.body, hashlib.sha256).digest()
    headers = {name.lower(): value for name, value in message.headers.items()}
    assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
    assert headers["x-shopify-topic"] == "inventory_levels/update"
    assert headers["x-shopify-shop-domain"] == "trueup-sandbox.myshopify.com"
    assert headers["x-shopify-api-version"] == "2026-10"
    assert headers["x-shopify-name"] == "levels"
    assert headers["x-shopify-webhook-id"]
    assert headers["x-shopify-event-id"]
    assert headers["x-shopify-triggered-at"]


def test_the_version_is_that_of_the_request_that_subscribed(shop: Shop, receiver: Receiver) -> None:
    create(shop, receiver.url, version="2026-01", name="old")
    shop.adjust(row())
    arrive(receiver, 1)
    headers = {name.lower(): value for name, value in receiver.messages[0].headers.items()}
    assert headers["x-shopify-api-version"] == "2026-01"
    assert "x-shopify-name" not in headers


def test_one_action_is_one_event_and_each_delivery_has_an_id(shop: Shop, receiver: Receiver) -> None:
    subscribe(shop, receiver.url)
    shop.adjust(row(), row(ITEMS[1]))
    shop.order((ITEMS[0], 1))
    shop.control.edit_level(ITEMS[1], MAIN, 4)
    arrive(receiver, 4)
    heads = [{name.lower(): value for name, value in each.headers.items()} for each in receiver.messages]
    events = [head["x-shopify-event-id"] for head in heads]
    assert events[0] == events[1]
    assert len(set(events)) == 3
    assert len({head["x-shopify-webhook-id"] for head in heads}) == 4
    assert receiver.values() == [11, 11, 10, 4]


def test_other_quantities_are_not_told(shop: Shop, receiver: Receiver) -> None:
    subscribe(shop, receiver.url)
    order = shop.order((ITEMS[0], 2))
    shop.control.fulfil_order(order)
    shop.adjust({**row(expected=0), "ledgerDocumentUri": "https://example.com/1"}, name="damaged")
    shop.adjust(row(ITEMS[1]))
    arrive(receiver, 2)
    assert receiver.values("inventory_item_id") == [100, 101]


def test_an_item_that_is_not_tracked_has_no_number(shop: Shop, receiver: Receiver) -> None:
    subscribe(shop, receiver.url)
    shop.adjust(row(UNTRACKED, delta=4, expected=None))
    arrive(receiver, 1)
    assert receiver.values() == [None]


def test_stocking_and_ceasing_to_are_told(shop: Shop, receiver: Receiver) -> None:
    for topic in ("CONNECT", "DISCONNECT"):
        subscribe(shop, f"{receiver.url}/{topic}", f"INVENTORY_LEVELS_{topic}")
    answer = shop.post(ACTIVATE, {"item": ITEMS[0], "location": OUTLET, "key": "k"})
    level = answer["data"]["inventoryActivate"]["inventoryLevel"]["id"]
    arrive(receiver, 1)
    shop.post(DEACTIVATE, {"level": level})
    arrive(receiver, 2)
    connected, disconnected = receiver.messages
    assert connected.path.endswith("/CONNECT")
    assert connected.payload["available"] == 0
    assert disconnected.payload == {"inventory_item_id": 100, "location_id": 12}


def test_the_end_of_a_bulk_operation_is_told_in_lower_case(shop: Shop, receiver: Receiver) -> None:
    subscribe(shop, receiver.url, "BULK_OPERATIONS_FINISH")
    operation = bulk.run(shop, bulk.lines(ITEMS))
    done = bulk.wait_until(shop, operation, "COMPLETED")
    arrive(receiver, 1)
    message = only(receiver.messages)
    assert message.payload == {
        "admin_graphql_api_id": operation,
        "completed_at": done["completedAt"],
        "created_at": done["createdAt"],
        "error_code": None,
        "status": "completed",
        "type": "mutation",
    }
    shop.control.fault("bulk_failed")
    bulk.wait_until(shop, bulk.run(shop, bulk.lines(ITEMS)), "FAILED")
    arrive(receiver, 2)
    failed = receiver.messages[1].payload
    assert (failed["status"], failed["error_code"], failed["completed_at"]) == ("failed", "internal_server_error", None)


def test_only_the_fields_that_were_asked_for(shop: Shop, receiver: Receiver) -> None:
    subscribe(shop, receiver.url, includeFields=["inventory_item_id", "available"])
    shop.adjust(row())
    arrive(receiver, 1)
    assert receiver.messages[0].payload == {"inventory_item_id": 100, "available": 11}


# --- how it arrives badly ---


def webhook_ids(receiver: Receiver) -> list[str]:
    return [{k.lower(): v for k, v in each.headers.items()}["x-shopify-webhook-id"] for each in receiver.messages]


def test_twice(shop: Shop, receiver: Receiver) -> None:
    shop.control.settings(webhook_duplicate=1)
    subscribe(shop, receiver.url)
    shop.adjust(row())
    arrive(receiver, 2)
    assert receiver.messages[0].body == receiver.messages[1].body
    assert len(set(webhook_ids(receiver))) == 1


def test_never(shop: Shop, receiver: Receiver) -> None:
    shop.control.settings(webhook_drop=1)
    subscription = subscribe(shop, receiver.url)
    shop.adjust(row())
    wait_for("the loss", lambda: outcomes(shop, subscription) == ["dropped"])
    shop.control.settings(webhook_drop=0)
    shop.adjust(row(expected=11))
    arrive(receiver, 1)
    assert receiver.values() == [12]


def test_late(shop: Shop, receiver: Receiver) -> None:
    shop.control.settings(clock_rate=0, webhook_delay=30)
    subscribe(shop, receiver.url)
    shop.adjust(row())
    shop.control.advance(29)
    wait_for("it waiting", lambda: shop.control.webhooks()["waiting"] == 1)
    assert receiver.messages == []
    shop.control.advance(1)
    arrive(receiver, 1)


def test_in_another_order(shop: Shop, receiver: Receiver) -> None:
    shop.control.settings(clock_rate=0, webhook_reorder=1, webhook_reorder_seconds=10)
    subscribe(shop, receiver.url)
    shop.adjust(row())
    wait_for("the first one waiting", lambda: shop.control.webhooks()["waiting"] == 1)
    shop.control.settings(webhook_reorder=0)
    shop.adjust(row(expected=11))
    arrive(receiver, 1)
    shop.control.advance(10)
    arrive(receiver, 2)
    assert receiver.values() == [12, 11]


def test_a_seed_repeats_what_happened(shop: Shop, receiver: Receiver) -> None:
    def losses(seed: int, part: str) -> list[bool]:
        shop.control.settings(webhook_seed=seed, webhook_drop=0.5)
        subscription = subscribe(shop, f"{receiver.url}/{part}")
        for _ in range(12):
            shop.adjust(row(expected=None))
        wait_for("all of them", lambda: len(outcomes(shop, subscription)) == 12)
        lost = [outcome == "dropped" for outcome in outcomes(shop, subscription)]
        # Losses are noted when they happen, deliveries when they are done: their number tells, not their order.
        shop.post(DELETE, {"id": subscription})
        return sorted(lost)

    first = losses(7, "a")
    losses(8, "b")
    assert losses(7, "c") == first
    assert set(first) == {True, False}


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_fails_is_tried_again_later_with_the_same_id(shop: Shop, receiver: Receiver, status: int) -> None:
    shop.control.settings(clock_rate=0)
    receiver.status = status
    subscription = subscribe(shop, receiver.url)
    shop.adjust(row())
    wait_for("the first failure", lambda: outcomes(shop, subscription) == [status])
    shop.control.advance(59)
    receiver.status = 204
    shop.control.advance(1)
    wait_for("the second attempt", lambda: outcomes(shop, subscription) == [status, 204])
    assert len(set(webhook_ids(receiver))) == 1
    assert shop.control.webhooks()["waiting"] == 0


def test_after_eight_retries_in_four_hours_the_subscription_is_gone(shop: Shop, receiver: Receiver) -> None:
    shop.control.settings(clock_rate=0)
    receiver.status = 503
    subscription = subscribe(shop, receiver.url)
    kept = subscribe(shop, receiver.url, "BULK_OPERATIONS_FINISH")
    retries = shop.control.settings()["webhook_retries"]
    assert (len(retries), sum(retries)) == (8, 4 * 3600)
    shop.adjust(row())
    for attempt, pause in enumerate(retries, start=1):
        wait_for(f"failure {attempt}", lambda n=attempt: outcomes(shop, subscription) == [503] * n)  # type: ignore[misc]
        assert subscription in listed(shop)
        shop.control.advance(pause)
    wait_for("the end", lambda: listed(shop) == [kept])
    assert outcomes(shop, subscription) == [503] * 9
    assert shop.control.webhooks()["waiting"] == 0


def test_an_answer_that_takes_too_long_is_a_failure(shop: Shop, receiver: Receiver) -> None:
    shop.control.settings(webhook_timeout=0.2, webhook_retries=[0])
    receiver.slow = True
    subscription = subscribe(shop, receiver.url)
    shop.adjust(row())
    wait_for("the failure", lambda: outcomes(shop, subscription)[:1] == ["TimeoutError"])


def test_nothing_leaves_this_machine(shop: Shop) -> None:
    shop.control.settings(webhook_retries=[])
    subscription = subscribe(shop, "https://example.com/hooks")
    shop.adjust(row())
    wait_for("the end", lambda: outcomes(shop, subscription) == ["not on this machine, so not sent"])


def test_a_secret_that_was_changed_may_sign_for_a_while(shop: Shop, receiver: Receiver) -> None:
    shop.control.settings(webhook_secret="the old one")
    subscribe(shop, receiver.url)
    shop.adjust(row())
    arrive(receiver, 1)
    headers = {name.lower(): value for name, value in receiver.messages[0].headers.items()}
    digest = hmac.new(b"the old one", receiver.messages[0].body, hashlib.sha256).digest()
    assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()


def test_what_waits_outlives_the_process(tmp_path: Path, receiver: Receiver) -> None:
    with shopify.running(tmp_path) as emulator, closing(Shop(emulator)) as shop:
        shop.reset()
        shop.control.settings(clock_rate=0, webhook_delay=60)
        subscribe(shop, receiver.url)
        shop.adjust(row())
        wait_for("it waiting", lambda: shop.control.webhooks()["waiting"] == 1)
    with shopify.running(tmp_path) as emulator, closing(Shop(emulator)) as shop:
        assert receiver.messages == []
        shop.control.advance(60)
        arrive(receiver, 1)
        assert receiver.values() == [11]
