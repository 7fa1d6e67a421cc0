"""The user errors of `inventoryAdjustQuantities`: code, message and field of each; nothing is applied."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.shop import BUNDLE, CLOSED, ITEMS, MAIN, OUTLET, UNTRACKED, Shop, given, only, row

NOWHERE = "gid://shopify/Location/999"
NOTHING = "gid://shopify/InventoryItem/999"
NAMES = "available, damaged, incoming, quality_control, reserved, safety_stock"
REASONS = (
    "correction, cycle_count_available, damaged, movement_canceled, movement_created, movement_received, "
    "movement_updated, other, promotion, quality_control, received, reservation_created, reservation_deleted, "
    "reservation_updated, restock, safety_stock, shrinkage"
)


def refused(shop: Shop, *rows: dict[str, Any], **fields: object) -> list[dict[str, Any]]:
    """The user errors; they come without a group, for 10 points, and leave everything as it was."""
    answer = shop.send(given(*rows, **fields))
    payload = answer["data"]["inventoryAdjustQuantities"]
    assert payload["inventoryAdjustmentGroup"] is None
    assert payload["userErrors"]
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 13
    assert answer["extensions"]["cost"]["actualQueryCost"] == 10
    assert shop.control.history() == []
    errors: list[dict[str, Any]] = payload["userErrors"]
    return errors


@pytest.mark.parametrize("name", ["on_hand", "committed", "Available", ""])
def test_names_that_cannot_be_adjusted(shop: Shop, name: str) -> None:
    assert refused(shop, row(), name=name) == [
        {
            "field": ["input", "name"],
            "message": f"The specified quantity name is invalid. Valid values are: {NAMES}.",
            "code": "INVALID_QUANTITY_NAME",
        }
    ]


@pytest.mark.parametrize("name", NAMES.split(", "))
def test_names_that_can(shop: Shop, name: str) -> None:
    change = row(expected=10 if name == "available" else 0)
    if name != "available":
        change["ledgerDocumentUri"] = "https://example.com/count/1"
    assert shop.codes(change, name=name) == []


def test_a_reason_that_does_not_exist(shop: Shop) -> None:
    assert refused(shop, row(), reason="because") == [
        {
            "field": ["input", "reason"],
            "message": f"The specified reason is invalid. Valid values are: {REASONS}.",
            "code": "INVALID_REASON",
        }
    ]


def test_all_17_reasons_are_accepted(shop: Shop) -> None:
    reasons = REASONS.split(", ")
    assert len(reasons) == 17
    for reason in reasons:
        assert shop.codes(row(expected=None), reason=reason) == []


@pytest.mark.parametrize(
    "uri",
    ["", "batch", "batch 7", "gid://trueup", "gid://trueup/Batch", "gid://trueup/Batch/", "gid://", "https://", "a:b"],
)
def test_reference_documents_that_are_no_uri(shop: Shop, uri: str) -> None:
    error = only(refused(shop, row(), referenceDocumentUri=uri))
    assert (error["code"], error["field"]) == ("INVALID_REFERENCE_DOCUMENT", ["input", "referenceDocumentUri"])


@pytest.mark.parametrize(
    "uri",
    ["gid://trueup/Batch/7", "gid://shopify/Order/1", "https://example.com/7", "logistics://har-408/set/1", None],
)
def test_reference_documents_that_are(shop: Shop, uri: str | None) -> None:
    assert shop.adjust(row(), referenceDocumentUri=uri)["inventoryAdjustmentGroup"]["referenceDocumentUri"] == uri


def test_a_ledger_document_is_forbidden_for_available(shop: Shop) -> None:
    assert refused(shop, row(), {**row(), "ledgerDocumentUri": "https://example.com/1"}) == [
        {
            "field": ["input", "changes", "1", "ledgerDocumentUri"],
            "message": "A ledger document URI is not allowed when adjusting available.",
            "code": "INVALID_AVAILABLE_DOCUMENT",
        }
    ]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        (None, "INVALID_QUANTITY_DOCUMENT"),
        ("gid://shopify/InventoryTransfer/1", "INTERNAL_LEDGER_DOCUMENT"),
        ("count 5", "INVALID_LEDGER_DOCUMENT"),
    ],
)
def test_ledger_documents_of_other_quantities(shop: Shop, uri: str | None, code: str) -> None:
    error = only(refused(shop, {**row(expected=0), "ledgerDocumentUri": uri}, name="damaged"))
    assert (error["code"], error["field"]) == (code, ["input", "changes", "0", "ledgerDocumentUri"])


def test_all_changes_share_one_ledger_document(shop: Shop) -> None:
    rows = [{**row(item, expected=0), "ledgerDocumentUri": f"https://example.com/{item[-3:]}"} for item in ITEMS[:2]]
    error = only(refused(shop, *rows, name="damaged"))
    assert (error["code"], error["field"]) == ("MAX_ONE_LEDGER_DOCUMENT", ["input", "changes"])


def test_unknown_items_and_locations_are_all_named(shop: Shop) -> None:
    rows = (row(), row(NOTHING), row(location=NOWHERE), row(NOTHING, location=NOWHERE), row(location=CLOSED))
    item = {"message": "The specified inventory item could not be found.", "code": "INVALID_INVENTORY_ITEM"}
    location = {"message": "The specified location could not be found.", "code": "INVALID_LOCATION"}
    assert refused(shop, *rows) == [
        {"field": ["input", "changes", "1", "inventoryItemId"], **item},
        {"field": ["input", "changes", "2", "locationId"], **location},
        {"field": ["input", "changes", "3", "inventoryItemId"], **item},
        {"field": ["input", "changes", "3", "locationId"], **location},
        {"field": ["input", "changes", "4", "locationId"], **location},
    ]
    assert shop.quantities()["available"] == 10


def test_the_parent_of_a_bundle_cannot_be_adjusted(shop: Shop) -> None:
    assert only(refused(shop, row(BUNDLE)))["code"] == "NON_MUTABLE_INVENTORY_ITEM"


@pytest.mark.parametrize(
    ("start", "delta", "code"),
    [
        (10, 2_000_000_001, "INVALID_QUANTITY_TOO_HIGH"),
        (10, 1_999_999_991, "INVALID_QUANTITY_TOO_HIGH"),
        (10, 1_999_999_990, None),
        (-10, -2_000_000_001, "INVALID_QUANTITY_TOO_LOW"),
        (-10, -1_999_999_991, "INVALID_QUANTITY_TOO_LOW"),
        (-10, -1_999_999_990, None),
        (10, -2_000_000_000, None),
    ],
)
def test_bounds_of_the_change_and_of_the_result(shop: Shop, start: int, delta: int, code: str | None) -> None:
    shop.control.edit_level(ITEMS[0], MAIN, start)
    payload = shop.adjust(row(delta=delta, expected=None))
    if code is None:
        assert payload["userErrors"] == []
        assert shop.quantities()["available"] == start + delta
        return
    error = only(payload["userErrors"])
    assert (error["code"], error["field"]) == (code, ["input", "changes", "0", "delta"])
    limit = "2,000,000,000" if code.endswith("HIGH") else "-2,000,000,000"
    assert limit in error["message"]
    assert shop.quantities()["available"] == start


def test_available_may_be_taken_below_zero(shop: Shop) -> None:
    assert shop.codes(row(delta=-15)) == []
    assert shop.quantities()["available"] == -5


def test_a_stale_row_stops_the_whole_call_and_is_not_named(shop: Shop) -> None:
    assert refused(shop, row(), row(ITEMS[1], expected=9), row(ITEMS[2])) == [
        {
            "field": None,
            "message": "The changeFromQuantity argument no longer matches the persisted quantity.",
            "code": "CHANGE_FROM_QUANTITY_STALE",
        }
    ]
    assert [shop.quantities(item)["available"] for item in ITEMS[:3]] == [10, 10, 10]


def test_the_compare_is_with_the_named_quantity(shop: Shop) -> None:
    ledger = {"ledgerDocumentUri": "https://example.com/1"}
    assert shop.codes({**row(expected=10), **ledger}, name="damaged") == ["CHANGE_FROM_QUANTITY_STALE"]
    assert shop.codes({**row(expected=0), **ledger}, name="damaged") == []
    assert shop.codes({**row(expected=1), **ledger}, name="damaged") == []


def test_null_skips_the_compare_row_by_row(shop: Shop) -> None:
    assert shop.codes(row(expected=None), row(ITEMS[1], expected=9)) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert shop.codes(row(expected=None), row(ITEMS[1], expected=10)) == []


def test_a_level_never_stocked_compares_as_zero(shop: Shop) -> None:
    assert shop.level(location=OUTLET) is None
    assert shop.codes(row(location=OUTLET, expected=1)) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert shop.level(location=OUTLET) is None
    assert shop.codes(row(UNTRACKED, location=OUTLET, expected=0, delta=4)) == []
    assert shop.quantities(UNTRACKED, OUTLET)["available"] == 4


def test_a_level_named_twice_is_compared_with_the_quantity_before_the_call(shop: Shop) -> None:
    assert shop.codes(row(delta=1), row(delta=2, expected=11)) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert shop.codes(row(delta=1), row(delta=2)) == []
    assert shop.quantities()["available"] == 13
    assert shop.codes(row(delta=2_000_000_000, expected=13)) == ["INVALID_QUANTITY_TOO_HIGH"]
    ups = (row(delta=1_500_000_000, expected=13), row(delta=500_000_000, expected=13))
    assert shop.codes(*ups) == ["INVALID_QUANTITY_TOO_HIGH"], "the bound is that of both together"


def test_wrong_rows_come_before_the_compare_and_wrong_names_before_both(shop: Shop) -> None:
    assert shop.codes(row(NOTHING, expected=1), row(expected=1)) == ["INVALID_INVENTORY_ITEM"]
    assert shop.codes(row(NOTHING), reason="because", name="on_hand") == ["INVALID_QUANTITY_NAME", "INVALID_REASON"]
