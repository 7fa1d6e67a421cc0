"""What the rows of all mutations have in common: items, locations, and levels that are not there."""

from __future__ import annotations

from typing import Literal

from include.sandbox.shopify.records import Change, Group, Level
from include.sandbox.shopify.store import Store

Unstocked = Literal["error", "silent", "no_effect"]
"""What a write does to an item that was never stocked at the location.

error: it is refused (documented until 2026-07). silent: it stocks the item (documented for 2026-10, that the level is
active with the quantity is inferred). no_effect: no error and no change (reported by a developer in August 2026).
"""

Pair = tuple[str, str]


def place_codes(store: Store, pair: Pair, unstocked: Unstocked, *, inactive_is_unstocked: bool) -> list[Pair]:
    """Return (field, code) for an item or a location that cannot be written; both come together (recorded on 2026-04).

    Inferred: a deactivated location counts as not found; the field of ITEM_NOT_STOCKED_AT_LOCATION and of
    NON_MUTABLE_INVENTORY_ITEM.
    """
    codes = []
    item = store.items.get(pair[0])
    location = store.locations.get(pair[1])
    if item is None:
        codes.append(("inventoryItemId", "INVALID_INVENTORY_ITEM"))
    elif item.bundle:
        codes.append(("inventoryItemId", "NON_MUTABLE_INVENTORY_ITEM"))
    if location is None or not location.active:
        codes.append(("locationId", "INVALID_LOCATION"))
    if unstocked == "error" and not codes:
        level = store.levels.get(pair)
        if level is None or (inactive_is_unstocked and not level.active):
            codes.append(("locationId", "ITEM_NOT_STOCKED_AT_LOCATION"))
    return codes


def quantity(store: Store, pair: Pair, name: str) -> int:
    """Return a quantity; what was never stocked is 0."""
    level = store.levels.get(pair)
    return level.quantity(name) if level else 0


def writable(store: Store, pair: Pair, unstocked: Unstocked) -> Level | None:
    """Return the level to write to, stocked now if need be; None if the write has no effect."""
    if unstocked == "no_effect":
        return store.levels.get(pair)
    return store.add_level(*pair)


def group_of(
    store: Store, changes: list[Change], reason: str, reference: str | None, ledger: str | None, now: float
) -> str | None:
    """Enter changes into the history as one adjustment group; returns its id, None if there are no changes."""
    if not changes:
        return None
    start = len(store.history)
    for change in changes:
        store.note(change)
    group = changes[0].group
    assert group is not None
    store.groups[group] = Group(group, now, reason, reference, ledger, start, len(store.history))
    return group
