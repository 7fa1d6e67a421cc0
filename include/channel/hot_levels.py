"""Settles an unknown outcome where orders never pause: by what alone can explain the level.

A level tells the moment of its last change. Orders from before that moment are in it, later ones are not, and of those
too close to call nobody can say. So the orders alone explain a range of quantities, and the orders with the batch
applied explain that range moved by its delta. If what Shopify shows is in only one of the two, that is the answer.
Otherwise the level waits for the next round, with a later moment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.db.connection import Connection
from include.db.sql import statement
from include.shopify import orders
from include.shopify.client import Client
from include.shopify.inventory import Seen
from include.shopify.orders import Order
from include.stock import online_atp

Level = tuple[str, str]

CLOCK_TICK = timedelta(seconds=2)
"""By how much the time of an order and that of the level that it touched may differ: both are whole seconds."""

ANY = 2_000_000_000
"""Units that an order may have taken at most, where nothing is known of it: Shopify's own bound."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The least and the most units that orders can have taken from a level by the moment of its last change."""

    least: int
    most: int

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.least + other.least, min(ANY, self.most + other.most))


@dataclass(frozen=True, slots=True)
class Pending:
    """A level whose batch has an unknown outcome.

    Attributes:
        position: What we believe that it shows without the batch and the orders not yet imported.
        delta: What the batch would change.
        imported: What those orders have taken by our position that `taken_by` is asked about.
    """

    position: int
    delta: int
    imported: int


def was_applied(pending: Pending, shown: int, taken: Taken) -> bool | None:
    """Whether the batch was applied to a level, if only one answer explains what Shopify shows.

    Args:
        pending: The level as we believe it to be.
        shown: What Shopify shows.
        taken: What orders can have taken by then.

    Returns:
        None if both answers explain it, or neither does (somebody has edited the level).
    """
    before_orders = pending.position + pending.imported
    range_without = (before_orders - taken.most, before_orders - taken.least)
    not_applied = range_without[0] <= shown <= range_without[1]
    applied = range_without[0] <= shown - pending.delta <= range_without[1]
    return applied if applied != not_applied else None


def taken_by(order: Order, level: Level, changed_at: datetime) -> Taken:
    """What an order can have taken from a level by the moment of the level's last change.

    Args:
        order: The order as it is now.
        level: Inventory item and location.
        changed_at: The moment, by Shopify's clock.
    """
    here = [item for item in order.items if (item.inventory_item_id, item.location_id) == level]
    returned, fulfilled = sum(item.returned for item in here), sum(item.fulfilled for item in here)
    taken = sum(item.taken for item in here) - returned
    if order.updated_at < changed_at - CLOCK_TICK:
        return Taken(taken, taken)
    if order.created_at > changed_at + CLOCK_TICK:
        return Taken(0, 0)
    if returned:
        return Taken(-returned, ANY)  # nobody can say which returns came before that moment
    if order.updated_at == order.created_at or fulfilled:
        was_there = order.created_at < changed_at - CLOCK_TICK
        return Taken(taken if was_there else 0, taken)
    if any(line.inventory_item_id == level[0] for line in order.lines):
        return Taken(0, ANY)  # cancelled or edited around that moment: what it had taken before is not told any more
    return Taken(taken, taken)


def explain(
    connection: Connection, shop_id: str, client: Client, seen: Mapping[Level, Seen], looked_from: datetime
) -> int:
    """Settle the levels whose batch has an unknown outcome and that only one answer explains.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.
        seen: What Shopify showed, at least the lag of the order search ago.
        looked_from: What the database's clock showed before that was read: batches that could still arrive then wait.

    Returns:
        How many levels were settled.

    Raises:
        ShopifyError: The orders could not be read; nothing was settled.
    """
    changed = {level: datetime.fromisoformat(each.updated_at) for level, each in seen.items() if each.updated_at}
    if not changed:
        return 0
    # Orders that were changed last before all of these moments are imported, and in all of these levels.
    recent = list(orders.updated_since(client, min(changed.values()) - 2 * CLOCK_TICK))
    latest = {order.order_id: order for order in sorted(recent, key=lambda order: order.updated_at)}
    with connection.transaction():
        online_atp.take_turn(connection)
        answers = _answers(_pending(connection, shop_id, changed, latest, looked_from), changed, seen, latest.values())
        if not answers:
            return 0
        return connection.execute(
            statement(__file__, "settle_explained"),
            {
                "shop_id": shop_id,
                "items": [item for item, _ in answers],
                "locations": [location for _, location in answers],
                "applied": list(answers.values()),
            },
        ).rowcount


def _answers(
    pending: Mapping[Level, Pending],
    changed: Mapping[Level, datetime],
    seen: Mapping[Level, Seen],
    recent: Iterable[Order],
) -> dict[Level, bool]:
    by_item: dict[str, list[Order]] = {}
    for order in recent:
        for item in {line.inventory_item_id for line in order.lines} | {each.inventory_item_id for each in order.items}:
            if item is not None:
                by_item.setdefault(item, []).append(order)
    answers: dict[Level, bool] = {}
    for level, each in pending.items():
        taken = sum((taken_by(order, level, changed[level]) for order in by_item.get(level[0], ())), Taken(0, 0))
        answer = was_applied(each, seen[level].available, taken)
        if answer is not None:
            answers[level] = answer
    return answers


def _pending(
    connection: Connection, shop_id: str, changed: Iterable[Level], recent: Iterable[str], looked_from: datetime
) -> dict[Level, Pending]:
    levels = list(changed)
    rows = connection.execute(
        statement(__file__, "select_pending"),
        {
            "shop_id": shop_id,
            "items": [item for item, _ in levels],
            "locations": [location for _, location in levels],
            "order_ids": list(recent),
            "looked_from": looked_from,
        },
    )
    return {(row[0], row[1]): Pending(row[2], row[3], row[4]) for row in rows}
