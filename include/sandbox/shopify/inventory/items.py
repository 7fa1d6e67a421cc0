"""The rules of `inventoryItemUpdate`: tracking and SKU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.shopify.inventory.errors import ItemPayload, UserError
from include.sandbox.shopify.store import Store


def update(store: Store, item_id: str, wanted: Mapping[str, Any]) -> ItemPayload:
    """Change an item; an unknown one is refused at `id` (recorded on 2025-01). A field left out stays as it is."""
    item = store.items.get(item_id)
    if item is None:
        text = "The product couldn't be updated because it does not exist."
        return ItemPayload(errors=(UserError(("id",), None, text),))
    if wanted.get("tracked") is not None:
        item.tracked = wanted["tracked"]
    if "sku" in wanted and wanted["sku"] != item.sku:
        item.older_skus = [*(item.older_skus or ()), (store.now(), item.sku)]
        item.sku = wanted["sku"]
    item.updated = store.now()
    store.dirty = True
    return ItemPayload(item)
