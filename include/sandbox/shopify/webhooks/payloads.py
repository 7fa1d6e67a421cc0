"""The bodies of webhooks (documented)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.shopify.scalars import number

if TYPE_CHECKING:
    from include.sandbox.shopify.bulk.records import BulkOperation
    from include.sandbox.shopify.records import Item, Level

Payload = dict[str, object]


def level(source: Level, item: Item | None, updated_at: str) -> Payload:
    """Return the body for inventory_levels/update and /connect.

    `available` is null for an item that is not tracked. The id holds the location's number, as in the documentation's
    example, where GraphQL's has another: nobody should take either apart.
    """
    place = number(source.location)
    tracked = item is not None and item.tracked
    return {
        "inventory_item_id": number(source.item),
        "location_id": place,
        "available": source.quantity("available") if tracked else None,
        "updated_at": updated_at,
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{place}?inventory_item_id={number(source.item)}",
    }


def disconnected(source: Level) -> Payload:
    """Return the body for inventory_levels/disconnect: the two ids only."""
    return {"inventory_item_id": number(source.item), "location_id": number(source.location)}


def bulk_finished(operation: BulkOperation, created_at: str, completed_at: str | None) -> Payload:
    """Return the body for bulk_operations/finish, whose words are in lower case."""
    return {
        "admin_graphql_api_id": operation.id,
        "completed_at": completed_at,
        "created_at": created_at,
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "status": operation.status.lower(),
        "type": operation.type.lower(),
    }
