"""Bundles of a shop: products whose number Shopify computes from their components, and that it lets nobody change.

A shop that uses Shopify's Bundles app for all its kits says so once (`shopify_shop.keeps_kit_numbers`). Any other
bundle is recognised when Shopify refuses its first change. Set `shopify_shop_product.is_bundle` to FALSE, and the
level's `quarantine_reason` to NULL, once it is none any more.
"""

import logging

from include.db.connection import Connection
from include.db.sql import statement
from include.stock.atp import online_atp

logger = logging.getLogger(__name__)

REFUSED = "NON_MUTABLE_INVENTORY_ITEM"
"""Shopify's code for the change of an item whose number it computes itself."""


def recognise(connection: Connection, shop_id: str) -> list[str]:
    """Note which products Shopify has refused as bundles, so that nothing is planned for them any more.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.

    Returns:
        The products that are bundles from now on.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        found = [
            row[0]
            for row in connection.execute(
                statement(__file__, "recognise_bundles"), {"shop_id": shop_id, "code": REFUSED}
            )
        ]
    if found:
        logger.warning(
            "shop %s: Shopify computes the numbers of %s by itself: nothing is planned for them any more",
            shop_id,
            found,
        )
    return found
