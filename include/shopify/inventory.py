"""Inventory quantities on the wire: adjusting them, and reading them back."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.shopify.client import Client, Document, document
from include.shopify.errors import OutcomeUnknown

MOST_ROWS = 250
"""Elements that Shopify takes in any one input array."""

STALE = "CHANGE_FROM_QUANTITY_STALE"

SAYS_NOTHING = frozenset(
    {
        "ADJUST_QUANTITIES_FAILED",
        "IDEMPOTENCY_CONCURRENT_REQUEST",
        "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
        "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
        "SERVICE_UNAVAILABLE",
    }
)
"""User errors that leave open whether the change was made, by this request or by another one with its key."""

ABOUT_THE_BATCH = frozenset(
    {
        "INVALID_QUANTITY_NAME",
        "INVALID_REASON",
        "INVALID_REFERENCE_DOCUMENT",
        "MAX_ONE_LEDGER_DOCUMENT",
    }
)
"""User errors that concern what all rows of a batch share."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """All rows were applied."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A row no longer shows its `changeFromQuantity`. Which one is not said; no row was applied."""


@dataclass(frozen=True, slots=True)
class RowsRefused:
    """Some rows are wrong in themselves, by index and reason. No row was applied."""

    reasons: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class SomeRowRefused:
    """A row is wrong in itself, and which one is not said. No row was applied."""

    reason: str


@dataclass(frozen=True, slots=True)
class BatchRefused:
    """Something about the batch is wrong, whatever its rows. No row was applied."""

    reason: str


AdjustOutcome = Adjusted | Stale | RowsRefused | SomeRowRefused | BatchRefused


def adjust(client: Client, variables: str, request: Document | None = None) -> AdjustOutcome:
    """Send a batch of adjustments (`inventoryAdjustQuantities`), once.

    Args:
        client: The shop, whose limiter was asked for the points.
        variables: The frozen variables, as JSON text.
        request: `InventoryAdjust`, if it must leave by some moment.

    Raises:
        NotSent: No connection could be made, or not in time.
        RequestRefused: Refused before execution.
        Throttled: Refused before execution, for want of points.
        OutcomeUnknown: It may or may not have been applied, now or later. Never send it again.
    """
    return read_outcome(client.execute_once(request or document("InventoryAdjust"), variables))


def read_outcome(data: Mapping[str, Any]) -> AdjustOutcome:
    """What an answer's data says of a batch of adjustments.

    Raises:
        OutcomeUnknown: It does not say whether the batch was applied.
    """
    payload = data.get("inventoryAdjustQuantities")
    errors = payload.get("userErrors") if isinstance(payload, dict) else None
    if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
        raise OutcomeUnknown("InventoryAdjust: an answer without a payload and without an error")
    codes = {error.get("code") for error in errors}
    described = "; ".join(f"{error.get('code')}: {error.get('message')}" for error in errors)
    if codes & SAYS_NOTHING:
        raise OutcomeUnknown(f"InventoryAdjust: {described}")
    if STALE in codes:
        return Stale()
    rows = {
        index: f"{error.get('code')}: {error.get('message')}" for error in errors if (index := _row(error)) is not None
    }
    if rows:
        return RowsRefused(rows)
    if not errors:
        return Adjusted()
    return BatchRefused(described) if codes & ABOUT_THE_BATCH else SomeRowRefused(described)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a level shows, and what is to be known of its item.

    Two equal ones mean that the level has not moved in between.

    Attributes:
        available: Units for sale. An inactive level keeps its number, though nothing is sold from it.
        committed: Units promised to open orders. A sale at a till never shows here.
        updated_at: Time of the level's last change as Shopify writes it, to the second; empty if never stocked.
        is_active: Whether the item is stocked at the location.
        tracked: Whether Shopify counts the item at all.
        sku: What Shopify calls the item; may be missing, and is not unique.
    """

    available: int
    committed: int
    updated_at: str
    is_active: bool
    tracked: bool
    sku: str | None


def seen_at(client: Client, pages: Iterable[tuple[str, Sequence[str]]]) -> Iterator[tuple[str, str, Seen]]:
    """Read what levels show, several pages at a time.

    Args:
        client: The shop.
        pages: Locations, each with at most `MOST_ROWS` items.

    Yields:
        Item, location and what the item shows there: 0 if it was never stocked there. One that does not exist is left
        out.
    """
    asked = list(pages)
    variables = (json.dumps({"ids": list(ids), "locationId": location}) for location, ids in asked)
    answers = client.execute_all(document("ItemsAtLocation"), variables)
    for (location, _), data in zip(asked, answers, strict=True):
        for node in filter(None, data["nodes"]):
            yield node["id"], location, seen_level(node, node["inventoryLevel"])


def seen_level(item: Mapping[str, Any], level: Mapping[str, Any] | None) -> Seen:
    """What an item and its level at a location show, as GraphQL answers them; None stands for never stocked."""
    tracked, sku = item["tracked"], item["sku"]
    if level is None:
        return Seen(0, 0, "", is_active=False, tracked=tracked, sku=sku)
    units = {each["name"]: each["quantity"] for each in level["quantities"]}
    return Seen(units["available"], units["committed"], level["updatedAt"], level["isActive"], tracked, sku)


def _row(error: Mapping[str, Any]) -> int | None:
    """The index of the row that an error speaks of: `["input", "changes", "71", "inventoryItemId"]` names 71."""
    field = error.get("field") or []
    return int(field[2]) if len(field) > 2 and str(field[2]).isdigit() else None
