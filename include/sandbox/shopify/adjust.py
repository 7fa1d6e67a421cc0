"""The rules of `inventoryAdjustQuantities`, in the order in which Shopify checks them.

What the GraphQL layer has checked before (document, variables, 250 rows, directive, presence of changeFromQuantity) is
not repeated here. Order: the key, then name, reason and documents, then items, locations and bounds (all errors of
one stage together), then the compare, then the change. A call is all or nothing: recorded on 2026-04 as "group is null
whenever userErrors is not empty", reported by the community as "one bad row fails the batch".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from include.sandbox.shopify.store import ON_HAND_PARTS, Change, Group, KeyUse, Store

Replay = Literal["documented", "observed", "none"]
REPLAY_MODES: tuple[Replay, ...] = ("documented", "observed", "none")

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
BOUND = 2_000_000_000  # documented: the delta and the result, both ways
KEY_LIFE = 24 * 3600.0  # documented: seconds from the original request

URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s/]\S*")
GID = re.compile(r"gid://[^\s/]+/[^\s/]+/\S+")

# Code -> message. Recorded on 2026-04 for names, items, locations and the ledger document of available; community
# reports on 2026-07 for the stale compare; documented (the schema's own words) for the others.
MESSAGES = {
    "INVALID_QUANTITY_NAME": f"The specified quantity name is invalid. Valid values are: {', '.join(NAMES)}.",
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
    "INVALID_INVENTORY_ITEM": "The specified inventory item could not be found.",
    "INVALID_LOCATION": "The specified location could not be found.",
    "NON_MUTABLE_INVENTORY_ITEM": (
        "The specified inventory item is not allowed to be adjusted via API. "
        "Example: if the inventory item is a parent bundle."
    ),
    "INVALID_QUANTITY_TOO_HIGH": "The quantity can't be higher than 2,000,000,000.",
    "INVALID_QUANTITY_TOO_LOW": "The quantity can't be lower than -2,000,000,000.",
    "CHANGE_FROM_QUANTITY_STALE": "The changeFromQuantity argument no longer matches the persisted quantity.",
    "IDEMPOTENCY_CONCURRENT_REQUEST": "This request is currently in progress, please try again.",
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": (
        "The same idempotency key cannot be used with different operation parameters."
    ),
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": (
        "A previous request with this idempotency key failed. Retry with a new idempotency key."
    ),
}


@dataclass(frozen=True, slots=True)
class UserError:
    """One entry of userErrors; `field` is the path in the input, or None."""

    field: tuple[str, ...] | None
    code: str

    @property
    def message(self) -> str:
        """The message that goes with the code."""
        return MESSAGES[self.code]


@dataclass(frozen=True, slots=True)
class Payload:
    """The mutation's answer: a group, or errors, or neither (all deltas were 0: success, recorded on 2026-04)."""

    group: Group | None = None
    errors: tuple[UserError, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the coerced input, its key, the fingerprint of its parameters and the way keys are honoured.

    `before_compare` runs just before the quantities are compared; a fault uses it to let an order slip in.
    """

    data: Mapping[str, Any]
    key: str
    fingerprint: str
    replay: Replay
    in_progress: bool = False
    before_compare: Callable[[], None] | None = None


def adjust(store: Store, request: Request) -> Payload:
    """Check and apply one call; nothing is changed if any row is refused."""
    now = store.now()
    _forget_old_keys(store, now)
    known = None if request.replay == "none" else store.keys.get(request.key)
    answer = _answer_by_key(store, request, known)
    if answer is not None:
        return answer
    errors = _document_errors(request.data) or _row_errors(store, request.data)
    if not errors:
        if request.before_compare:
            request.before_compare()
        errors = _compare(store, request.data)
    if errors:
        if not (known and known.ok):
            _remember_key(store, request, now, ok=False, group=None)
        return Payload(errors=tuple(errors))
    if known and known.ok:
        # Observed mode, reached only by a repeat whose compare still holds; inferred from reports on 2026-07.
        return Payload(group=store.groups.get(known.group or ""))
    group = _apply(store, request, now)
    _remember_key(store, request, now, ok=True, group=group)
    return Payload(group=group)


def _remember_key(store: Store, request: Request, now: float, *, ok: bool, group: Group | None) -> None:
    """The 24 hours count from the first request with the key (documented), whatever came after it."""
    first = store.keys.get(request.key)
    at = first.at if first else now
    store.keys[request.key] = KeyUse(at, request.fingerprint, ok, group.id if group else None)
    store.dirty = True


def _forget_old_keys(store: Store, now: float) -> None:
    """Documented: a key is tracked for 24 hours. The dictionary is in the order of first use."""
    while store.keys:
        oldest = next(iter(store.keys))
        if now - store.keys[oldest].at <= KEY_LIFE:
            return
        del store.keys[oldest]


def _answer_by_key(store: Store, request: Request, known: KeyUse | None) -> Payload | None:
    """Answer from the key alone, if the mode says so.

    Documented: a second call while the first runs is told so; other parameters are refused; a repeat after success is
    answered from the records; a repeat after a failure is refused. Reported by the community (live test on 2026-07):
    a repeat after success was compared again and found stale, so "observed" leaves it to the compare. "none" ignores
    keys (reported early in 2026: the same key was applied three times).
    """
    if request.replay == "none":
        return None
    if request.in_progress:
        return Payload(errors=(UserError(None, "IDEMPOTENCY_CONCURRENT_REQUEST"),))
    if known is None:
        return None
    if known.fingerprint != request.fingerprint:
        return Payload(errors=(UserError(None, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"),))
    if request.replay != "documented":
        return None
    if known.ok:
        return Payload(group=store.groups.get(known.group or ""))
    return Payload(errors=(UserError(None, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"),))


def _document_errors(data: Mapping[str, Any]) -> list[UserError]:
    """Check name, reason and document URIs; that all of them are reported together is inferred."""
    errors = []
    if data["name"] not in NAMES:
        errors.append(UserError(("input", "name"), "INVALID_QUANTITY_NAME"))
    if data["reason"] not in REASONS:
        errors.append(UserError(("input", "reason"), "INVALID_REASON"))
    reference = data.get("referenceDocumentUri")
    if reference is not None and not valid_uri(reference):
        errors.append(UserError(("input", "referenceDocumentUri"), "INVALID_REFERENCE_DOCUMENT"))
    if data["name"] in NAMES:
        errors.extend(_ledger_errors(data["name"], data["changes"]))
    return errors


def _ledger_errors(name: str, changes: Sequence[Mapping[str, Any]]) -> list[UserError]:
    errors = []
    uris = set()
    for index, row in enumerate(changes):
        uri = row.get("ledgerDocumentUri")
        uris.add(uri)
        code = _ledger_code(name, uri)
        if code:
            errors.append(UserError(("input", "changes", str(index), "ledgerDocumentUri"), code))
    if not errors and len(uris) > 1:
        errors.append(UserError(("input", "changes"), "MAX_ONE_LEDGER_DOCUMENT"))
    return errors


def _ledger_code(name: str, uri: str | None) -> str | None:
    if name == "available":
        return None if uri is None else "INVALID_AVAILABLE_DOCUMENT"
    if uri is None:
        return "INVALID_QUANTITY_DOCUMENT"
    if uri.startswith("gid://shopify/"):
        return "INTERNAL_LEDGER_DOCUMENT"
    return None if valid_uri(uri) else "INVALID_LEDGER_DOCUMENT"


def valid_uri(uri: str) -> bool:
    """Documented: scheme and content; a gid needs app, entity and id. That `://` is needed is inferred."""
    return bool(GID.fullmatch(uri) if uri.startswith("gid:") else URI.fullmatch(uri))


def _row_errors(store: Store, data: Mapping[str, Any]) -> list[UserError]:
    """Check items, locations and bounds; several errors of a call come together (recorded on 2026-04).

    Inferred: a deactivated location counts as not found; the paths of NON_MUTABLE_INVENTORY_ITEM and of the bounds.
    """
    errors = []
    results: dict[tuple[str, str], int] = {}
    for index, row in enumerate(data["changes"]):
        for name, code in _row_codes(store, data["name"], row, results):
            errors.append(UserError(("input", "changes", str(index), name), code))
    return errors


def _row_codes(
    store: Store, quantity: str, row: Mapping[str, Any], results: dict[tuple[str, str], int]
) -> list[tuple[str, str]]:
    codes = []
    item = store.items.get(row["inventoryItemId"])
    location = store.locations.get(row["locationId"])
    if item is None:
        codes.append(("inventoryItemId", "INVALID_INVENTORY_ITEM"))
    elif item.bundle:
        codes.append(("inventoryItemId", "NON_MUTABLE_INVENTORY_ITEM"))
    if location is None or not location.active:
        codes.append(("locationId", "INVALID_LOCATION"))
    delta: int = row["delta"]
    pair = (row["inventoryItemId"], row["locationId"])
    result = results.get(pair)
    if result is None:
        result = _quantity(store, pair, quantity)
    results[pair] = result = result + delta
    if delta > BOUND or result > BOUND:
        codes.append(("delta", "INVALID_QUANTITY_TOO_HIGH"))
    elif delta < -BOUND or result < -BOUND:
        codes.append(("delta", "INVALID_QUANTITY_TOO_LOW"))
    return codes


def _compare(store: Store, data: Mapping[str, Any]) -> list[UserError]:
    """Compare every row with what is there; null skips it (documented).

    The error has no field, so it does not say which row (reported by two live observers on 2026-07). Two rows of the
    same level are both compared with the quantity before the call (inferred).
    """
    name = data["name"]
    for row in data["changes"]:
        expected = row["changeFromQuantity"]
        if expected is not None and expected != _quantity(store, (row["inventoryItemId"], row["locationId"]), name):
            return [UserError(None, "CHANGE_FROM_QUANTITY_STALE")]
    return []


def _quantity(store: Store, pair: tuple[str, str], name: str) -> int:
    level = store.levels.get(pair)
    return level.quantity(name) if level else 0


def _apply(store: Store, request: Request, now: float) -> Group | None:
    """Apply all rows; rows of delta 0 leave nothing behind (recorded on 2026-04).

    A level that was never stocked is created by the first adjustment: documented for 2026-10 ("can now be adjusted at
    any location"); that it shows up active with the quantity is inferred.
    """
    data = request.data
    rows = [row for row in data["changes"] if row["delta"]]
    if not rows:
        return None
    name = data["name"]
    reference = data.get("referenceDocumentUri")
    group_id = store.new_id("InventoryAdjustmentGroup")
    start = len(store.history)
    for row in rows:
        delta = row["delta"]
        level = store.add_level(row["inventoryItemId"], row["locationId"])
        store.change(level, {name: delta}, now)
        store.note(
            Change(
                at=now,
                kind="adjust",
                item=level.item,
                location=level.location,
                name=name,
                delta=delta,
                on_hand=delta if name in ON_HAND_PARTS else 0,
                reference=reference,
                key=request.key,
                group=group_id,
            )
        )
    ledger = rows[0].get("ledgerDocumentUri")
    group = Group(group_id, now, data["reason"], reference, ledger, start, len(store.history))
    store.groups[group_id] = group
    return group
