"""Webhooks on the wire: whether a message is Shopify's, what it says, and who is told what.

The signature covers the body alone. Shop, topic and id come in headers that anybody may change on a captured message:
so nothing is believed but that something may have happened.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from include.errors import NeedsAction
from include.shopify.client import Client, document
from include.shopify.errors import RequestRefused

LARGEST_BODY = 64 * 1024
"""Bytes that a message may have: one of a level has two hundred."""

LONGEST_ID = 255

LEVEL_UPDATED = "inventory_levels/update"
"""The only topic that is acted upon."""

TOPIC = "INVENTORY_LEVELS_UPDATE"
"""The same in GraphQL."""


class NotUnderstood(ValueError):
    """A message lacks what every message has, or its body is not what its topic says."""


class AddressRefused(NeedsAction):
    """An address is not one to which messages could be sent."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One message. `available` is None for an item that is not counted; all of the level is None for other topics."""

    webhook_id: str
    event_id: str | None
    topic: str
    shop_domain: str
    triggered_at: datetime | None
    inventory_item_id: str | None = None
    location_id: str | None = None
    available: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told of changed levels."""

    subscription_id: str
    address: str


def is_signed(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """Tell whether a message was signed with one of the app's secrets, in a time that does not depend on which.

    Args:
        body: The body as it came over the wire, byte for byte.
        signature: The header `X-Shopify-Hmac-SHA256`.
        secrets: All secrets that may be in use: after a rotation the older one signs for up to an hour.
    """
    given = (signature or "").encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()), given)
        for secret in secrets
        if secret
    ]
    return any(matches)


def read(headers: Mapping[str, str], body: bytes) -> Webhook:
    """Read a message whose signature was found good.

    Args:
        headers: The request's headers, by their names in lower case.
        body: Its body.

    Raises:
        NotUnderstood: It has no id, topic or shop, or its body is not what its topic says.
    """
    webhook_id = _header(headers, "x-shopify-webhook-id")
    topic = _header(headers, "x-shopify-topic")
    domain = _header(headers, "x-shopify-shop-domain")
    told = (webhook_id, headers.get("x-shopify-event-id", "")[:LONGEST_ID] or None, topic, domain)
    triggered_at = _moment(headers.get("x-shopify-triggered-at", ""))
    if topic != LEVEL_UPDATED:
        return Webhook(*told, triggered_at)
    try:
        payload = json.loads(body)
        item, location = _number(payload["inventory_item_id"]), _number(payload["location_id"])
        available = payload["available"]
        if available is not None and (type(available) is not int or abs(available) > 2_000_000_000):
            raise ValueError(f"available {available!r}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotUnderstood(f"{topic}: expected inventory_item_id, location_id and available ({error!r})") from error
    return Webhook(
        *told,
        triggered_at,
        f"gid://shopify/InventoryItem/{item}",
        f"gid://shopify/Location/{location}",
        available,
    )


def subscriptions(client: Client) -> list[Subscription]:
    """Who is told of changed levels, by this app."""
    found = client.execute(document("WebhookSubscriptions"), json.dumps({"topics": [TOPIC]}))
    return [Subscription(node["id"], node["uri"]) for node in found["webhookSubscriptions"]["nodes"]]


def subscribe(client: Client, address: str) -> Subscription:
    """Have an address told of changed levels, unless it is already.

    Args:
        client: The shop.
        address: Where messages go: https, and on this machine http.

    Raises:
        AddressRefused: Shopify could not send there.
        RequestRefused: Shopify does not want to.
        ShopifyError: As by the client. Subscribing again does no harm.
    """
    parts = urlsplit(address)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname != "127.0.0.1"):
        raise AddressRefused(f"address {address!r}: expected https://HOST/shopify/webhooks, reachable from outside")
    for known in subscriptions(client):
        if known.address == address:
            return known
    variables = {"topic": TOPIC, "webhookSubscription": {"uri": address, "format": "JSON"}}
    payload = client.execute(document("WebhookSubscribe"), json.dumps(variables))["webhookSubscriptionCreate"]
    _refuse(f"subscribe {address}", payload)
    made = payload["webhookSubscription"]
    return Subscription(made["id"], made["uri"])


def unsubscribe(client: Client, address: str | None = None) -> list[Subscription]:
    """End the subscriptions of one address, or of all.

    Returns:
        Those that were ended.

    Raises:
        RequestRefused: Shopify does not want to.
        ShopifyError: As by the client.
    """
    ended = [each for each in subscriptions(client) if address in (None, each.address)]
    for each in ended:
        variables = json.dumps({"id": each.subscription_id})
        payload = client.execute(document("WebhookUnsubscribe"), variables)["webhookSubscriptionDelete"]
        _refuse(f"unsubscribe {each.address}", payload)
    return ended


def _refuse(what: str, payload: Mapping[str, Any]) -> None:
    if payload["userErrors"]:
        raise RequestRefused(f"{what}: " + "; ".join(str(error["message"]) for error in payload["userErrors"]))


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value or len(value) > LONGEST_ID:
        raise NotUnderstood(f"header {name}: expected 1 to {LONGEST_ID} characters, got {len(value)}")
    return value


def _number(value: object) -> int:
    """An id; they exceed 2^53, and so must never have been a float."""
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError(f"id {value!r}")
    return value


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
