"""The rules of `inventorySetQuantities` and of its forerunner `inventorySetOnHandQuantities`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.sandbox.shopify.inventory import documents, keys, rows
from include.sandbox.shopify.inventory.errors import Payload, UserError
from include.sandbox.shopify.inventory.keys import Keyed
from include.sandbox.shopify.inventory.rows import Pair, Unstocked
from include.sandbox.shopify.records import Change
from include.sandbox.shopify.store import Store

BOUND = 1_000_000_000  # documented; recorded for the upper one on 2026-04
TOO_HIGH = "The quantity can't be higher than 1,000,000,000."
TOO_LOW = "The quantity can't be lower than -1,000,000,000."


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `list_name` is the input's list of rows; `may_repeat` lets it name a level twice.

    `compares_by_quantity`: rows are compared by compareQuantity unless they have changeFromQuantity (2026-01).
    """

    data: Mapping[str, Any]
    keyed: Keyed
    name: str
    list_name: str = "quantities"
    may_repeat: bool = False
    compares_by_quantity: bool = False
    unstocked: Unstocked = "silent"
    inactive_is_unstocked: bool = False
    before_compare: Callable[[], None] | None = None

    @property
    def wanted(self) -> list[Mapping[str, Any]]:
        """The rows."""
        wanted: list[Mapping[str, Any]] = self.data[self.list_name]
        return wanted

    def error(self, index: int, name: str, code: str, text: str | None = None) -> UserError:
        """Return an error of a row."""
        return UserError(("input", self.list_name, str(index), name), code, text)


def set_quantities(store: Store, request: Request) -> Payload:
    """Check and apply one call; nothing is changed if any row is refused."""
    outcome = keys.once(store, request.keyed, lambda: _errors(store, request), lambda now: _apply(store, request, now))
    return Payload(store.groups.get(outcome.result or ""), outcome.errors)


def _errors(store: Store, request: Request) -> list[UserError]:
    errors = (
        _document_errors(request) or [*_row_errors(store, request), *_repeats(request)] or [*_compare_required(request)]
    )
    if errors:
        return errors
    if request.before_compare:
        request.before_compare()
    return [*_compare(store, request)][:1]


def _document_errors(request: Request) -> list[UserError]:
    errors = [] if request.name in ("available", "on_hand") else [UserError(("input", "name"), "INVALID_NAME")]
    return errors + documents.heading_errors(request.data)


def _row_errors(store: Store, request: Request) -> Iterator[UserError]:
    for index, row in enumerate(request.wanted):
        for name, code in rows.place_codes(
            store, _pair(row), request.unstocked, inactive_is_unstocked=request.inactive_is_unstocked
        ):
            yield request.error(index, name, code)
        wanted = row["quantity"]
        if wanted > BOUND:
            yield request.error(index, "quantity", "INVALID_QUANTITY_TOO_HIGH", TOO_HIGH)
        elif wanted < 0 and request.name == "on_hand":
            yield request.error(index, "quantity", "INVALID_QUANTITY_NEGATIVE")
        elif wanted < -BOUND:
            yield request.error(index, "quantity", "INVALID_QUANTITY_TOO_LOW", TOO_LOW)


def _repeats(request: Request) -> Iterator[UserError]:
    """One error for every row that takes part (recorded on 2025-01 and 2026-04)."""
    if request.may_repeat:
        return
    times = Counter(map(_pair, request.wanted))
    for index, row in enumerate(request.wanted):
        if times[_pair(row)] > 1:
            yield request.error(index, "locationId", "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")


def _compare_required(request: Request) -> Iterator[UserError]:
    """Up to 2026-01: each row says what it expects, or the call that nothing is compared (the schema's words).

    Inferred: the field, and that a changeFromQuantity counts, null included.
    """
    if not request.compares_by_quantity or request.data.get("ignoreCompareQuantity"):
        return
    for index, row in enumerate(request.wanted):
        if row.get("compareQuantity") is None and "changeFromQuantity" not in row:
            yield request.error(index, "compareQuantity", "COMPARE_QUANTITY_REQUIRED")


def _compare(store: Store, request: Request) -> Iterator[UserError]:
    """The stale error has no field (reported on 2026-07); that the older one has is inferred."""
    old = request.compares_by_quantity and not request.data.get("ignoreCompareQuantity")
    for index, row in enumerate(request.wanted):
        there = rows.quantity(store, _pair(row), request.name)
        if row.get("changeFromQuantity") not in (None, there):
            yield UserError(None, "CHANGE_FROM_QUANTITY_STALE")
        elif old and row.get("compareQuantity") not in (None, there):
            yield request.error(index, "compareQuantity", "COMPARE_QUANTITY_STALE")


def _apply(store: Store, request: Request, now: float) -> str | None:
    """Setting on_hand moves available by the difference (recorded on 2026-04), so committed and the rest stay."""
    reference = request.data.get("referenceDocumentUri")
    group = None
    changes = []
    for row in request.wanted:
        level = None
        delta = row["quantity"] - rows.quantity(store, _pair(row), request.name)
        if delta:
            level = rows.writable(store, _pair(row), request.unstocked)
        if level is None:
            continue
        group = group or store.new_id("InventoryAdjustmentGroup")
        store.change(level, {"available": delta}, now)
        changes.append(
            Change(
                at=now,
                kind="set",
                item=level.item,
                location=level.location,
                name="available",
                delta=delta,
                on_hand=delta,
                reference=reference,
                key=request.keyed.key,
                group=group,
            )
        )
    return rows.group_of(store, changes, request.data["reason"], reference, None, now)


def _pair(row: Mapping[str, Any]) -> Pair:
    return row["inventoryItemId"], row["locationId"]
