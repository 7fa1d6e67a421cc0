"""Variants and products, made out of the inventory items: what they hold, and what an index that lags says of it.

`Product.totalInventory` lags behind writes (recorded on 2026-04: 0 while the variants said 5), and so does the search
of variants by SKU (documented). By how much is the setting `product_lag`; that the index shows a whole older state is
inferred.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.sandbox.shopify.records import Item
from include.sandbox.shopify.scalars import number
from include.sandbox.shopify.store import Store

FIRST_VARIANT, FIRST_PRODUCT = 40_000_000_000_000, 8_000_000_000_000
"""Added to the number of an item. The emulator's own way: Shopify's numbers have nothing to do with one another."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The variant of an inventory item."""

    item: Item

    @property
    def id(self) -> str:
        """Its global id."""
        return f"gid://shopify/ProductVariant/{FIRST_VARIANT + number(self.item.id)}"


@dataclass(frozen=True, slots=True)
class Product:
    """A product with its items, in the order in which they were made."""

    id: str
    items: tuple[Item, ...]


def variant_by_id(store: Store, gid: str) -> Variant | None:
    """Return the variant with a global id."""
    item = store.items.get(f"gid://shopify/InventoryItem/{number(gid) - FIRST_VARIANT}")
    return None if item is None else Variant(item)


def product_of(store: Store, item: Item) -> Product:
    """Return the product that an item belongs to: the one that it was seeded with, or one of its own."""
    if item.product is None:
        return Product(f"gid://shopify/Product/{FIRST_PRODUCT + number(item.id)}", (item,))
    return Product(item.product, tuple(each for each in store.items.values() if each.product == item.product))


def product_by_id(store: Store, gid: str) -> Product | None:
    """Return the product with a global id."""
    alone = store.items.get(f"gid://shopify/InventoryItem/{number(gid) - FIRST_PRODUCT}")
    if alone is not None and alone.product is None:
        return Product(gid, (alone,))
    items = tuple(each for each in store.items.values() if each.product == gid)
    return Product(gid, items) if items else None


def quantity(store: Store, item: Item) -> int:
    """Return what a variant can sell: `available` of its active levels (recorded on 2026-04: no others count)."""
    return sum(level.quantity("available") for level in store.levels_of_item.get(item.id, ()) if level.active)


def total(store: Store, product: Product, lag: float) -> int:
    """Return what a product can sell, as the index knows it: without the changes of the last `lag` seconds."""
    ids = {item.id for item in product.items}
    found = sum(quantity(store, item) for item in product.items)
    return found - sum(_later_changes(store, ids, store.now() - lag)) if lag else found


def _later_changes(store: Store, ids: set[str], since: float) -> Iterator[int]:
    for change in reversed(store.history):
        if change.at <= since:
            return
        if change.name == "available" and change.item in ids and store.levels[change.item, change.location].active:
            yield change.delta


def indexed_sku(item: Item, at: float) -> str:
    """Return the SKU that an item had at a moment (seconds since 1970)."""
    return next((sku for until, sku in item.older_skus or () if until > at), item.sku) or ""
