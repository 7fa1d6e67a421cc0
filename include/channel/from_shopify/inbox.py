"""The inbox of webhooks: each message is kept once before it is answered, and worked off later.

A message is a prompt to look, never data: it may be late, out of order, a copy, or the echo of our own write. Where
Trueup is master, its level is marked for the next job that compares; where Shopify is, the level is read anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from include.db.connection import Connection
from include.db.sql import statement
from include.shopify.webhooks import Webhook
from include.stock.atp import online_atp


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of the messages that waited. `levels` are those to be read anew: item, location."""

    echo: int
    marked: int
    ignored: int
    levels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A shop with messages that wait: the newest, and whether the one that was told of last is among them."""

    shop_id: str
    newest: str
    waits_still: bool


def shop_of(connection: Connection, shop_domain: str) -> tuple[str, str] | None:
    """The id and the Airflow connection of the shop with a myshopify.com domain; None if it is not ours."""
    row = connection.execute(
        b"SELECT shop_id, connection_id FROM shopify_shop WHERE myshopify_domain = %s", [shop_domain]
    ).fetchone()
    return None if row is None else (row[0], row[1])


def keep(connection: Connection, shop_id: str, webhook: Webhook) -> bool:
    """Keep a message, unless it was kept before.

    Returns:
        Whether it is new.
    """
    kept = connection.execute(
        statement(__file__, "keep_webhook"),
        {
            "shop_id": shop_id,
            "webhook_id": webhook.webhook_id,
            "event_id": webhook.event_id,
            "topic": webhook.topic,
            "triggered_at": webhook.triggered_at,
            "inventory_item_id": webhook.inventory_item_id,
            "location_id": webhook.location_id,
            "available": webhook.available,
        },
    )
    return kept.rowcount == 1


def waiting(connection: Connection, told: Mapping[str, str]) -> list[Waiting]:
    """The shops of which messages wait.

    Args:
        connection: Trueup's database.
        told: By shop, the id of the message of which somebody was told last.
    """
    rows = connection.execute(
        statement(__file__, "select_waiting_webhooks"), {"shops": list(told), "webhooks": list(told.values())}
    )
    return [Waiting(*row) for row in rows]


def work_off(connection: Connection, shop_id: str) -> Worked:
    """Decide what each waiting message is good for, and mark the levels that are to be looked at.

    Messages of locations where Shopify is master stay waiting: see `done`.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        counts: dict[str, int] = dict(
            connection.execute(statement(__file__, "sort_webhooks"), {"shop_id": shop_id}).fetchall()
        )
        connection.execute(
            b"DELETE FROM shopify_webhook WHERE shop_id = %s AND processed_at < now() - interval '30 days'", [shop_id]
        )
    levels = connection.execute(statement(__file__, "select_prompted"), {"shop_id": shop_id}).fetchall()
    prompted = tuple((row[0], row[1]) for row in levels)
    return Worked(counts.get("ECHO", 0), counts.get("MARKED", 0), counts.get("IGNORED", 0), prompted)


def done(
    connection: Connection,
    shop_id: str,
    levels: Collection[tuple[str, str]],
    read_from: datetime,
    why: str | None = None,
) -> int:
    """Note that levels were read anew, and so all messages of theirs that had come by then are done.

    Args:
        connection: Trueup's database.
        shop_id: The shop.
        levels: The levels, by item and location.
        read_from: The database's time before the read: a message that came later prompts another one.
        why: Why they are given up, if nothing can come of them.

    Returns:
        How many messages are done.
    """
    return connection.execute(
        statement(__file__, "finish_webhooks"),
        {
            "shop_id": shop_id,
            "items": [item for item, _ in levels],
            "locations": [location for _, location in levels],
            "read_from": read_from,
            "status_id": "IMPORTED" if why is None else "IGNORED",
            "message": why,
        },
    ).rowcount
