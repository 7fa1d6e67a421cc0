"""User errors: their codes and messages, and the payloads that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.shopify.records import Group, Item, Level

# Recorded on 2026-04, in this order; on_hand and committed cannot be adjusted.
NAMES = ("available", "damaged", "incoming", "quality_control", "reserved", "safety_stock")
# Recorded on 2026-04, in this order.
REASONS = (
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
)

# Code -> message. Recorded on 2026-04 for names, items, locations, duplicates and the ledger document of available;
# community reports on 2026-07 for the stale compare; documented (the schema's own words) for the others.
MESSAGES = {
    "INVALID_QUANTITY_NAME": f"The specified quantity name is invalid. Valid values are: {', '.join(NAMES)}.",
    "INVALID_NAME": "The quantity name must be either 'available' or 'on_hand'.",
    "INVALID_REASON": f"The specified reason is invalid. Valid values are: {', '.join(REASONS)}.",
    "INVALID_REFERENCE_DOCUMENT": "The specified reference document is invalid.",
    "INVALID_AVAILABLE_DOCUMENT": "A ledger document URI is not allowed when adjusting available.",
    "INVALID_QUANTITY_DOCUMENT": "A ledger document URI is required except when adjusting available.",
    "INTERNAL_LEDGER_DOCUMENT": "Internal (gid://shopify/) ledger documents are not allowed to be adjusted via API.",
    "INVALID_LEDGER_DOCUMENT": "The specified ledger document is invalid.",
    "MAX_ONE_LEDGER_DOCUMENT": (
        "All changes must have the same ledger document URI or, in the case of adjusting available, "
        "no ledger document URI."
    ),
    "MAXIMUM_LEDGER_DOCUMENT_URIS": "Only a maximum of 2 ledger document URIs across all changes is allowed.",
    "INVALID_INVENTORY_ITEM": "The specified inventory item could not be found.",
    "INVALID_LOCATION": "The specified location could not be found.",
    "ITEM_NOT_STOCKED_AT_LOCATION": "The inventory item is not stocked at the location.",
    "NON_MUTABLE_INVENTORY_ITEM": (
        "The specified inventory item is not allowed to be adjusted via API. "
        "Example: if the inventory item is a parent bundle."
    ),
    "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR": (
        "The combination of inventoryItemId and locationId must be unique."
    ),
    "DIFFERENT_LOCATIONS": "The quantities can't be moved between different locations.",
    "SAME_QUANTITY_NAME": "The quantity names for each change can't be the same.",
    "INVALID_QUANTITY_NEGATIVE": "The quantity can't be negative.",
    "INVALID_QUANTITY_TOO_HIGH": "The quantity can't be higher than 2,000,000,000.",
    "INVALID_QUANTITY_TOO_LOW": "The quantity can't be lower than -2,000,000,000.",
    "CHANGE_FROM_QUANTITY_STALE": "The changeFromQuantity argument no longer matches the persisted quantity.",
    "COMPARE_QUANTITY_REQUIRED": (
        "The compareQuantity argument must be given to each quantity or ignored using ignoreCompareQuantity."
    ),
    "COMPARE_QUANTITY_STALE": "The compareQuantity value does not match persisted value.",
    "ADJUST_QUANTITIES_FAILED": "The quantities couldn't be adjusted. Try again.",
    "MOVE_QUANTITIES_FAILED": "The quantities couldn't be moved. Try again.",
    "SET_ON_HAND_QUANTITIES_FAILED": "The on-hand quantities couldn't be set. Try again.",
    "SERVICE_UNAVAILABLE": "The service is temporarily unavailable. Try again later.",
    "LIMIT_REACHED": "Bulk operations limit reached. Please try again later.",
    "INTERNAL_FILE_SERVER_ERROR": (
        "There was a problem reading the JSONL file. This error might be intermittent, "
        "so you can try performing the same query again."
    ),
    "IDEMPOTENCY_CONCURRENT_REQUEST": "This request is currently in progress, please try again.",
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": (
        "The same idempotency key cannot be used with different operation parameters."
    ),
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": (
        "A previous request with this idempotency key failed. Retry with a new idempotency key."
    ),
}


OTHER_PARAMETERS = "The request with this idempotency key has different parameters than the original request."
"""IDEMPOTENCY_KEY_PARAMETER_MISMATCH of inventory mutations as reported on 2026-07; above is what was recorded on
2026-04 for another mutation. A client goes by the code.
"""


@dataclass(frozen=True, slots=True)
class UserError:
    """One entry of userErrors; `field` is the path in the input, or None. `text` overrides the code's own message."""

    field: tuple[str, ...] | None
    code: str | None
    text: str | None = None

    @property
    def message(self) -> str:
        """The message, by default the one that goes with the code."""
        return self.text if self.text is not None else MESSAGES.get(self.code or "", f"{self.code}")


@dataclass(frozen=True, slots=True)
class Payload:
    """A mutation's answer: a group, or errors, or neither (all deltas were 0: success, recorded on 2026-04)."""

    group: Group | None = None
    errors: tuple[UserError, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelPayload:
    """The answer of a mutation that concerns one level."""

    level: Level | None = None
    errors: tuple[UserError, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemPayload:
    """The answer of a mutation that concerns one item."""

    item: Item | None = None
    levels: tuple[Level, ...] | None = None
    errors: tuple[UserError, ...] = ()
