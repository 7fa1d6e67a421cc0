"""What is checked before the first write: what the app may do, the version served, locations, items.

What concerns the shop as a whole stops the run with all that is wrong with it. What concerns a location or an item puts
its rows into quarantine, and is looked at again later: once it is put right they are released by themselves.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from include.channel.delivery import outbox
from include.channel.reconciliation import observation
from include.channel.reconciliation.observation import Level
from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.shopify import shop
from include.shopify.client import Client
from include.shopify.inventory import MOST_ROWS, Seen
from include.shopify.shop import Location
from include.stock.atp import online_atp

logger = logging.getLogger(__name__)

SCOPES = (
    "read_inventory",
    "write_inventory",
    "read_locations",
    "read_products",
    "read_orders",
    "read_merchant_managed_fulfillment_orders",
)
"""What the app needs. Without the last two, sales would go unseen."""

GONE = "Shopify has no such inventory item: correct the mapping"
NOT_TRACKED = "Shopify does not track the quantity of this item: switch tracking on for it there"
NOT_STOCKED = (
    "the item is not stocked at this location: stock it there in Shopify, or set activate_items of the shop in"
    " shopify_shop and Trueup does"
)

NOT_MAPPED = (
    "its location is not mapped any more, or Shopify is its master now: nothing is pushed there. If that is wrong,"
    " correct inventory_channel"
)

ITEM_NOT_MAPPED = (
    "its inventory item is not mapped to a product any more: nothing is pushed to it. If that is wrong, correct"
    " shopify_shop_product"
)

MOST_LOOKED_AT = 10 * MOST_ROWS
"""Rows in quarantine that one run looks at again."""


BATCHES_AT_A_TIME = 80
"""Batches whose levels are checked before the first of them is sent: some 20,000 rows, 80 calls."""

Places = Mapping[str, str]
"""The mapped locations, each with what is wrong with it; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Batches that may be sent, and how many rows were put into quarantine and left out of them."""

    batches: tuple[int, ...]
    quarantined: int


class NotReady(NeedsAction):
    """The shop cannot be written to until somebody has acted on the message."""


def is_needed(connection: Connection, shop_id: str) -> bool:
    """Whether a shop has something to send, or rows in quarantine that are due to be looked at again."""
    return bool(outbox.planned(connection, shop_id)) or bool(_due(connection, shop_id))


def check(connection: Connection, shop_id: str, client: Client) -> Places:
    """Check the shop and its locations, and release rows from quarantine that were put right.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.

    Returns:
        The mapped locations, for `check_batches`.

    Raises:
        NotReady: Nothing may be written; all that is wrong with the shop is in the message.
        ShopifyError: Shopify could not be asked.
    """
    check_shop(shop_id, client)
    places = _mapped_locations(connection, shop_id, client)
    _release(connection, shop_id, client, places)
    return places


def check_batches(
    connection: Connection, shop_id: str, client: Client, places: Places, batches: Sequence[int]
) -> Iterator[Checked]:
    """Check the levels of planned batches that were not checked lately, some batches at a time.

    A part's levels are read when the part is asked for: the points for it flow in while the parts before it are sent,
    and a huge plan needs no more memory than a small one.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.
        places: What `check` has returned.
        batches: The batches, in the order in which they are to be sent.

    Yields:
        Each part's batches that may be sent, and how many of its rows went into quarantine.

    Raises:
        ShopifyError: Shopify could not be asked.
    """
    for first in range(0, len(batches), BATCHES_AT_A_TIME):
        yield _check_part(connection, shop_id, client, places, batches[first : first + BATCHES_AT_A_TIME])


def check_shop(shop_id: str, client: Client) -> None:
    """Check what the app may do and which version of the API answers.

    Raises:
        NotReady: A scope is missing, or another version answers.
        ShopifyError: Shopify could not be asked.
    """
    wrong = []
    given = shop.scopes(client)
    if missing := [scope for scope in SCOPES if scope not in given]:
        wrong.append(
            f"the app lacks the access {'scope' if len(missing) == 1 else 'scopes'} {', '.join(missing)}: grant them in"
            " the app's configuration, release it, and approve it in the shop"
        )
    if another := another_version(client):
        wrong.append(another)
    if wrong:
        raise NotReady(f"shop {shop_id}: nothing was written. " + "; ".join(wrong))


def another_version(client: Client) -> str | None:
    """What to do, if another version of the API answers than was asked for. It may change in the middle of a run."""
    asked, served = client.access.api_version, client.version_served
    if served == asked:
        return None
    return (
        f"API version {asked} was asked for and {served or 'none named'} answered: set api_version in the extra of"
        " the shop's Airflow connection to a supported one that Trueup knows"
    )


def _mapped_locations(connection: Connection, shop_id: str, client: Client) -> Places:
    """What is wrong with each location that Trueup is master of; empty if nothing is.

    Raises:
        NotReady: A location is mapped twice: which of the two would be right?
    """
    rows = connection.execute(statement(__file__, "count_mappings"), {"shop_id": shop_id}).fetchall()
    if twice := [row[0] for row in rows if row[1] > 1]:
        raise NotReady(f"shop {shop_id}: mapped twice in inventory_channel: {', '.join(twice)}; end one of each")
    ours = [row[0] for row in rows if row[2]]
    found = shop.locations(client, ours)
    wrong = {location_id: _wrong_with_location(location_id, found) for location_id in ours}
    for reason in filter(None, wrong.values()):
        logger.error("shop %s: %s", shop_id, reason)
    return wrong


def _wrong_with_location(location_id: str, found: Mapping[str, Location]) -> str:
    location = found.get(location_id)
    if location is None:
        return f"Shopify has no location {location_id}: correct its mapping in inventory_channel"
    if not location.is_active:
        return f"the location {location.name} is not active in Shopify: activate it there, or end its mapping"
    return ""


def _wrong_with(seen: Seen | None) -> str:
    if seen is None:
        return GONE
    if not seen.tracked:
        return NOT_TRACKED
    return "" if seen.is_active else NOT_STOCKED


def _check_part(
    connection: Connection, shop_id: str, client: Client, places: Places, batches: Sequence[int]
) -> Checked:
    unchecked = connection.execute(statement(__file__, "select_unchecked"), {"batches": list(batches)}).fetchall()
    levels: list[Level] = [(row[2], row[3]) for row in unchecked]
    wrong = _at_bad_places(levels, places)
    wrong |= {(item, location): ITEM_NOT_MAPPED for _, _, item, location, is_mapped in unchecked if not is_mapped}
    to_read = [level for level in levels if level not in wrong]
    wrong |= _look(connection, shop_id, client, to_read)
    by_batch: dict[int, dict[int, str]] = {}
    for batch, row_index, item, location, _ in unchecked:
        if reason := wrong.get((item, location)):
            by_batch.setdefault(batch, {})[row_index] = reason
    instead: dict[int, list[int]] = {}
    for batch, reasons in by_batch.items():
        logger.error("batch %s: put into quarantine before anything was sent: %s", batch, reasons)
        message = "some rows cannot be written"
        instead[batch] = outbox.replace_refused(connection, shop_id, batch, message, reasons, "PLANNED")
    _write(connection, "note_checked", shop_id, [level for level in to_read if level not in wrong])
    return Checked(tuple(each for batch in batches for each in instead.get(batch, [batch])), len(wrong))


def _look(connection: Connection, shop_id: str, client: Client, levels: list[Level]) -> dict[Level, str]:
    """What is wrong with each of the levels that something is wrong with, once those are stocked that may be."""
    if not levels:
        return {}
    seen = observation.read_levels(client, levels)
    wrong = {level: reason for level in levels if (reason := _wrong_with(seen.get(level)))}
    row = connection.execute(b"SELECT activate_items FROM shopify_shop WHERE shop_id = %s", [shop_id]).fetchone()
    if row != (True,):
        return wrong
    for level in [level for level, reason in wrong.items() if reason == NOT_STOCKED]:
        refusal = shop.activate(client, *level)
        if refusal is None:
            del wrong[level]
            logger.info("shop %s: %s is now stocked at %s", shop_id, *level)
        else:
            wrong[level] = f"the item could not be stocked at this location: {refusal}"
    return wrong


def _release(connection: Connection, shop_id: str, client: Client, places: Places) -> None:
    """Look again at rows that have been in quarantine for some time; those that are well now are planned again."""
    levels = _due(connection, shop_id)
    wrong = _at_bad_places(levels, places)
    wrong |= _look(connection, shop_id, client, [level for level in levels if level not in wrong])
    _write(connection, "release_quarantined", shop_id, [level for level in levels if level not in wrong])
    _write(connection, "keep_quarantined", shop_id, wrong)
    if len(wrong) < len(levels):
        logger.info("shop %s: %s rows released from quarantine", shop_id, len(levels) - len(wrong))


def _at_bad_places(levels: Iterable[Level], places: Places) -> dict[Level, str]:
    return {level: reason for level in levels if (reason := places.get(level[1], NOT_MAPPED))}


def _due(connection: Connection, shop_id: str) -> list[Level]:
    rows = connection.execute(statement(__file__, "select_quarantined"), {"shop_id": shop_id, "most": MOST_LOOKED_AT})
    return [(row[0], row[1]) for row in rows]


def _write(connection: Connection, name: str, shop_id: str, levels: Iterable[Level]) -> None:
    """Run a statement over some levels, if there are any, in the turn of those that write levels."""
    pairs = list(levels)
    if not pairs:
        return
    with connection.transaction():
        online_atp.take_turn(connection)
        connection.execute(
            statement(__file__, name),
            {
                "shop_id": shop_id,
                "items": [item for item, _ in pairs],
                "locations": [location for _, location in pairs],
            },
        )
