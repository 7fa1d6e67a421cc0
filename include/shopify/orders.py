"""What orders have taken from each location, read by state: the same answer however often it is asked."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from include.errors import NeedsAction
from include.shopify.client import Client, document
from include.shopify.errors import ShopifyError


@dataclass(frozen=True, slots=True)
class OrderItem:
    """Units of one item that an order took from `available` at one location, and how many of them have left it."""

    inventory_item_id: str
    location_id: str
    taken: int
    fulfilled: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order: how many units of it are to be fulfilled or have been, at all locations together."""

    line_item_id: str
    inventory_item_id: str | None
    quantity: int

    @property
    def number(self) -> int:
        """The number in the line item's id; lines were added in its order."""
        return int(self.line_item_id.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Order:
    """The present state of an order. `created_at` and `updated_at` are by Shopify's clock, in whole seconds.

    `lines` also names lines of which nothing is left to fulfil, as long as Shopify shows a fulfilment order for them.
    """

    order_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    items: tuple[OrderItem, ...]
    lines: tuple[OrderLine, ...]


class OrderTooLarge(ShopifyError, NeedsAction):
    """An order has more parts than are read at a time."""


def updated_since(client: Client, since: datetime | None) -> Iterator[Order]:
    """Read all orders changed at or after a moment, or all there are, oldest change first.

    The search lags behind the orders by seconds: read again from well before the newest one seen.

    Raises:
        OrderTooLarge: An order has more than 20 fulfilment orders.
        ShopifyError: As by the client.
    """
    query = f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" if since else ""
    after: str | None = None
    while True:
        data = client.execute(document("OrdersUpdated"), json.dumps({"query": query, "after": after}))
        page = data["orders"]
        for node in page["nodes"]:
            yield _order(client, node)
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _order(client: Client, node: Mapping[str, Any]) -> Order:
    taken: Counter[tuple[str, str]] = Counter()
    fulfilled: Counter[tuple[str, str]] = Counter()
    lines: dict[str, OrderLine] = {}
    if node["fulfillmentOrders"]["pageInfo"]["hasNextPage"]:
        raise OrderTooLarge(
            f"order {node['name']} ({node['id']}) has more than 20 fulfilment orders;"
            " raise the page size in OrdersUpdated.graphql"
        )
    for each in node["fulfillmentOrders"]["nodes"]:
        location = each["assignedLocation"]["location"]
        is_cancelled = each["status"] == "CANCELLED"
        for line in _lines(client, each):
            _add_line(lines, line, 0 if is_cancelled else line["totalQuantity"])
            if is_cancelled or location is None or line["inventoryItemId"] is None:  # none: made up at the till
                continue
            key = (line["inventoryItemId"], location["id"])
            taken[key] += line["totalQuantity"]
            fulfilled[key] += line["totalQuantity"] - line["remainingQuantity"]
    return Order(
        node["id"],
        node["name"],
        datetime.fromisoformat(node["createdAt"]),
        datetime.fromisoformat(node["updatedAt"]),
        tuple(OrderItem(item, location, taken[item, location], fulfilled[item, location]) for item, location in taken),
        tuple(sorted(lines.values(), key=lambda line: line.number)),
    )


def _add_line(lines: dict[str, OrderLine], line: Mapping[str, Any], quantity: int) -> None:
    """Add a row of a fulfilment order to its line: several locations may share one."""
    identity = line["lineItem"]["id"]
    known = lines.get(identity)
    item = line["inventoryItemId"] or (known.inventory_item_id if known else None)
    lines[identity] = OrderLine(identity, item, quantity + (known.quantity if known else 0))


def _lines(client: Client, fulfillment_order: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All lines of a fulfilment order, however many there are."""
    page = fulfillment_order["lineItems"]
    while True:
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        variables = {"id": fulfillment_order["id"], "after": page["pageInfo"]["endCursor"]}
        page = client.execute(document("FulfillmentOrderLines"), json.dumps(variables))["node"]["lineItems"]
