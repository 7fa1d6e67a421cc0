"""What orders and their parts answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from include.sandbox.shopify.access import require
from include.sandbox.shopify.connection import Page, paginate
from include.sandbox.shopify.context import Context, Info, Plain
from include.sandbox.shopify.orders.records import FulfillmentOrder, Line, LineItem, Order, Refund, RefundLine
from include.sandbox.shopify.records import Location
from include.sandbox.shopify.scalars import number, timestamp


@dataclass(frozen=True, slots=True)
class Part:
    """A fulfilment order, within the version of the order that it belongs to."""

    order: Order
    part: FulfillmentOrder


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a fulfilment order, within the version of the order."""

    order: Order
    line: Line


@dataclass(frozen=True, slots=True)
class RefundOf:
    """A refund, within the version of the order."""

    order: Order
    refund: Refund


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A row of a refund, within the version of the order."""

    order: Order
    line: RefundLine


TYPE_OF: dict[type, str] = {
    Order: "Order",
    Part: "FulfillmentOrder",
    Row: "FulfillmentOrderLineItem",
    LineItem: "LineItem",
    RefundOf: "Refund",
}


def find(context: Context, info: Info, kind: str, gid: str) -> Order | Part | RefundOf | None:
    """Look up an order, a fulfilment order or a refund by its global id."""
    newest = (versions[-1] for versions in context.store.orders.values())
    if kind == "Order":
        require(info, "read_orders")
        versions = context.store.orders.get(gid)
        return versions[-1] if versions else None
    if kind == "Refund":
        require(info, "read_orders")
        return next((RefundOf(order, x) for order in newest for x in order.refunds if x.id == gid), None)
    _require_fulfillment(info)
    return next((Part(order, x) for order in newest for x in order.fulfillment_orders if x.id == gid), None)


def _require_fulfillment(info: Info) -> None:
    """One of the fulfilment order scopes is needed (documented); that the field errors without one is inferred."""
    whose = ("merchant_managed", "assigned", "third_party")
    require(info, *(f"read_{x}_fulfillment_orders" for x in whose))


def _fulfillment_orders(source: Order, info: Info, **arguments: Any) -> Page:
    _require_fulfillment(info)
    if arguments.get("query") is not None or arguments.get("displayable"):
        raise GraphQLError(
            "fulfillmentOrders(query:) and (displayable:) are not emulated; leave them out and filter the answer",
            extensions={"code": "NOT_EMULATED"},
        )
    parts = [Part(source, part) for part in source.fulfillment_orders]
    return paginate(parts, lambda x: (number(x.part.id),), arguments)


def _rows(source: Part, _info: Info, **arguments: Any) -> Page:
    return paginate((Row(source.order, x) for x in source.part.lines), lambda x: (number(x.line.id),), arguments)


def _refunds(source: Order, _info: Info, **arguments: Any) -> list[RefundOf]:
    return [RefundOf(source, refund) for refund in source.refunds][: arguments.get("first")]


def _refund_rows(source: RefundOf, _info: Info, **arguments: Any) -> Page:
    rows = (RefundRow(source.order, x) for x in source.refund.lines)
    return paginate(rows, lambda x: (number(x.line.id),), arguments)


def _line_item(order: Order, identity: str) -> LineItem:
    return next(line for line in order.line_items if line.id == identity)


def _location(source: RefundRow, context: Context) -> Location | None:
    return None if source.line.location is None else context.store.locations.get(source.line.location)


PLAIN: dict[str, dict[str, Plain]] = {
    "Order": {
        "id": lambda x, c: x.id,
        "legacyResourceId": lambda x, c: str(number(x.id)),
        "createdAt": lambda x, c: timestamp(x.created),
        "updatedAt": lambda x, c: timestamp(x.updated),
        "name": lambda x, c: x.name,
        "number": lambda x, c: x.number,
        "sourceName": lambda x, c: x.source,
        "processedAt": lambda x, c: timestamp(x.created if x.processed is None else x.processed),
        "cancelledAt": lambda x, c: None if x.cancelled is None else timestamp(x.cancelled),
        "displayFulfillmentStatus": lambda x, c: x.fulfillment_status,
    },
    "FulfillmentOrder": {
        "id": lambda x, c: x.part.id,
        "createdAt": lambda x, c: timestamp(x.part.created),
        "updatedAt": lambda x, c: timestamp(x.part.updated),
        "status": lambda x, c: x.part.status,
        "assignedLocation": lambda x, c: c.store.locations[x.part.location],
    },
    "FulfillmentOrderAssignedLocation": {"name": lambda x, c: x.name, "location": lambda x, c: x},
    "FulfillmentOrderLineItem": {
        "id": lambda x, c: x.line.id,
        "inventoryItemId": lambda x, c: x.line.item,
        "lineItem": lambda x, c: _line_item(x.order, x.line.line_item),
        "sku": lambda x, c: c.store.items[x.line.item].sku,
        "totalQuantity": lambda x, c: x.line.total,
        "remainingQuantity": lambda x, c: x.line.remaining,
    },
    "LineItem": {
        "id": lambda x, c: x.id,
        "sku": lambda x, c: c.store.items[x.item].sku,
        "quantity": lambda x, c: x.quantity,
        "currentQuantity": lambda x, c: x.current,
    },
    "Refund": {
        "id": lambda x, c: x.refund.id,
        "legacyResourceId": lambda x, c: str(number(x.refund.id)),
        "createdAt": lambda x, c: timestamp(x.refund.created),
        "processedAt": lambda x, c: timestamp(x.refund.created),
    },
    "RefundLineItem": {
        "id": lambda x, c: x.line.id,
        "lineItem": lambda x, c: _line_item(x.order, x.line.line_item),
        "location": _location,
        "quantity": lambda x, c: x.line.quantity,
        "restockType": lambda x, c: x.line.restock_type,
        "restocked": lambda x, c: x.line.location is not None,
    },
}

FULL: dict[str, dict[str, Callable[..., Any]]] = {
    "Order": {"fulfillmentOrders": _fulfillment_orders, "refunds": _refunds},
    "FulfillmentOrder": {"lineItems": _rows},
    "Refund": {"refundLineItems": _refund_rows},
}
