"""The rules of `inventoryAdjustQuantities`.

A call is all or nothing: recorded on 2026-04 as "group is null whenever userErrors is not empty", reported by the
community as "one bad row fails the batch".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.sandbox.shopify.inventory import documents, keys, rows
from include.sandbox.shopify.inventory.errors import NAMES, Payload, UserError
from include.sandbox.shopify.inventory.keys import Keyed
from include.sandbox.shopify.inventory.rows import Pair, Unstocked
from include.sandbox.shopify.records import ON_HAND_PARTS, Change
from include.sandbox.shopify.store import Store

BOUND = 2_000_000_000  # documented: the delta and the result, both ways


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the coerced input, its key, and what depends on the version.

    `before_compare` runs just before the quantities are compared; a fault uses it to let an order slip in.
    """

    data: Mapping[str, Any]
    keyed: Keyed
    unstocked: Unstocked = "silent"
    inactive_is_unstocked: bool = False
    before_compare: Callable[[], None] | None = None


def adjust(store: Store, request: Request) -> Payload:
    """Check and apply one call; nothing is changed if any row is refused."""
    outcome = keys.once(store, request.keyed, lambda: _errors(store, request), lambda now: _apply(store, request, now))
    return Payload(store.groups.get(outcome.result or ""), outcome.errors)


def _errors(store: Store, request: Request) -> list[UserError]:
    errors = _document_errors(request.data) or _row_errors(store, request)
    if errors:
        return errors
    if request.before_compare:
        request.before_compare()
    return _compare(store, request.data)


def _document_errors(data: Mapping[str, Any]) -> list[UserError]:
    """Check name, reason and document URIs; that all of them are reported together is inferred."""
    errors = [] if data["name"] in NAMES else [UserError(("input", "name"), "INVALID_QUANTITY_NAME")]
    errors += documents.heading_errors(data)
    if data["name"] in NAMES:
        errors += _ledger_errors(data["name"], data["changes"])
    return errors


def _ledger_errors(name: str, changes: Sequence[Mapping[str, Any]]) -> list[UserError]:
    errors = []
    uris = set()
    for index, row in enumerate(changes):
        uri = row.get("ledgerDocumentUri")
        uris.add(uri)
        code = documents.ledger_code(name, uri)
        if code:
            errors.append(UserError(("input", "changes", str(index), "ledgerDocumentUri"), code))
    if not errors and len(uris) > 1:
        errors.append(UserError(("input", "changes"), "MAX_ONE_LEDGER_DOCUMENT"))
    return errors


def _row_errors(store: Store, request: Request) -> list[UserError]:
    """Check items, locations and bounds; the paths of the bounds are inferred."""
    errors = []
    results: dict[Pair, int] = {}
    for index, row in enumerate(request.data["changes"]):
        for name, code in _row_codes(store, request, row, results):
            errors.append(UserError(("input", "changes", str(index), name), code))
    return errors


def _row_codes(store: Store, request: Request, row: Mapping[str, Any], results: dict[Pair, int]) -> list[Pair]:
    pair = (row["inventoryItemId"], row["locationId"])
    codes = rows.place_codes(store, pair, request.unstocked, inactive_is_unstocked=request.inactive_is_unstocked)
    delta: int = row["delta"]
    result = results.get(pair)
    if result is None:
        result = rows.quantity(store, pair, request.data["name"])
    results[pair] = result = result + delta
    if delta > BOUND or result > BOUND:
        codes.append(("delta", "INVALID_QUANTITY_TOO_HIGH"))
    elif delta < -BOUND or result < -BOUND:
        codes.append(("delta", "INVALID_QUANTITY_TOO_LOW"))
    return codes


def _compare(store: Store, data: Mapping[str, Any]) -> list[UserError]:
    """Compare every row with what is there; null skips it (documented), and so does a missing key where it may miss.

    The error has no field, so it does not say which row (reported by two live observers on 2026-07). Two rows of the
    same level are both compared with the quantity before the call (inferred).
    """
    name = data["name"]
    for row in data["changes"]:
        expected = row.get("changeFromQuantity")
        if expected is not None and expected != rows.quantity(store, (row["inventoryItemId"], row["locationId"]), name):
            return [UserError(None, "CHANGE_FROM_QUANTITY_STALE")]
    return []


def _apply(store: Store, request: Request, now: float) -> str | None:
    """Apply all rows; rows of delta 0 leave nothing behind (recorded on 2026-04)."""
    data = request.data
    name = data["name"]
    reference = data.get("referenceDocumentUri")
    changed = [row for row in data["changes"] if row["delta"]]
    if not changed:
        return None
    group = store.new_id("InventoryAdjustmentGroup")
    changes = []
    for row in changed:
        delta = row["delta"]
        level = rows.writable(store, (row["inventoryItemId"], row["locationId"]), request.unstocked)
        if level is None:
            continue
        store.change(level, {name: delta}, now)
        changes.append(
            Change(
                at=now,
                kind="adjust",
                item=level.item,
                location=level.location,
                name=name,
                delta=delta,
                on_hand=delta if name in ON_HAND_PARTS else 0,
                reference=reference,
                key=request.keyed.key,
                group=group,
            )
        )
    return rows.group_of(store, changes, data["reason"], reference, changed[0].get("ledgerDocumentUri"), now)
