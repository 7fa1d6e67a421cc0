"""The fields that take arguments: look-ups, connections and quantities; and what the other concepts add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLError

from include.sandbox.shopify import filters, search
from include.sandbox.shopify.access import require
from include.sandbox.shopify.bulk.fields import MUTATIONS as BULK
from include.sandbox.shopify.bulk.fields import current
from include.sandbox.shopify.connection import Page, paginate, refusal
from include.sandbox.shopify.context import Context, Info
from include.sandbox.shopify.fields import SHOP, Installation, Quantity
from include.sandbox.shopify.inventory.fields import FULL as INVENTORY
from include.sandbox.shopify.inventory.mutations import MUTATIONS
from include.sandbox.shopify.orders import fields as orders
from include.sandbox.shopify.orders.records import Order
from include.sandbox.shopify.products import fields as products
from include.sandbox.shopify.records import QUANTITY_NAMES, Item, Level, Location
from include.sandbox.shopify.scalars import number
from include.sandbox.shopify.webhooks import subscriptions

# --- look-ups by id ---------------------------------------------------------------------------------------------------


def _find(context: Context, info: Info, gid: str) -> Any:
    store = context.store
    kind = gid.removeprefix("gid://shopify/").partition("/")[0]
    if kind == "InventoryItem":
        require(info, "read_inventory", "read_products")
        return store.items.get(gid)
    if kind in ("InventoryLevel", "InventoryAdjustmentGroup"):
        require(info, "read_inventory")
        return store.levels_by_id.get(gid) or store.groups.get(gid)
    if kind == "Location":
        require(info, "read_locations", "read_inventory")
        return store.locations.get(gid)
    if kind in ("Product", "ProductVariant"):
        return products.find(context, info, gid)
    if kind in ("Order", "FulfillmentOrder", "Refund"):
        return orders.find(context, info, kind, gid)
    if kind == "WebhookSubscription":
        return store.subscriptions.get(gid)
    if kind == "BulkOperation":
        return store.bulk.get(gid)
    return None


def _typed(kind: str) -> Callable[..., Any]:
    def resolve(_source: Any, info: Info, **arguments: Any) -> Any:
        gid = arguments.get("id")
        if gid is None:
            raise refusal(f"{info.field_name} needs an id in the emulator: it has no default {info.field_name}")
        _check_type(gid, kind)
        return _find(info.context, info, gid)

    return resolve


def _check_type(gid: str, kind: str) -> None:
    """Recorded: a global id of another type is RESOURCE_NOT_FOUND."""
    if not gid.startswith(f"gid://shopify/{kind}/"):
        raise GraphQLError(f"Invalid id: {gid}", extensions={"code": "RESOURCE_NOT_FOUND"})


def _node(_source: Any, info: Info, **arguments: Any) -> Any:
    return _find(info.context, info, arguments["id"])


def _nodes(_source: Any, info: Info, **arguments: Any) -> Any:
    """Unknown ids give null in their place (recorded)."""
    return [_find(info.context, info, gid) for gid in arguments["ids"]]


def _level_at(source: Item | Location, info: Info, **arguments: Any) -> Level | None:
    """Inactive levels are hidden unless asked for (recorded on 2026-04)."""
    context = info.context
    require(info, "read_inventory")
    if isinstance(source, Item):
        _check_type(arguments["locationId"], "Location")
        pair = (source.id, arguments["locationId"])
    else:
        _check_type(arguments["inventoryItemId"], "InventoryItem")
        pair = (arguments["inventoryItemId"], source.id)
    level = context.store.levels.get(pair)
    return level if level and (level.active or arguments.get("includeInactive")) else None


# --- connections ------------------------------------------------------------------------------------------------------


def _no_query(info: Info, arguments: Mapping[str, Any]) -> None:
    for name in ("query", "savedSearchId"):
        if arguments.get(name) is not None:
            raise GraphQLError(
                f"{info.field_name}({name}:) is not emulated; leave it out and filter the answer",
                extensions={"code": "NOT_EMULATED"},
            )


def _levels(source: Item | Location, info: Info, **arguments: Any) -> Page:
    context = info.context
    require(info, "read_inventory")
    query = search.parsed(info, arguments, filters.LEVELS)
    side = context.store.levels_of_item if isinstance(source, Item) else context.store.levels_of_location
    levels = side.get(source.id, [])
    shown = [x for x in levels if (x.active or arguments.get("includeInactive")) and query.matches(x)]
    return paginate(shown, lambda x: (number(x.id),), arguments)


def _locations(_source: Any, info: Info, **arguments: Any) -> Page:
    """Only active locations that belong to no fulfilment service, unless asked for more (documented)."""
    context = info.context
    require(info, "read_locations", "read_inventory")
    _no_query(info, arguments)
    shown = [
        x
        for x in context.store.locations.values()
        if (x.active or arguments["includeInactive"]) and (not x.legacy or arguments["includeLegacy"])
    ]
    if arguments["sortKey"] == "NAME":
        return paginate(shown, lambda x: (x.name, number(x.id)), arguments)
    return paginate(shown, lambda x: (number(x.id),), arguments)


ORDER_SORTS: dict[str, Callable[[Order], int]] = {
    "UPDATED_AT": lambda order: int(order.updated),
    "CREATED_AT": lambda order: int(order.created),
    "PROCESSED_AT": lambda order: int(order.created),
    "ORDER_NUMBER": lambda order: order.number,
    "ID": lambda order: number(order.id),
}


def _orders(_source: Any, info: Info, **arguments: Any) -> Page:
    context = info.context
    require(info, "read_orders")
    _no_query(info, {"savedSearchId": arguments.get("savedSearchId")})
    sort = ORDER_SORTS.get(arguments["sortKey"])
    if sort is None:
        raise GraphQLError(
            f"orders(sortKey: {arguments['sortKey']}) is not emulated; use one of {', '.join(ORDER_SORTS)}",
            extensions={"code": "NOT_EMULATED"},
        )
    query = search.parsed(info, arguments, filters.ORDERS)
    store = context.store
    known = filters.known(
        (versions for gid, versions in store.orders.items() if gid not in context.settings.unindexed_orders),
        store.now() - context.settings.order_search_lag,
    )
    return paginate((x for x in known if query.matches(x)), lambda x: (sort(x), number(x.id)), arguments)


def _items(_source: Any, info: Info, **arguments: Any) -> Page:
    require(info, "read_inventory", "read_products")
    query = search.parsed(info, arguments, filters.ITEMS)
    found = (x for x in info.context.store.items.values() if query.matches(x))
    return paginate(found, lambda x: (number(x.id),), arguments)


def _bulk_operations(_source: Any, info: Info, **arguments: Any) -> Page:
    """The app's own operations, the newest first unless reversed (the schema's words)."""
    query = search.parsed(info, arguments, filters.BULK_OPERATIONS)
    found = [x for x in info.context.store.bulk.values() if query.matches(x)]
    if arguments["sortKey"] == "COMPLETED_AT":
        return paginate(found, lambda x: (-(x.completed or 0), -number(x.id)), arguments)
    return paginate(found, lambda x: (-x.created, -number(x.id)), arguments)


# --- levels ----------------------------------------------------------------------------------------------------------


def _quantities(source: Level, _info: Info, **arguments: Any) -> list[Quantity]:
    for name in arguments["names"]:
        if name not in QUANTITY_NAMES:
            # Inferred: the code; the names are documented.
            raise refusal(f"Invalid quantity name {name!r}; valid names are: {', '.join(QUANTITY_NAMES)}.")
    return [Quantity(source, name) for name in arguments["names"]]


FULL: dict[str, dict[str, Callable[..., Any]]] = {
    "QueryRoot": {
        "node": _node,
        "nodes": _nodes,
        **subscriptions.QUERIES,
        **products.QUERIES,
        "product": _typed("Product"),
        "productVariant": _typed("ProductVariant"),
        "webhookSubscription": _typed("WebhookSubscription"),
        "bulkOperation": _typed("BulkOperation"),
        "bulkOperations": _bulk_operations,
        "inventoryItem": _typed("InventoryItem"),
        "inventoryItems": _items,
        "inventoryLevel": _typed("InventoryLevel"),
        "location": _typed("Location"),
        "order": _typed("Order"),
        "locations": _locations,
        "orders": _orders,
        "shop": lambda source, info: SHOP,
        "currentBulkOperation": current,
        "currentAppInstallation": lambda source, info: Installation(),
    },
    "Mutation": {**MUTATIONS, **BULK, **subscriptions.MUTATIONS},
    "InventoryItem": {"inventoryLevel": _level_at, "inventoryLevels": _levels, **products.ITEM_FULL},
    "Location": {"inventoryLevel": _level_at, "inventoryLevels": _levels},
    "InventoryLevel": {"quantities": _quantities},
    **orders.FULL,
    **products.FULL,
    **INVENTORY,
}
