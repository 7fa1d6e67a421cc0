"""Stocking an item at a location and ceasing to: activate, deactivate, and the toggle for several locations.

All but the toggle answer with plain user errors, without a code (recorded, schema). Since 2026-04 a level that is
deactivated keeps its quantities, and activating it brings them back (recorded); before, they were wiped (documented).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.sandbox.shopify.inventory import keys
from include.sandbox.shopify.inventory.errors import ItemPayload, LevelPayload, UserError
from include.sandbox.shopify.inventory.keys import Keyed
from include.sandbox.shopify.records import Change, Level
from include.sandbox.shopify.store import Store

BOUND = 1_000_000_000  # documented, for onHand


@dataclass(frozen=True, slots=True)
class Activation:
    """One call of inventoryActivate."""

    item: str
    location: str
    available: int | None
    on_hand: int | None
    keyed: Keyed


def activate(store: Store, wanted: Activation) -> LevelPayload:
    """Stock an item at a location, with a quantity if it was not stocked there."""
    outcome = keys.once(
        store, wanted.keyed, lambda: _activation_errors(store, wanted), lambda now: _activate(store, wanted, now)
    )
    return LevelPayload(store.levels_by_id.get(outcome.result or ""), outcome.errors)


def _activation_errors(store: Store, wanted: Activation) -> list[UserError]:
    """Recorded on 2026-04, but for an unknown item and the bounds' wording (inferred)."""
    if wanted.item not in store.items:
        text = "The product couldn't be stocked because the product was deleted."
        return [UserError(("inventoryItemId",), None, text)]
    location = store.locations.get(wanted.location)
    if location is None or not location.active:
        text = "The product couldn't be stocked because the location wasn't found."
        return [UserError(("locationId",), None, text)]
    if wanted.available is not None and wanted.on_hand is not None:
        text = (
            f"The product couldn't be stocked at {location.name} because not allowed to set available and on_hand "
            "quantities at the same time."
        )
        return [UserError((name,), None, text) for name in ("available", "onHand")]
    level = store.levels.get((wanted.item, wanted.location))
    if level and level.active:
        return _errors_of_active(wanted)
    if wanted.on_hand is not None and abs(wanted.on_hand) > BOUND:
        return [UserError(("onHand",), None, "The on_hand quantity must be between -1 billion and 1 billion.")]
    return []


def _errors_of_active(wanted: Activation) -> list[UserError]:
    if wanted.available is not None:
        text = "Not allowed to set available quantity when the item is already active at the location."
        return [UserError(("available",), None, text)]
    if wanted.on_hand is not None:
        text = "Not allowed to set an on_hand quantity when the item is already active at the location."
        return [UserError(("onHand",), None, text)]
    return []


def _activate(store: Store, wanted: Activation, now: float) -> str:
    """The level's id outlives its deactivation (recorded on 2026-04)."""
    level = store.connect(wanted.item, wanted.location)
    delta = 0
    if wanted.available is not None:
        delta = wanted.available - level.quantity("available")
    elif wanted.on_hand is not None:
        delta = wanted.on_hand - level.quantity("on_hand")
    if delta:
        store.change(level, {"available": delta}, now)
        store.note(
            Change(now, "activate", level.item, level.location, "available", delta, on_hand=delta, key=wanted.keyed.key)
        )
    return level.id


def deactivate(store: Store, level_id: str, *, wipes: bool) -> LevelPayload:
    """Cease to stock an item at a location. Stock that is committed there does not prevent it (recorded on 2026-04)."""
    level = store.levels_by_id.get(level_id)
    if level is None or level.item not in store.items:
        return _unstock_error("The product couldn't be unstocked because the product was deleted.")
    location = store.locations[level.location]
    if not location.active:
        return _unstock_error("The product couldn't be unstocked because the location was deleted.")
    if is_only_one(store, level):
        text = "because products need to be stocked at a minimum of 1 location."
        return _unstock_error(f"The product couldn't be unstocked from {location.name} {text}")
    store.act()
    _disconnect(store, level, wipes=wipes)
    return LevelPayload(level)


def _unstock_error(text: str) -> LevelPayload:
    return LevelPayload(errors=(UserError(None, None, text),))


def is_only_one(store: Store, level: Level) -> bool:
    """Say whether an item is stocked nowhere else."""
    return level.active and sum(other.active for other in store.levels_of_item[level.item]) == 1


def _disconnect(store: Store, level: Level, *, wipes: bool) -> None:
    if wipes:
        lost = {name: -units for name, units in level.quantities.items() if units}
        now = store.now()
        store.change(level, lost, now)
        for name, delta in lost.items():
            store.note(Change(now, "deactivate", level.item, level.location, name, delta))
    store.disconnect(level)


def toggle(store: Store, item: str, wanted: Sequence[tuple[str, bool]], *, wipes: bool) -> ItemPayload:
    """Stock an item at some locations and cease to at others; all or none (inferred).

    Recorded on 2025-01: the errors of the only location and of an unknown one.
    """
    if item not in store.items:
        text = "The quantity couldn't be updated because the item was not found."
        return ItemPayload(errors=(UserError(("inventoryItemId",), "INVENTORY_ITEM_NOT_FOUND", text),))
    stocked = {level.location for level in store.levels_of_item.get(item, ()) if level.active}
    errors = []
    for index, (gid, active) in enumerate(wanted):
        path = ("inventoryItemUpdates", str(index), "locationId")
        location = store.locations.get(gid)
        if location is None or not location.active:
            text = "The quantity couldn't be updated because the location was not found."
            errors.append(UserError(path, "LOCATION_NOT_FOUND", text))
        elif not active and stocked == {gid}:
            text = "because products need to be stocked at a minimum of 1 location."
            text = f"The variant couldn't be unstocked from {location.name} {text}"
            errors.append(UserError(path, "CANNOT_DEACTIVATE_FROM_ONLY_LOCATION", text))
        else:
            stocked = stocked | {gid} if active else stocked - {gid}
    if errors:
        return ItemPayload(errors=tuple(errors))
    store.act()
    return ItemPayload(store.items[item], tuple(_toggle(store, item, wanted, wipes=wipes)))


def _toggle(store: Store, item: str, wanted: Sequence[tuple[str, bool]], *, wipes: bool) -> list[Level]:
    touched = []
    for location, active in wanted:
        level = store.levels.get((item, location))
        if active:
            level = store.connect(item, location)
        elif level and level.active:
            _disconnect(store, level, wipes=wipes)
        if level:
            touched.append(level)
    return touched
