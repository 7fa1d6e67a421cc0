"""Products and variants as GraphQL sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from include.sandbox.shopify import filters, search
from include.sandbox.shopify.access import require
from include.sandbox.shopify.connection import Page, paginate
from include.sandbox.shopify.context import Context, Info, Plain
from include.sandbox.shopify.products import catalogue
from include.sandbox.shopify.products.catalogue import Product, Variant
from include.sandbox.shopify.records import ON_HAND_PARTS, QUANTITY_NAMES, Item
from include.sandbox.shopify.scalars import number, timestamp

TYPE_OF: dict[type, str] = {Variant: "ProductVariant", Product: "Product"}


def find(context: Context, info: Info, gid: str) -> Variant | Product | None:
    """Look a variant or a product up by its id, which needs read_products (documented)."""
    require(info, "read_products")
    if gid.startswith("gid://shopify/ProductVariant/"):
        return catalogue.variant_by_id(context.store, gid)
    return catalogue.product_by_id(context.store, gid)


def _variants(_source: Any, info: Info, **arguments: Any) -> Page:
    """List variants, found by what the search index knows; what they show is what is there."""
    require(info, "read_products")
    context = info.context
    if arguments.get("savedSearchId") is not None:
        raise GraphQLError("productVariants(savedSearchId:) is not emulated", extensions={"code": "NOT_EMULATED"})
    at = context.store.now() - context.settings.product_lag
    query = search.parsed(info, arguments, filters.variants(context.store, at))
    items = context.store.items.values()
    found = (Variant(item) for item in items if item.created <= at and query.matches(item))
    return paginate(found, _sort(arguments), arguments)


def _variants_of_product(source: Product, _info: Info, **arguments: Any) -> Page:
    return paginate([Variant(item) for item in source.items], _sort(arguments), arguments)


def _variants_of_item(source: Item, info: Info, **arguments: Any) -> Page:
    """An item may have several variants since 2026-01 (documented); here it has one."""
    require(info, "read_products")
    return paginate([Variant(source)], lambda variant: (number(variant.id),), arguments)


def _sort(arguments: dict[str, Any]) -> Callable[[Variant], tuple[Any, ...]]:
    if arguments["sortKey"] == "SKU":
        return lambda variant: (variant.item.sku or "", number(variant.id))
    return lambda variant: (number(variant.id),)


def _variant_of_item(source: Item, info: Info) -> Variant:
    require(info, "read_products")
    return Variant(source)


def _quantity_name(name: str) -> dict[str, Any]:
    """Describe one of the eight names (documented); the words to show and that all are in use are inferred."""
    part = name in ON_HAND_PARTS
    return {
        "name": name,
        "displayName": name.replace("_", " ").capitalize(),
        "belongsTo": ["on_hand"] if part else [],
        "comprises": list(ON_HAND_PARTS) if name == "on_hand" else [],
        "isInUse": True,
    }


def _duplicates(item: Item, context: Context) -> int:
    """Count the other items with the same SKU, which need not be unique (documented)."""
    same = sum(each.sku == item.sku for each in context.store.items.values()) if item.sku else 1
    return same - 1


def _updated(item: Item, _context: Context) -> str:
    return timestamp(item.created if item.updated is None else item.updated)


def _count(number_of: int) -> dict[str, Any]:
    return {"count": number_of, "precision": "EXACT"}


def _active_levels(item: Item, context: Context) -> int:
    return sum(level.active for level in context.store.levels_of_item.get(item.id, ()))


def _title(source: Product) -> str:
    return f"Product {number(source.id)}"


def _name(source: Variant) -> str:
    return source.item.sku or "Default Title"


LEGACY: dict[str, Plain] = {"id": lambda x, c: x.id, "legacyResourceId": lambda x, c: str(number(x.id))}

ITEM: dict[str, Plain] = {
    "duplicateSkuCount": _duplicates,
    "locationsCount": lambda x, c: _count(_active_levels(x, c)),
    "trackedEditable": lambda x, c: {"locked": False, "reason": None},
}
"""What an inventory item shows of its neighbours. Inferred: only active levels count, and tracking can be changed."""

PLAIN: dict[str, dict[str, Plain]] = {
    "Count": {name: lambda x, c, name=name: x[name] for name in ("count", "precision")},  # type: ignore[misc]
    "EditableProperty": {name: lambda x, c, name=name: x[name] for name in ("locked", "reason")},  # type: ignore[misc]
    "InventoryProperties": {"quantityNames": lambda x, c: [_quantity_name(name) for name in QUANTITY_NAMES]},
    "InventoryQuantityName": {
        name: lambda x, c, name=name: x[name]  # type: ignore[misc]
        for name in ("belongsTo", "comprises", "displayName", "isInUse", "name")
    },
    "Product": {
        **LEGACY,
        "title": lambda x, c: _title(x),
        "createdAt": lambda x, c: timestamp(x.items[0].created),
        "updatedAt": lambda x, c: max(_updated(item, c) for item in x.items),
        "totalInventory": lambda x, c: catalogue.total(c.store, x, c.settings.product_lag),
        "tracksInventory": lambda x, c: any(item.tracked for item in x.items),
        "variantsCount": lambda x, c: _count(len(x.items)),
    },
    "ProductVariant": {
        **LEGACY,
        "title": lambda x, c: _name(x),
        "displayName": lambda x, c: f"{_title(catalogue.product_of(c.store, x.item))} - {_name(x)}",
        "createdAt": lambda x, c: timestamp(x.item.created),
        "updatedAt": lambda x, c: _updated(x.item, c),
        "sku": lambda x, c: x.item.sku,
        "inventoryItem": lambda x, c: x.item,
        "inventoryQuantity": lambda x, c: catalogue.quantity(c.store, x.item),
        "product": lambda x, c: catalogue.product_of(c.store, x.item),
    },
}

QUERIES: dict[str, Callable[..., Any]] = {
    "productVariants": _variants,
    "inventoryProperties": lambda source, info: {},
}

ITEM_FULL: dict[str, Callable[..., Any]] = {"variant": _variant_of_item, "variants": _variants_of_item}

FULL: dict[str, dict[str, Callable[..., Any]]] = {"Product": {"variants": _variants_of_product}}
