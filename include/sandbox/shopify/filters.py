"""What the searches of the lists understand: orders, items, levels and bulk operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from include.sandbox.shopify.orders.records import Order
from include.sandbox.shopify.products import catalogue
from include.sandbox.shopify.products.catalogue import Variant
from include.sandbox.shopify.scalars import number
from include.sandbox.shopify.search import Filters, by_number, by_text, by_time
from include.sandbox.shopify.store import Store

# Documented filters of `orders` that the emulator does not have.
KNOWN_ELSEWHERE = frozenset(
    {
        "cart_token",
        "channel",
        "channel_id",
        "chargeback_status",
        "checkout_token",
        "confirmation_number",
        "credit_card_last4",
        "current_total_price",
        "customer_id",
        "delivery_method",
        "discount_code",
        "email",
        "financial_status",
        "fraud_protection_level",
        "fulfillment_location_id",
        "fulfillment_status",
        "gateway",
        "location_id",
        "payment_id",
        "payment_provider_id",
        "po_number",
        "processed_at",
        "reference_location_id",
        "return_status",
        "risk_level",
        "sales_channel",
        "sku",
        "source_identifier",
        "source_name",
        "subtotal_line_items_quantity",
        "tag",
        "tag_not",
        "test",
        "total_weight",
    }
)
STATUSES: dict[str, Callable[[Order], bool]] = {
    "any": lambda order: True,
    "cancelled": lambda order: order.cancelled is not None,
    "open": lambda order: order.cancelled is None and order.fulfillment_status != "FULFILLED",
}

ORDERS = Filters(
    "orders",
    {
        "updated_at": by_time(lambda order: order.updated),
        "created_at": by_time(lambda order: order.created),
        "id": by_number(lambda order: number(order.id)),
        "name": lambda _sign, value: lambda order: order.name.lstrip("#") == value.lstrip("#"),
        "status": lambda _sign, value: STATUSES.get(value),
    },
    KNOWN_ELSEWHERE,
)

ITEMS = Filters(
    "inventoryItems",
    {
        "id": by_number(lambda item: number(item.id)),
        "sku": by_text(lambda item: item.sku or ""),
        "created_at": by_time(lambda item: item.created),
        "updated_at": by_time(lambda item: item.created if item.updated is None else item.updated),
    },
)

LEVELS = Filters(
    "inventoryLevels",
    {
        "id": by_number(lambda level: number(level.id)),
        "inventory_item_id": by_number(lambda level: number(level.item)),
        "created_at": by_time(lambda level: level.created),
        "updated_at": by_time(lambda level: level.updated),
    },
    frozenset({"inventory_group_id"}),
)

BULK_OPERATIONS = Filters(
    "bulkOperations",
    {
        "id": by_number(lambda operation: number(operation.id)),
        "status": lambda _sign, value: lambda operation: operation.status == value.upper(),
        "operation_type": lambda _sign, value: lambda operation: operation.type == value.upper(),
        "created_at": by_time(lambda operation: operation.created),
    },
)


# Documented filters of `productVariants` that the emulator does not have.
OF_VARIANTS_ELSEWHERE = frozenset(
    {
        "barcode",
        "collection",
        "delivery_profile_id",
        "exclude_composite",
        "exclude_variants_with_components",
        "gift_card",
        "inventory_quantity",
        "location_id",
        "managed",
        "managed_by",
        "option1",
        "option2",
        "option3",
        "product_ids",
        "product_publication_status",
        "product_status",
        "product_type",
        "publishable_status",
        "published_status",
        "requires_components",
        "tag",
        "tag_not",
        "taxable",
        "title",
        "vendor",
    }
)


def variants(store: Store, at: float) -> Filters:
    """Return the fields of the search of variants, as its index was at a moment (seconds since 1970)."""
    return Filters(
        "productVariants",
        {
            "id": by_number(lambda item: number(Variant(item).id)),
            "sku": by_text(lambda item: catalogue.indexed_sku(item, at)),
            "product_id": by_number(lambda item: number(catalogue.product_of(store, item).id)),
            "updated_at": by_time(lambda item: item.created if item.updated is None else item.updated),
        },
        OF_VARIANTS_ELSEWHERE,
    )


def known(orders: Iterable[list[Order]], until: float) -> Iterator[Order]:
    """Yield what the order search knows: the newest version from `until` (seconds since 1970) or before.

    That the real search index lags behind writes is documented; that it shows a whole older version is inferred.
    """
    for versions in orders:
        for version in reversed(versions):
            if version.updated <= until:
                yield version
                break
