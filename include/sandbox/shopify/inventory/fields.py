"""What the payloads of the inventory mutations and the groups that they make answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from include.sandbox.shopify.access import require
from include.sandbox.shopify.context import Info, Plain
from include.sandbox.shopify.inventory.errors import Payload
from include.sandbox.shopify.records import Group
from include.sandbox.shopify.scalars import timestamp
from include.sandbox.shopify.store import Store


@dataclass(frozen=True, slots=True)
class GroupChange:
    """One row of an adjustment group as the API shows it."""

    name: str
    delta: int
    item: str
    location: str
    ledger: str | None


def _group_changes(source: Group, info: Info, **arguments: Any) -> list[GroupChange]:
    """Each row shows with the on_hand that moved along, which has no ledger document (recorded on 2026-04)."""
    wanted = ((arguments.get("inventoryItemIds"), "item"), (arguments.get("locationIds"), "location"))
    filters = [*wanted, (arguments.get("quantityNames"), "name")]
    return [
        row
        for row in _group_rows(info.context.store, source)
        if all(values is None or getattr(row, attribute) in values for values, attribute in filters)
    ]


def _group_rows(store: Store, group: Group) -> Iterator[GroupChange]:
    for change in store.history[group.start : group.end]:
        yield GroupChange(change.name, change.delta, change.item, change.location, change.ledger or group.ledger)
        if change.on_hand:
            yield GroupChange("on_hand", change.on_hand, change.item, change.location, None)


def _payload_group(source: Payload, info: Info) -> Group | None:
    require(info, "read_inventory")
    return source.group


ERROR: dict[str, Plain] = {"field": lambda x, c: x.field, "message": lambda x, c: x.message}
CODED: dict[str, Plain] = {**ERROR, "code": lambda x, c: x.code}
ERRORS: dict[str, Plain] = {"userErrors": lambda x, c: x.errors}
QUANTITIES = ("Adjust", "Move", "Set", "SetOnHand")

PLAIN: dict[str, dict[str, Plain]] = {
    "InventoryAdjustmentGroup": {
        "id": lambda x, c: x.id,
        "createdAt": lambda x, c: timestamp(x.created),
        "reason": lambda x, c: x.reason,
        "referenceDocumentUri": lambda x, c: x.reference,
    },
    "InventoryChange": {
        "name": lambda x, c: x.name,
        "delta": lambda x, c: x.delta,
        "quantityAfterChange": lambda x, c: None,  # null in every answer recorded on 2026-04
        "ledgerDocumentUri": lambda x, c: x.ledger,
        "item": lambda x, c: c.store.items.get(x.item),
        "location": lambda x, c: c.store.locations.get(x.location),
    },
    **{f"Inventory{what}QuantitiesPayload": ERRORS for what in QUANTITIES},
    **{f"Inventory{what}QuantitiesUserError": CODED for what in QUANTITIES},
    "InventoryActivatePayload": {**ERRORS, "inventoryLevel": lambda x, c: x.level},
    "InventoryDeactivatePayload": ERRORS,
    "InventoryItemUpdatePayload": {**ERRORS, "inventoryItem": lambda x, c: x.item},
    "InventoryBulkToggleActivationPayload": {
        **ERRORS,
        "inventoryItem": lambda x, c: x.item,
        "inventoryLevels": lambda x, c: x.levels,
    },
    "InventoryBulkToggleActivationUserError": CODED,
    "UserError": ERROR,
}

FULL: dict[str, dict[str, Callable[..., Any]]] = {
    "InventoryAdjustmentGroup": {"changes": _group_changes},
    **{f"Inventory{what}QuantitiesPayload": {"inventoryAdjustmentGroup": _payload_group} for what in QUANTITIES},
}
