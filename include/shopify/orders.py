"""Orders on the wire: which have changed, and what each has taken from where, by its present state.

The search lags behind the orders, so it only says which to look at; what they are now is looked up by their ids.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from include.errors import NeedsAction
from include.shopify import order_state
from include.shopify.client import Client, document
from include.shopify.errors import ShopifyError
from include.shopify.order_state import OrderItem, OrderLine, RefundRow, Row

MOST_FOLLOWED = 20_000
"""Orders for which one cursor is followed: Shopify ends a connection at 25,000 objects."""

MOST_LISTED = 25_000
"""Objects at which Shopify ends a connection."""

MOST_AT_ONCE = 25
"""Orders that are looked up with one request."""


class SearchEnds(ShopifyError, NeedsAction):
    """More orders were changed within one second than Shopify lists."""


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """That an order was changed, as the search has it. `updated_at` is by Shopify's clock."""

    order_id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """The present state of an order. Times are by Shopify's clock, in whole seconds; `processed_at` is the sale's.

    `lines` also names lines of which nothing is left to fulfil, as long as Shopify shows a fulfilment order for them.
    """

    order_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    items: tuple[OrderItem, ...]
    lines: tuple[OrderLine, ...]
    processed_at: datetime | None = None


def changed_since(client: Client, since: datetime | None) -> Iterator[list[ChangedOrder]]:
    """Find all orders changed at or after a moment, or all there are, oldest change first.

    An order that changes meanwhile comes again at the end. The search may lag: it does not know of what was changed in
    the last seconds, and of a single order rarely for longer. After `MOST_FOLLOWED` orders the search begins anew from
    the newest change seen, and those of the same second come again.

    Yields:
        Pages of at most 250. What was changed before the last one of a page is in it or in an earlier one.

    Raises:
        SearchEnds: Shopify ends the search before all were seen.
        ShopifyError: As by the client.
    """
    after: str | None = None
    followed = 0
    while True:
        query = f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" if since else ""
        page = client.execute(document("OrdersChanged"), json.dumps({"query": query, "after": after}))["orders"]
        found = [ChangedOrder(node["id"], datetime.fromisoformat(node["updatedAt"])) for node in page["nodes"]]
        yield found
        followed += len(found)
        newest = found[-1].updated_at if found else since
        if followed >= MOST_FOLLOWED and newest != since:
            since, after, followed = newest, None, 0
        elif page["pageInfo"]["hasNextPage"]:
            after = page["pageInfo"]["endCursor"]
        elif followed >= MOST_LISTED:
            raise SearchEnds(
                f"{followed:,} orders bear the change of {since}, and Shopify lists no more of one second: ask its"
                " support, or wait until some of them have changed again"
            )
        else:
            return


def updated_since(client: Client, since: datetime) -> Iterator[Order]:
    """Look up all orders changed at or after a moment, as they are now.

    Raises:
        ShopifyError: As by the client.
    """
    for page in changed_since(client, since):
        yield from read(client, [changed.order_id for changed in page])


def read(client: Client, order_ids: Sequence[str]) -> Iterator[Order]:
    """Look up orders as they are now. Those that are no longer there are left out.

    Raises:
        ShopifyError: As by the client.
    """
    for first in range(0, len(order_ids), MOST_AT_ONCE):
        variables = json.dumps({"ids": order_ids[first : first + MOST_AT_ONCE]})
        for node in client.execute(document("Orders"), variables)["nodes"]:
            if node is not None:
                yield _order(client, node)


def _order(client: Client, node: Mapping[str, Any]) -> Order:
    rows = [
        row for part in _all(client, "OrderFulfillmentOrders", node, "fulfillmentOrders") for row in _rows(client, part)
    ]
    refunds = [row for refund in node["refunds"] for row in _refund_rows(client, refund)]
    cancelled = node["cancelledAt"]
    return Order(
        node["id"],
        node["name"],
        datetime.fromisoformat(node["createdAt"]),
        datetime.fromisoformat(node["updatedAt"]),
        order_state.items_of(rows, refunds, None if cancelled is None else datetime.fromisoformat(cancelled)),
        order_state.lines_of(rows),
        datetime.fromisoformat(node["processedAt"]),
    )


def _rows(client: Client, part: Mapping[str, Any]) -> Iterator[Row]:
    location = part["assignedLocation"]["location"]
    for line in _all(client, "FulfillmentOrderLines", part, "lineItems"):
        yield Row(
            status=part["status"],
            location_id=None if location is None else location["id"],
            line_item_id=line["lineItem"]["id"],
            inventory_item_id=line["inventoryItemId"],
            total=line["totalQuantity"],
            remaining=line["remainingQuantity"],
            ordered=line["lineItem"]["quantity"],
            current=line["lineItem"]["currentQuantity"],
        )


def _refund_rows(client: Client, refund: Mapping[str, Any]) -> Iterator[RefundRow]:
    for line in _all(client, "RefundLines", refund, "refundLineItems"):
        location = line["location"]
        yield RefundRow(
            line_item_id=line["lineItem"]["id"],
            quantity=line["quantity"],
            restock_type=line["restockType"],
            location_id=location["id"] if location is not None and line["restocked"] else None,
            created_at=datetime.fromisoformat(refund["createdAt"]),
        )


def _all(client: Client, name: str, node: Mapping[str, Any], connection: str) -> Iterator[Mapping[str, Any]]:
    """All objects of a connection, of which the first page is there; the others are read with a document."""
    page = node[connection]
    while True:
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        variables = json.dumps({"id": node["id"], "after": page["pageInfo"]["endCursor"]})
        page = client.execute(document(name), variables)["node"][connection]
