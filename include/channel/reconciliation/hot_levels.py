"""Settles an unknown outcome where orders never pause: by what alone can explain the level.

A level tells the moment of its last change. Orders from before that moment are in it, later ones are not, and of those
too close to call nobody can say. So the orders alone explain a range of quantities, and the orders with the batch
applied explain that range moved by its delta. If what Shopify shows is in only one of the two, that is the answer.
Otherwise the level waits for the next round, with a later moment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from include.db.connection import Connection
from include.db.sql import statement
from include.shopify import orders
from include.shopify.client import Client
from include.shopify.inventory import Seen
from include.shopify.orders import Order
from include.stock.atp import online_atp

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
class Imported:
    """What an order has taken from a level, less what came back, as far as it is imported.

    `stands`: that was so before the level was read, and no import since has changed it.
    """

    units: int
    stands: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A level whose batch has an unknown outcome.

    Attributes:
        position: What we believe that it shows without the batch and the orders not yet imported.
        delta: What the batch would change.
        imported: What those orders have taken by our position that `taken_by` is asked about.
        orders: The same, by order.
    """

    position: int
    delta: int
    imported: int
    orders: Mapping[str, Imported] = field(default_factory=dict)


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


def taken_by(order: Order, level: Level, changed_at: datetime, known: Imported | None = None) -> Taken:
    """What an order can have taken from a level by the moment of the level's last change.

    Args:
        order: The order as it is now.
        level: Inventory item and location.
        changed_at: The moment, by Shopify's clock.
        known: What is imported of it at this level, if anything is.
    """
    here = [item for item in order.items if (item.inventory_item_id, item.location_id) == level]
    returned, fulfilled = sum(item.returned for item in here), sum(item.fulfilled for item in here)
    taken = sum(item.taken for item in here) - returned
    is_as_before = known is not None and known.stands and known.units == taken
    if is_as_before or order.updated_at < changed_at - CLOCK_TICK:
        return Taken(taken, taken)
    if order.created_at > changed_at + CLOCK_TICK:
        return Taken(0, 0)
    if returned:
        return Taken(-returned, ANY)  # nobody can say which returns came before that moment
    if order.updated_at == order.created_at:
        return Taken(0, taken)  # made at about that moment, and as it was since
    lines = [line for line in order.lines if line.inventory_item_id == level[0]]
    if fulfilled and fulfilled == sum(line.ordered for line in lines):
        return Taken(0, taken)  # all that was ever ordered has left from here, wherever it was at that moment
    if lines or known is not None:
        return Taken(0, ANY)  # cancelled or edited around that moment: what it had taken before is not told any more
    return Taken(taken, taken)


def explain(
    connection: Connection,
    shop_id: str,
    client: Client,
    seen: Mapping[Level, Seen],
    looked_from: datetime,
    last_movement: int,
) -> int:
    """Settle the levels whose batch has an unknown outcome and that only one answer explains.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.
        seen: What Shopify showed, at least the lag of the order search ago.
        looked_from: What the database's clock showed before that was read: batches that could still arrive then wait.
        last_movement: The last order movement that was imported before that was read.

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
        pending = _pending(connection, shop_id, changed, latest, looked_from, last_movement)
        answers = _answers(pending, changed, seen, latest)
        return connection.execute(
            statement(__file__, "settle_explained"),
            {
                "shop_id": shop_id,
                "items": [item for item, _ in answers],
                "locations": [location for _, location in answers],
                "applied": list(answers.values()),
                "looked_from": looked_from,
            },
        ).rowcount


def _answers(
    pending: Mapping[Level, Pending],
    changed: Mapping[Level, datetime],
    seen: Mapping[Level, Seen],
    recent: Mapping[str, Order],
) -> dict[Level, bool]:
    by_item: dict[str | None, list[str]] = {}
    for order in recent.values():
        for item in {line.inventory_item_id for line in order.lines} | {each.inventory_item_id for each in order.items}:
            by_item.setdefault(item, []).append(order.order_id)
    answers: dict[Level, bool] = {}
    for level, each in pending.items():
        concerned = each.orders.keys() | by_item.get(level[0], ())
        taken = sum(
            (taken_by(recent[order], level, changed[level], each.orders.get(order)) for order in concerned), Taken(0, 0)
        )
        answer = was_applied(each, seen[level].available, taken)
        if answer is not None:
            answers[level] = answer
    return answers


def _pending(
    connection: Connection,
    shop_id: str,
    changed: Iterable[Level],
    recent: Iterable[str],
    looked_from: datetime,
    last_movement: int,
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
            "last_movement": last_movement,
        },
    )
    found: dict[Level, Pending] = {}
    for item, location, position, delta, imported in rows:
        by_order = {order: Imported(*told) for order, told in (imported or {}).items()}
        found[item, location] = Pending(position, delta, sum(each.units for each in by_order.values()), by_order)
    return found
