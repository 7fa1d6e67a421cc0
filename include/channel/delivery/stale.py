"""What becomes of a batch that Shopify has refused as stale: its deltas go on, from what its levels show now."""

from include.channel.delivery import outbox
from include.channel.reconciliation import observation
from include.db.connection import Connection
from include.shopify.client import Client
from include.shopify.errors import ShopifyError


def replace(connection: Connection, shop_id: str, client: Client, batch: int) -> list[int]:
    """Look at the levels of a batch again, and freeze its rows anew.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.
        batch: The batch, surely not applied.

    Returns:
        The ids of the batches that take its place; they go by direct calls.

    Raises:
        ShopifyError: The levels could not be read: the batch has ended, and its rows are planned anew.
    """
    try:
        seen = observation.read_levels(client, outbox.levels(connection, batch))
    except ShopifyError:
        outbox.refuse(connection, batch, "stale, and its levels could not be read again")
        raise
    return outbox.replace_stale(connection, shop_id, batch, {level: each.available for level, each in seen.items()})
