"""The rules of `inventoryMoveQuantities`: from one named quantity to another, at one location."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.sandbox.shopify.inventory import documents, keys, rows
from include.sandbox.shopify.inventory.errors import NAMES, Payload, UserError
from include.sandbox.shopify.inventory.keys import Keyed
from include.sandbox.shopify.inventory.rows import Unstocked
from include.sandbox.shopify.records import ON_HAND_PARTS, Change
from include.sandbox.shopify.store import Store

BOUND = 2_000_000_000  # documented
MOST_LEDGER_DOCUMENTS = 2  # documented
ENDS = ("from", "to")


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the coerced input, its key, and what depends on the version."""

    data: Mapping[str, Any]
    keyed: Keyed
    unstocked: Unstocked = "silent"
    inactive_is_unstocked: bool = False


def move(store: Store, request: Request) -> Payload:
    """Check and apply one call; nothing is changed if any row is refused."""
    outcome = keys.once(store, request.keyed, lambda: _errors(store, request), lambda now: _apply(store, request, now))
    return Payload(store.groups.get(outcome.result or ""), outcome.errors)


def _errors(store: Store, request: Request) -> list[UserError]:
    return (
        _document_errors(request.data)
        or [*_row_errors(store, request)]
        or [*_compare(store, request.data["changes"])][:1]
    )


def _ends(changes: list[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], Mapping[str, Any]]]:
    """Yield both ends of every change: the path, the end, and the change."""
    for index, change in enumerate(changes):
        for end in ENDS:
            yield ("input", "changes", str(index), end), change[end], change


def _document_errors(data: Mapping[str, Any]) -> list[UserError]:
    """Check names, reason and URIs. Paths of the names recorded on 2026-04; those of the documents are inferred."""
    errors = documents.heading_errors(data)
    uris = set()
    for path, end, _change in _ends(data["changes"]):
        uri = end.get("ledgerDocumentUri")
        uris.add(uri)
        if end["name"] not in NAMES:
            errors.append(UserError((*path, "name"), "INVALID_QUANTITY_NAME"))
            continue
        code = documents.ledger_code(end["name"], uri)
        if code:
            errors.append(UserError((*path, "ledgerDocumentUri"), code))
    if not errors and len(uris - {None}) > MOST_LEDGER_DOCUMENTS:
        errors.append(UserError(("input", "changes"), "MAXIMUM_LEDGER_DOCUMENT_URIS"))
    return errors


def _row_errors(store: Store, request: Request) -> Iterator[UserError]:
    """Recorded: both unknown locations are named, different ones at the change. The rest of the paths is inferred."""
    for index, change in enumerate(request.data["changes"]):
        at = ("input", "changes", str(index))
        if change["from"]["locationId"] != change["to"]["locationId"]:
            yield UserError(at, "DIFFERENT_LOCATIONS")
        elif change["from"]["name"] == change["to"]["name"]:
            yield UserError(at, "SAME_QUANTITY_NAME")
        if change["quantity"] < 0:
            yield UserError((*at, "quantity"), "INVALID_QUANTITY_NEGATIVE")
        elif change["quantity"] > BOUND:
            yield UserError((*at, "quantity"), "INVALID_QUANTITY_TOO_HIGH")
        yield from _place_errors(store, request, change, at)


def _place_errors(
    store: Store, request: Request, change: Mapping[str, Any], at: tuple[str, ...]
) -> Iterator[UserError]:
    seen = set()
    for end in ENDS:
        pair = (change["inventoryItemId"], change[end]["locationId"])
        for name, code in rows.place_codes(
            store, pair, request.unstocked, inactive_is_unstocked=request.inactive_is_unstocked
        ):
            path = (*at, name) if name == "inventoryItemId" else (*at, end, name)
            if path not in seen:
                yield UserError(path, code)
            seen.add(path)


def _compare(store: Store, changes: list[Mapping[str, Any]]) -> Iterator[UserError]:
    for _path, end, change in _ends(changes):
        there = rows.quantity(store, (change["inventoryItemId"], end["locationId"]), end["name"])
        if end.get("changeFromQuantity") not in (None, there):
            yield UserError(None, "CHANGE_FROM_QUANTITY_STALE")


def _apply(store: Store, request: Request, now: float) -> str | None:
    """The group shows the two named rows, and on_hand only if it changed (recorded on 2026-04: it does not).

    Inferred: incoming is outside of on_hand, so a move out of it or into it changes on_hand.
    """
    reference = request.data["referenceDocumentUri"]
    group = None
    changes = []
    for wanted in request.data["changes"]:
        units = wanted["quantity"]
        pair = (wanted["inventoryItemId"], wanted["to"]["locationId"])
        level = rows.writable(store, pair, request.unstocked) if units else None
        if level is None:
            continue
        group = group or store.new_id("InventoryAdjustmentGroup")
        names = [wanted[end]["name"] for end in ENDS]
        store.change(level, dict(zip(names, (-units, units), strict=True)), now)
        stays = all(name in ON_HAND_PARTS for name in names)
        for end, name, delta in zip(ENDS, names, (-units, units), strict=True):
            changes.append(
                Change(
                    at=now,
                    kind="move",
                    item=level.item,
                    location=level.location,
                    name=name,
                    delta=delta,
                    on_hand=0 if stays or name not in ON_HAND_PARTS else delta,
                    reference=reference,
                    key=request.keyed.key,
                    group=group,
                    ledger=wanted[end].get("ledgerDocumentUri"),
                )
            )
    return rows.group_of(store, changes, request.data["reason"], reference, None, now)
