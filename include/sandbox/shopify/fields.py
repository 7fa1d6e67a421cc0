"""The fields that need no arguments: type by type, what each answers from its object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from include.sandbox.shopify.bulk.fields import PLAIN as BULK
from include.sandbox.shopify.bulk.fields import SHOP_ID
from include.sandbox.shopify.bulk.records import BulkOperation
from include.sandbox.shopify.connection import Page
from include.sandbox.shopify.context import Context, Plain
from include.sandbox.shopify.inventory.activation import is_only_one
from include.sandbox.shopify.inventory.fields import PLAIN as INVENTORY
from include.sandbox.shopify.orders.fields import PLAIN as ORDERS
from include.sandbox.shopify.orders.fields import TYPE_OF as ORDER_TYPES
from include.sandbox.shopify.products import fields as products
from include.sandbox.shopify.records import Group, Item, Level, Location
from include.sandbox.shopify.scalars import number, timestamp
from include.sandbox.shopify.webhooks.dispatcher import DOMAIN
from include.sandbox.shopify.webhooks.records import Subscription
from include.sandbox.shopify.webhooks.subscriptions import PLAIN as WEBHOOKS

SHOP = {
    "id": SHOP_ID,
    "name": "Trueup Sandbox",
    "myshopifyDomain": DOMAIN,
}
APP_ID = "gid://shopify/AppInstallation/871402668338"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One named quantity of a level."""

    level: Level
    name: str

    @property
    def id(self) -> str:
        """The quantity's global id; its form is inferred."""
        return f"{self.level.id.replace('InventoryLevel', 'InventoryQuantity', 1)}&name={self.name}"


@dataclass(frozen=True, slots=True)
class Installation:
    """The app as installed in the shop."""

    id: str = APP_ID


TYPE_OF: dict[type, str] = {
    Item: "InventoryItem",
    Level: "InventoryLevel",
    Location: "Location",
    **ORDER_TYPES,
    **products.TYPE_OF,
    Group: "InventoryAdjustmentGroup",
    Quantity: "InventoryQuantity",
    Installation: "AppInstallation",
    BulkOperation: "BulkOperation",
    Subscription: "WebhookSubscription",
}


def _quantity_updated(source: Quantity, _context: Context) -> str | None:
    """`available` always has one, on_hand never, the others since they were first touched (recorded on 2026-04)."""
    at = source.level.touched.get(source.name)
    return None if at is None else timestamp(at)


def _edges(page: Page, _context: Context) -> list[dict[str, Any]]:
    return [{"cursor": c, "node": n} for c, n in zip(page.cursors, page.nodes, strict=True)]


CONNECTION: dict[str, Plain] = {"nodes": lambda x, c: x.nodes, "edges": _edges, "pageInfo": lambda x, c: x}
EDGE: dict[str, Plain] = {"cursor": lambda x, c: x["cursor"], "node": lambda x, c: x["node"]}
LEGACY: dict[str, Plain] = {"id": lambda x, c: x.id, "legacyResourceId": lambda x, c: str(number(x.id))}
CREATED: dict[str, Plain] = {"createdAt": lambda x, c: timestamp(x.created)}
STAMPS: dict[str, Plain] = {**CREATED, "updatedAt": lambda x, c: timestamp(x.updated)}

PLAIN: dict[str, dict[str, Plain]] = {
    **INVENTORY,
    **BULK,
    **ORDERS,
    **WEBHOOKS,
    **products.PLAIN,
    "Connection": CONNECTION,
    "Edge": EDGE,
    "PageInfo": {
        "endCursor": lambda x, c: x.cursors[-1] if x.cursors else None,
        "startCursor": lambda x, c: x.cursors[0] if x.cursors else None,
        "hasNextPage": lambda x, c: x.has_next,
        "hasPreviousPage": lambda x, c: x.has_previous,
    },
    "Shop": {name: lambda x, c, name=name: x[name] for name in SHOP},  # type: ignore[misc]
    "AppInstallation": {"id": lambda x, c: x.id, "accessScopes": lambda x, c: list(c.scopes)},
    "AccessScope": {"handle": lambda x, c: x, "description": lambda x, c: x.replace("_", " ").capitalize()},
    "InventoryItem": {
        **LEGACY,
        **CREATED,
        "updatedAt": lambda x, c: timestamp(x.created if x.updated is None else x.updated),
        "sku": lambda x, c: x.sku,
        "tracked": lambda x, c: x.tracked,
        **products.ITEM,
    },
    "InventoryLevel": {
        **STAMPS,
        "id": lambda x, c: x.id,
        "isActive": lambda x, c: x.active,
        "canDeactivate": lambda x, c: not is_only_one(c.store, x),
        "deactivationAlert": lambda x, c: None,
        "item": lambda x, c: c.store.items[x.item],
        "location": lambda x, c: c.store.locations[x.location],
    },
    "InventoryQuantity": {
        "id": lambda x, c: x.id,
        "name": lambda x, c: x.name,
        "quantity": lambda x, c: x.level.quantity(x.name),
        "updatedAt": _quantity_updated,
    },
    "Location": {
        **LEGACY,
        **CREATED,
        "updatedAt": lambda x, c: timestamp(x.created),
        "name": lambda x, c: x.name,
        "isActive": lambda x, c: x.active,
        "deactivatedAt": lambda x, c: None if x.active else timestamp(x.created),
        "fulfillsOnlineOrders": lambda x, c: x.fulfills_online,
        "hasActiveInventory": lambda x, c: any(y.active for y in c.store.levels_of_location.get(x.id, ())),
        "isFulfillmentService": lambda x, c: x.legacy,
        "shipsInventory": lambda x, c: x.active and x.fulfills_online,
    },
}
