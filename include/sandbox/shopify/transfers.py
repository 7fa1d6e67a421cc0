"""Transfers between locations, as the control API makes them: the named quantities that move, and nothing else of them.

Documented and recorded: one that is ready to ship holds its units as `reserved` at its origin, one that is in transit
shows them as `incoming` at its destination, and what is received there moves from `incoming` to `available`. Inferred:
that the units leave `reserved` when they are shipped, and that a cancelled one gives back what was not received.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.shopify.records import ON_HAND_PARTS, Change, Transfer
from include.sandbox.shopify.store import Refused, Store

Given = Mapping[str, Any]


def make(store: Store, given: Given) -> Transfer:
    """Make one ready to ship: `{inventoryItemId, originId, destinationId, quantity}`."""
    item, origin, destination = given["inventoryItemId"], given["originId"], given["destinationId"]
    units = _units(given["quantity"])
    for location in (origin, destination):
        store.check_known(item, location)
    transfer = Transfer(store.new_id("InventoryTransfer"), item, origin, destination, units)
    store.transfers[transfer.id] = transfer
    _move(store, transfer, origin, {"available": -units, "reserved": units})
    return transfer


def ship(store: Store, given: Given) -> Transfer:
    """Send it on its way: `{id}`."""
    transfer = _find(store, given, "READY_TO_SHIP")
    transfer.status = "IN_TRANSIT"
    _move(store, transfer, transfer.origin, {"reserved": -transfer.open})
    _move(store, transfer, transfer.destination, {"incoming": transfer.open})
    return transfer


def receive(store: Store, given: Given) -> Transfer:
    """Receive what is on its way, or some of it: `{id, quantity}`."""
    transfer = _find(store, given, "IN_TRANSIT")
    units = _units(given.get("quantity", transfer.open))
    if units > transfer.open:
        raise Refused(f"transfers.quantity: got {units}; {transfer.id} has {transfer.open} on the way")
    transfer.open -= units
    transfer.status = "IN_TRANSIT" if transfer.open else "DONE"
    _move(store, transfer, transfer.destination, {"incoming": -units, "available": units})
    return transfer


def cancel(store: Store, given: Given) -> Transfer:
    """Cancel what was not received: `{id}`."""
    transfer = _find(store, given, "READY_TO_SHIP", "IN_TRANSIT")
    if transfer.status == "READY_TO_SHIP":
        _move(store, transfer, transfer.origin, {"reserved": -transfer.open, "available": transfer.open})
    else:
        _move(store, transfer, transfer.destination, {"incoming": -transfer.open})
        _move(store, transfer, transfer.origin, {"available": transfer.open})
    transfer.open, transfer.status = 0, "CANCELED"
    return transfer


def _units(given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise Refused(f"transfers.quantity: got {given!r}; expected a whole number of 1 or more")
    return given


def _find(store: Store, given: Given, *statuses: str) -> Transfer:
    transfer = store.transfers.get(given["id"])
    if transfer is None:
        raise Refused(f"transfers.id: the shop has no transfer {given['id']!r}; use the id that making it returned")
    if transfer.status not in statuses:
        raise Refused(f"transfers.id: {transfer.id} is {transfer.status}; expected {' or '.join(statuses)}")
    return transfer


def _move(store: Store, transfer: Transfer, location: str, deltas: Mapping[str, int]) -> None:
    store.act()
    now = store.now()
    level = store.add_level(transfer.item, location)
    store.change(level, deltas, now)
    for name, delta in deltas.items():
        on_hand = delta if name in ON_HAND_PARTS else 0
        change = Change(now, "transfer", level.item, location, name, delta, on_hand=on_hand, reference=transfer.id)
        store.note(change)
    store.dirty = True


HANDLERS = {
    "/control/transfers": make,
    "/control/transfers/ship": ship,
    "/control/transfers/receive": receive,
    "/control/transfers/cancel": cancel,
}
