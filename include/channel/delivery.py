"""Delivers the outbox: each batch is sent at most once, and what became of it is written down before the next one.

The rules, and why, are in the design's §6. In short: the intention is committed before the call; `stale` means surely
not applied, so the same deltas go again under a new key with fresh quantities; silence means unknown, and is left to
`observation.settle`.
"""

import logging
from collections import deque
from dataclasses import dataclass

from include.channel import bundles, observation, outbox, preflight
from include.channel.outbox import Sender
from include.db.connection import Connection
from include.shopify import inventory
from include.shopify.client import LONGEST_PAUSE, MOST_THROTTLED, Client, document
from include.shopify.errors import NotSent, OutcomeUnknown, RequestRefused, ShopifyError, Throttled
from include.shopify.inventory import AdjustOutcome

logger = logging.getLogger(__name__)

MOST_SILENCES = 3
"""Unknown outcomes in a row after which the others wait: Shopify is in trouble, and silence costs a settlement each."""

MOST_UNNAMED = 20
"""Rows put into quarantine by halving, without being named, after which a run stops."""

MOST_STALE_ROUNDS = 5
"""Times that deltas are sent again after a stale answer before their rows are left for the next plan."""


@dataclass(slots=True)
class Delivery:
    """What became of the batches of one run, and how many rows were confirmed or put into quarantine."""

    confirmed: int = 0
    confirmed_rows: int = 0
    stale: int = 0
    refused: int = 0
    unknown: int = 0
    quarantined_rows: int = 0
    unnamed_rows: int = 0


def deliver(connection: Connection, shop_id: str, client: Client) -> Delivery:
    """Send all planned batches of a shop, oldest first.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.

    Returns:
        The count of outcomes. Batches whose outcome is unknown wait for `observation.settle`.

    Raises:
        Fenced: Another sender has taken the shop over.
        NotReady: The app or the shop is not set up for writing; nothing was sent.
        NotSent, RequestRefused, Throttled: Nothing more can be sent for now. What was not sent stays planned.
    """
    sender = outbox.take_over(connection, shop_id)
    delivery = Delivery()
    if not preflight.is_needed(connection, shop_id):
        return delivery
    delivery.quarantined_rows = preflight.check(connection, shop_id, client)
    waiting = deque((batch, 0) for batch in outbox.planned(connection, shop_id))
    silences = 0
    while waiting and silences < MOST_SILENCES:
        batch, stale_rounds = waiting.popleft()
        unknown = delivery.unknown
        stale = delivery.stale
        replacements = _deliver_one(connection, sender, client, batch, stale_rounds, delivery)
        waiting.extendleft((each, stale_rounds + delivery.stale - stale) for each in reversed(replacements))
        silences = silences + 1 if delivery.unknown > unknown else 0
    if waiting:
        logger.warning("%s unknown outcomes in a row: %s batches wait for the next run", silences, len(waiting))
    if delivery.quarantined_rows:
        bundles.recognise(connection, shop_id)
    return delivery


def _deliver_one(
    connection: Connection, sender: Sender, client: Client, batch: int, stale_rounds: int, delivery: Delivery
) -> list[int]:
    """Send one batch and write down what became of it; returns the batches that take its place."""
    try:
        outcome = _send(connection, sender, client, batch)
    except OutcomeUnknown as silence:
        outbox.set_unknown(connection, batch, str(silence))
        delivery.unknown += 1
        logger.warning("batch %s: outcome unknown, will be settled by observing: %s", batch, silence)
        return []
    match outcome:
        case inventory.Adjusted():
            delivery.confirmed += 1
            delivery.confirmed_rows += outbox.confirm(connection, batch)
        case inventory.Stale():
            delivery.stale += 1
            return _replace_stale(connection, sender.shop_id, client, batch, stale_rounds)
        case inventory.RowsRefused(reasons):
            delivery.refused += 1
            delivery.quarantined_rows += len(reasons)
            logger.error("batch %s: rows put into quarantine: %s", batch, dict(reasons))
            message = "some rows are wrong in themselves"
            return outbox.replace_refused(connection, sender.shop_id, batch, message, reasons)
        case inventory.SomeRowRefused(reason):
            return _bisect(connection, sender.shop_id, batch, reason, delivery)
        case inventory.BatchRefused(reason):
            outbox.refuse(connection, batch, reason)
            raise RequestRefused(f"batch {batch}: {reason}; nothing of it was applied, its rows are planned anew")
    return []


def _bisect(connection: Connection, shop_id: str, batch: int, reason: str, delivery: Delivery) -> list[int]:
    """A bad row that nobody names is found by halving; if nearly all are bad, it is not the rows."""
    if delivery.unnamed_rows >= MOST_UNNAMED:
        outbox.refuse(connection, batch, reason)
        raise RequestRefused(
            f"batch {batch}: {reason}. {delivery.unnamed_rows} rows were put into quarantine for this in one run, each"
            " refused on its own: it is not the rows. See what Shopify says, then set their quarantine_reason to NULL"
        )
    delivery.refused += 1
    halves = outbox.bisect_refused(connection, shop_id, batch, reason)
    if not halves:
        delivery.quarantined_rows += 1
        delivery.unnamed_rows += 1
        logger.error("batch %s: its only row was put into quarantine: %s", batch, reason)
    return halves


def _send(connection: Connection, sender: Sender, client: Client, batch: int) -> AdjustOutcome:
    """Send a batch, once there are points for it.

    All waiting is done while the batch is still PLANNED, and the right to send is checked after it: a sender that has
    slept through being replaced must not wake up and send.
    """
    for attempt in range(1, MOST_THROTTLED + 1):
        client.limiter.wait_for_points(document("InventoryAdjust").cost)
        variables = outbox.mark_sending(connection, sender, batch)
        try:
            return inventory.adjust(client, variables)
        except (NotSent, RequestRefused) as refusal:
            outbox.put_back(connection, batch, str(refusal))
            raise
        except Throttled as refusal:
            outbox.put_back(connection, batch, str(refusal))
            if attempt == MOST_THROTTLED or refusal.seconds > LONGEST_PAUSE:
                raise
            client.limiter.pause(refusal.seconds)
    raise AssertionError("unreachable")


def _replace_stale(connection: Connection, shop_id: str, client: Client, batch: int, stale_rounds: int) -> list[int]:
    if stale_rounds >= MOST_STALE_ROUNDS:
        outbox.refuse(connection, batch, f"its levels moved {stale_rounds} times while it was sent")
        logger.warning("batch %s: its levels keep moving; they are planned anew in the next run", batch)
        return []
    try:
        seen = observation.read_levels(client, outbox.levels(connection, batch))
    except ShopifyError:
        outbox.refuse(connection, batch, "stale, and its levels could not be read again")
        raise
    return outbox.replace_stale(connection, shop_id, batch, {level: each.available for level, each in seen.items()})
